package curlline

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
)

// variable follows --variable NAME=text, NAME@FILE, %NAME of the environment.
func (p *parser) variable(text string) {
	if name, fromEnv := strings.CutPrefix(text, "%"); fromEnv {
		name, value, given := strings.Cut(name, "=")
		if v := p.vars[name]; v.Set {
			value = v.Str
		} else if !given {
			value = p.mark(mark{shown: "$" + name, names: []string{name}})
		}
		p.variables[name] = value
		return
	}
	if i := strings.IndexAny(text, "=@"); i > 0 {
		name, value := text[:i], text[i+1:]
		if text[i] == '@' {
			var ok bool
			if value, ok = p.input(value); !ok {
				value = p.mark(mark{shown: "{{" + name + "}}", command: "a file of --variable", source: name})
			}
		}
		p.variables[name] = value
	}
}

// expandVariables fills in {{NAME}} and {{NAME:trim:b64}}, as the --expand- options do.
func (p *parser) expandVariables(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		inner, after, closed := strings.Cut(rest, "}}")
		if !found || !closed || !p.spend(len(before)) {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(before)
		text = after
		name, functions, _ := strings.Cut(inner, ":")
		value := p.variables[name]
		if functions != "" {
			for _, f := range strings.Split(functions, ":") {
				value = p.function(f, value, name)
			}
		}
		if !p.spend(len(value)) {
			return b.String()
		}
		b.WriteString(value)
	}
}

func (p *parser) function(f, value, name string) string {
	if hasMark(value) && f != "trim" {
		return p.mark(mark{shown: "{{" + name + "}}", command: "a function of --expand", source: f})
	}
	switch f {
	case "trim":
		return strings.TrimSpace(value)
	case "url":
		return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	case "b64":
		return base64.StdEncoding.EncodeToString([]byte(value))
	case "64dec":
		plain, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return "[64dec-fail]"
		}
		return clean(string(plain))
	case "json":
		quoted, err := json.Marshal(value)
		if err != nil {
			return value
		}
		return strings.Trim(string(quoted), `"`)
	}
	return value
}
