package catalog

import (
	"cmp"
	"slices"
	"strings"
)

// What Nearest looks at, whatever it is given: the first segments of a path and
// the first bytes of each. No template has more segments and no literal more
// bytes.
const (
	nearSegments = 16
	nearBytes    = 32
)

// The costs of the differences between a path and a template. A literal that
// differs costs up to unit, by the share of letters that differ; one where more
// than half do is another word.
const (
	unit          = 120
	costParam     = unit / 20      // a value for a parameter: a literal that fits is worth more
	costWordValue = unit * 3 / 4   // a word of the API as a value
	costMisuse    = unit / 3       // a word of the API for another one that is like it
	costSynonym   = unit / 5       // "pulls" for "pullrequests"
	costPart      = unit / 3       // "repos" for "repositories", "webhooks" for "hooks"
	costOther     = unit * 5 / 4   // another word
	costLiteral   = unit * 4 / 5   // a literal of the template that the path lacks
	costValue     = unit * 11 / 10 // a parameter that the path lacks
	costExtra     = unit * 11 / 10 // a segment of the path that the template lacks
	costExtraWord = unit * 3 / 2   // the same, where it is a word of the API
	costMethod    = unit / 3       // the path has no operation with the method
	costRemoved   = unit / 4       // the operation is gone
	costTooFar    = unit * 2 / 3   // what may lie between the first answer and the last
)

// synonyms are other services' and other versions' words for ours, in the
// plain form of plainWord.
var synonyms = map[string]string{
	"me": "user", "self": "user", "whoami": "user", "myself": "user", "account": "user",
	"orgs": "workspaces", "organizations": "workspaces", "teams": "workspaces", "groups": "workspaces",
	"pr": "pullrequests", "prs": "pullrequests", "pulls": "pullrequests", "mergerequests": "pullrequests",
	"raw": "src", "browse": "src", "contents": "src", "content": "src", "files": "src", "file": "src", "blob": "src", "tree": "src", "source": "src",
	"builds": "pipelines", "runs": "pipelines", "actions": "pipelines", "secrets": "variables",
	"stop": "stopPipeline", "cancel": "stopPipeline", "collaborators": "members",
	"compare": "diff", "changes": "diffstat", "reviewers": "default-reviewers",
}

// Nearest returns up to n operations that were probably meant by a path that
// is none, best first, at most one for each template: the one with the method,
// or else the one that comes closest. What is much further off than the first
// is left out.
//
// It compares by segments: literals by their letters, and by other services'
// words for the same thing. A template that has no literal near any word of the
// path is no answer, so there may be none. The same question always gets the
// same answer.
//
// The path is the escaped path after "/2.0", as for [Find]. Of a long path only
// the first 16 segments and the first 32 bytes of each are looked at, so the
// work is bounded.
func Nearest(method, path string, n int) []*Operation {
	if n <= 0 {
		return nil
	}
	asked := askedSegments(path)
	if len(asked) == 0 {
		return nil
	}
	type candidate struct {
		op   *Operation
		cost int
	}
	var found []candidate
	for i, l := range leaves {
		cost, ok := nearTemplates[i].cost(asked)
		if !ok {
			continue
		}
		op := l.operation(method)
		if methodIndex(op.Method) != methodIndex(method) {
			cost += costMethod
		}
		if op.Removed != nil {
			cost += costRemoved
		}
		found = append(found, candidate{op, cost})
	}
	// The order of the catalogue decides between equals.
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.cost, b.cost) })
	var out []*Operation
	for _, c := range found[:min(n, len(found))] {
		if c.cost > found[0].cost+costTooFar {
			break
		}
		out = append(out, c.op)
	}
	return out
}

// operation returns the operation with the method or, when there is none, the
// one that comes closest: for a change the first that changes something, and
// else the first.
func (l *leaf) operation(method string) *Operation {
	at := methodIndex(method)
	if at >= 0 && l.ops[at] != nil {
		return l.ops[at]
	}
	if at > 0 {
		for _, op := range l.ops[1:] {
			if op != nil {
				return op
			}
		}
	}
	for _, op := range l.ops {
		if op != nil {
			return op
		}
	}
	return nil
}

// askedSegment is a segment of the path with its cost against every literal.
type askedSegment struct {
	literal []int // by the index in nearLiterals
	param   int   // as the value of a parameter
	extra   int   // as a segment too many
}

func askedSegments(path string) []askedSegment {
	var asked []askedSegment
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" {
			continue
		}
		if len(asked) == nearSegments {
			break
		}
		segment = strings.ToLower(segment[:min(len(segment), nearBytes)])
		segment = segment[:min(len(segment), nearBytes)] // lower case can be longer
		a := askedSegment{literal: make([]int, len(nearLiterals)), param: costParam, extra: costExtra}
		plain, word := plainWord(segment), false
		for i, literal := range nearLiterals {
			a.literal[i] = literalCost(segment, plain, literal)
			word = word || a.literal[i] == 0
		}
		if word {
			a.param, a.extra = costWordValue, costExtraWord
			for i, c := range a.literal {
				if 0 < c && c < costOther {
					a.literal[i] = c + costMisuse
				}
			}
		}
		asked = append(asked, a)
	}
	return asked
}

// literalCost compares a segment, given in lower case and as a plain word, with
// a literal, without regard to case, and nearly without regard to "-", "_" and ".".
func literalCost(segment, plain string, literal nearLiteral) int {
	if segment == literal.lower {
		return 0
	}
	if plain == "" {
		return costOther
	}
	if synonyms[plain] == literal.name {
		return costSynonym
	}
	cost := costOther
	longest := max(len(plain), len(literal.plain))
	if 2*(longest-min(len(plain), len(literal.plain))) <= longest {
		if d := distance(plain, literal.plain); 2*d <= longest {
			cost = max(unit*d/longest, unit/20)
		}
	}
	if len(plain) >= 4 && (strings.HasPrefix(literal.plain, plain) ||
		len(literal.plain) >= 4 && (strings.HasSuffix(plain, literal.plain) || strings.HasPrefix(plain, literal.plain))) {
		cost = min(cost, costPart)
	}
	return cost
}

var wordJoints = strings.NewReplacer("-", "", "_", "", ".", "")

func plainWord(s string) string { return wordJoints.Replace(s) }

// nearTemplate is a template as Nearest reads it: for each segment the index
// of its literal, or -1 for a parameter.
type nearTemplate []int

// cost is the least cost of turning the path into the template, and whether
// any of the path's words is near a literal of it.
func (t nearTemplate) cost(asked []askedSegment) (int, bool) {
	type cell struct {
		cost int
		near bool
	}
	var row [nearSegments + 1]cell
	for j := range asked {
		row[j+1].cost = row[j].cost + asked[j].extra
	}
	for _, literal := range t {
		missing := costValue
		if literal >= 0 {
			missing = costLiteral
		}
		diagonal := row[0]
		row[0].cost += missing
		for j, a := range asked {
			above := row[j+1]
			step := a.param
			if literal >= 0 {
				step = a.literal[literal]
			}
			best := cell{diagonal.cost + step, diagonal.near || literal >= 0 && step < costOther}
			if c := above.cost + missing; c < best.cost {
				best = cell{c, above.near}
			}
			if c := row[j].cost + a.extra; c < best.cost {
				best = cell{c, row[j].near}
			}
			row[j+1], diagonal = best, above
		}
	}
	last := row[len(asked)]
	return last.cost, last.near
}

// nearLiteral is a literal of the templates in the forms it is compared in.
type nearLiteral struct{ name, lower, plain string }

var nearLiterals, nearTemplates = readTemplates(leaves)

func readTemplates(leaves []*leaf) (literals []nearLiteral, templates []nearTemplate) {
	index := map[string]int{}
	for _, l := range leaves {
		var t nearTemplate
		for segment := range strings.SplitSeq(l.template[1:], "/") {
			if strings.Contains(segment, "{") {
				t = append(t, -1)
				continue
			}
			i, ok := index[segment]
			if !ok {
				i = len(literals)
				index[segment] = i
				lower := strings.ToLower(segment)
				literals = append(literals, nearLiteral{segment, lower, plainWord(lower)})
			}
			t = append(t, i)
		}
		templates = append(templates, t)
	}
	return literals, templates
}

// distance is the number of bytes to insert, remove or replace between a and
// b, or two neighbours to swap. Both have at most nearBytes bytes.
func distance(a, b string) int {
	var rows [3][nearBytes + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, above2 := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			step := above[j-1]
			if a[i-1] != b[j-1] {
				step = 1 + min(above[j-1], above[j], row[j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					step = min(step, above2[j-2]+1)
				}
			}
			row[j] = step
		}
	}
	return rows[len(a)%3][len(b)]
}
