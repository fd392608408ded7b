package migrate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// The parts of SARIF 2.1.0 that a scan fills.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		ColumnKind  string            `json:"columnKind"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID    string    `json:"id"`
		Short sarifText `json:"shortDescription"`
		Full  sarifText `json:"fullDescription"`
		Help  sarifText `json:"help"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool          `json:"executionSuccessful"`
		Notifications []sarifNotice `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotice struct {
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitempty"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Properties   map[string]any    `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn"`
	}
)

// WriteSARIF writes a result as SARIF 2.1.0, which code hosts show beside the code. version is Pail's.
func (r Result) WriteSARIF(w io.Writer, version string) error {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "pail migrate scan", Version: version, InformationURI: "https://github.com/pailforge/pail", Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints", Invocations: []sarifInvocation{{Successful: true}}, Results: []sarifResult{}}
	for _, u := range r.Coverage.Unread {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications,
			sarifNotice{"warning", sarifText{"Not read: " + u.Error}, []sarifLocation{{sarifPhysical{Artifact: sarifArtifact{uri(u.Path)}}}}})
	}
	index := map[reason.Code]int{}
	same := map[string]int{}
	for _, f := range r.Findings {
		at, known := index[f.Rule]
		if !known {
			at = len(index)
			index[f.Rule] = at
			rule := RuleOf(f.Rule)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{string(rule.ID), sarifText{rule.Title}, sarifText{rule.Why}, sarifText{strings.Join(rule.Fix, "\n")}})
		}
		// What does not change when lines are put in above.
		print := fmt.Sprintf("%s\n%s\n%s", f.Rule, f.File, f.Evidence)
		same[print]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d", print, same[print]))
		message := f.Title + ": " + f.Evidence + ". Becomes: " + f.Becomes + "."
		if len(f.Scopes) > 0 {
			message += " Scopes: " + strings.Join(f.Scopes, ", ") + " (" + f.ScopesFrom + ")."
		}
		run.Results = append(run.Results, sarifResult{RuleID: string(f.Rule), RuleIndex: at, Level: "error", Message: sarifText{message},
			Locations:    []sarifLocation{{sarifPhysical{sarifArtifact{uri(f.File)}, &sarifRegion{f.Line, f.Column}}}},
			Fingerprints: map[string]string{"pailUse/v1": hex.EncodeToString(sum[:16])},
			Properties:   map[string]any{"becomes": f.Becomes, "scopes": f.Scopes, "fixable": f.Fixable}})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// uri is a path with slashes as a reference: relative as it is, absolute as a file URL.
func uri(p string) string {
	if path.IsAbs(p) {
		return (&url.URL{Scheme: "file", Path: p}).String()
	}
	if len(p) > 2 && p[1] == ':' && p[2] == '/' {
		return (&url.URL{Scheme: "file", Path: "/" + p}).String()
	}
	return (&url.URL{Path: p}).String()
}
