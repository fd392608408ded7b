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
	costPart      = unit * 4 / 5   // "repos" for "repositories", "webhooks" for "hooks", by the share that lacks
	costOther     = unit * 3 / 2   // another word: leaving it out is nearer
	costLiteral   = unit * 4 / 5   // a literal of the template that the path lacks
	costValue     = unit * 11 / 10 // a parameter that the path lacks
	costExtra     = unit * 4 / 5   // a segment of the path that the template lacks
	costExtraWord = unit * 3 / 2   // the same, where it is a word of the API
	costMethod    = unit / 3       // the path has no operation with the method
	costClosed    = unit * 5 / 4   // the operation is gone, or for apps only
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
	"close": "decline", "reject": "decline", "accept": "approve",
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
		if op.Removed != nil || op.AppOnly() {
			cost += costClosed
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
		cost = min(cost, costPart*(longest-min(len(plain), len(literal.plain)))/longest)
	}
	return cost
}

var wordJoints = strings.NewReplacer("-", "", "_", "", ".", "")

func plainWord(s string) string { return wordJoints.Replace(s) }

// nearTemplate is a template as Nearest reads it: for each segment the index
// of its literal, or -1 for a parameter.
type nearTemplate []int

// cost is the least cost of turning the path into the template in a way that
// reads at least one word of the path as a literal of the template. It is false
// when there is no such way.
func (t nearTemplate) cost(asked []askedSegment) (int, bool) {
	// Of each stretch the least cost, without and with such a word.
	type cell struct{ without, with int }
	const never = 1 << 20
	var row [nearSegments + 1]cell
	row[0].with = never
	for j, a := range asked {
		row[j+1] = cell{row[j].without + a.extra, never}
	}
	for _, literal := range t {
		missing := costValue
		if literal >= 0 {
			missing = costLiteral
		}
		diagonal := row[0]
		row[0].without += missing
		for j, a := range asked {
			above, left := row[j+1], row[j]
			step := a.param
			if literal >= 0 {
				step = a.literal[literal]
			}
			best := cell{
				min(diagonal.without+step, above.without+missing, left.without+a.extra),
				min(diagonal.with+step, above.with+missing, left.with+a.extra),
			}
			if literal >= 0 && step < costOther {
				best.with = min(best.with, diagonal.without+step)
			}
			row[j+1], diagonal = best, above
		}
	}
	cost := row[len(asked)].with
	return cost, cost < never
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
