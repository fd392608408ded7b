package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// reports are test reports as tools write them, and what becomes of each: a case in a line, or "!" and what is wrong.
var reports = map[string]string{
	`<testsuites><testsuite name="go"><testcase classname="pkg" name="TestA" time="0.25"/></testsuite></testsuites>`: `go|pkg|TestA|SUCCESSFUL|250ms||`,
	`<?xml version="1.0" encoding="UTF-8"?><testsuite name="s"><properties><property name="a" value="b"/></properties>
	<testcase name="a" classname="C"><failure message="no" type="T">at line 1
at line 2</failure></testcase><testcase name="b" time="1,000.5"><error type="Boom"/></testcase><testcase name="c"><skipped message="later"/></testcase></testsuite>`: `s|C|a|FAILED|0s|no|at line 1
at line 2
s||b|ERROR|16m40.5s|Boom|
s||c|SKIPPED|0s|later|`,
	`<testsuite><testsuite name="outer"><testsuite name="inner"><testcase name="x"/></testsuite><testcase name="y"/></testsuite></testsuite>`: `inner||x|SUCCESSFUL|0s||
outer||y|SUCCESSFUL|0s||`,
	`<testsuite name="s"><testcase name="x"><system-out>fine</system-out></testcase></testsuite>`:                                 `s||x|SUCCESSFUL|0s||`,
	`<testsuite name="s"><testcase name="x"><failure><![CDATA[<b> & more]]></failure><error message="2"/></testcase></testsuite>`: `s||x|FAILED|0s||<b> & more`,
	`<testsuite name="s"><testcase name="x"><failure message="a&nbsp;b">&undefined;</failure></testcase></testsuite>`:             `s||x|FAILED|0s|a&nbsp;b|&undefined;`,
	`<testsuite name="s"><testcase name="x" time="-1"/><testcase name="y" time="NaN"/><testcase name="z" time="1e99"/></testsuite>`: `s||x|SUCCESSFUL|0s||
s||y|SUCCESSFUL|0s||
s||z|SUCCESSFUL|0s||`,
	`<testsuites/>`:                    ``,
	``:                                 `!EOF`,
	`no report`:                        `!EOF`,
	`<html><body/></html>`:             `!the element "html" is no report: testsuites or testsuite is expected`,
	`<testsuite><testcase name="x">`:   `!XML syntax error on line 1: unexpected EOF`,
	strings.Repeat(`<testsuite>`, 200): `!elements stand more than 100 deep in each other`,
}

func lines(report string) string {
	var all []string
	err := junit(strings.NewReader(report), func(k testCase) error {
		all = append(all, strings.Join([]string{k.suite, k.class, k.name, k.status, k.duration.String(), k.message, k.output}, "|"))
		return nil
	})
	if err != nil {
		return "!" + err.Error()
	}
	return strings.Join(all, "\n")
}

// TestJUnit: what tools write is read alike, and what is no report is told so.
func TestJUnit(t *testing.T) {
	t.Parallel()
	for report, want := range reports {
		if got := lines(report); got != want {
			t.Errorf("%.80s\n is %s\nwant %s", report, got, want)
		}
	}
	stop := errors.New("stop")
	if err := junit(strings.NewReader(`<testsuite><testcase/></testsuite>`), func(testCase) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// FuzzJUnit: whatever a report holds, its cases can be kept, and none is larger than it may be.
func FuzzJUnit(f *testing.F) {
	for report := range reports {
		f.Add(report)
	}
	f.Fuzz(func(t *testing.T, report string) {
		_ = junit(strings.NewReader(report), func(k testCase) error {
			for _, s := range []string{k.suite, k.class, k.name, k.message, k.output} {
				if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || len(s) > maxSaid {
					t.Errorf("%q", s)
				}
			}
			if k.duration < 0 || k.duration > 1e7*time.Second || k.status == "" {
				t.Errorf("%+v", k)
			}
			return nil
		})
	})
}

// TestJUnitLarge: a case that prints much costs no more than what is kept of it.
func TestJUnitLarge(t *testing.T) {
	t.Parallel()
	report := fmt.Sprintf(`<testsuite><testcase name="%s"><failure>%s</failure></testcase></testsuite>`, strings.Repeat("n", 5000), strings.Repeat("ü", maxSaid))
	if err := junit(strings.NewReader(report), func(k testCase) error {
		if len(k.name) != maxTestName || len(k.output) != maxSaid || !utf8.ValidString(k.output) {
			t.Errorf("%d and %d bytes", len(k.name), len(k.output))
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
