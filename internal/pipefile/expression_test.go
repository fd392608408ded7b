package pipefile

import (
	"strings"
	"testing"
)

func TestExpression(t *testing.T) {
	c := Context{Variables: map[string]string{"BITBUCKET_BRANCH": "feature/a", "count": "12", "yes": "true", "no": "false", "text": `a "b"`, "n1": "1.0"}, Changed: []string{"src/a.go", "README"}}
	for text, want := range map[string]bool{
		`BITBUCKET_BRANCH == "feature/a"`:            true,
		`BITBUCKET_BRANCH != "feature/a"`:            false,
		`"feature/a"==BITBUCKET_BRANCH`:              true,
		`count > 9`:                                  true,
		`count > 100`:                                false,
		`count >= 12 && count <= 12 && count < 12.5`: true,
		`count > "a"`:                                false,
		`missing < 1`:                                false,
		`missing == ""`:                              true,
		`n1 == 1`:                                    true,
		`n1 == "1"`:                                  true,
		`count == -12`:                               false,
		`yes`:                                        true,
		`no || yes`:                                  true,
		`no || no`:                                   false,
		`yes && no || yes`:                           true,
		`yes || no && no`:                            true,
		`(yes || no) && no`:                          false,
		`!yes || !no`:                                true,
		`!(yes && no)`:                               true,
		`!!yes`:                                      true,
		`! count == 12`:                              false,
		`yes == true`:                                true,
		`text == "a \"b\""`:                          true,
		`glob(BITBUCKET_BRANCH, "feature/*")`:        true,
		`glob(BITBUCKET_BRANCH, "{main,release/**}")`:             false,
		`glob("main", "m*") && !glob(missing, "?")`:               true,
		`changesetInclude("**/*.go", "docs/**")`:                  true,
		`changesetInclude("docs/**")`:                             false,
		"yes\n  && yes":                                           true,
		`(count > 100 && count <= 200) || text == "x" && yes`:     false,
		strings.Repeat("(", 50) + "yes" + strings.Repeat(")", 50): true,
	} {
		e, err := ParseExpression(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if e.Holds(c) != want || e.String() != text {
			t.Errorf("%s: %v", text, !want)
		}
	}
	for text, want := range map[string]string{
		``:                   `a name, a value or a condition at character 1`,
		`"text"`:             `a condition, such as NAME == "value"`,
		`42`:                 `a condition, such as NAME == "value"`,
		`"é" == `:            `a name, a value or a condition at character 8`,
		`a = b`:              `a name, a value or an operator at character 3`,
		`$a == "b"`:          `a name, a value or an operator at character 1`,
		`a == "b`:            `a " that ends the text at character 6`,
		`a == 'b'`:           `a name, a value or an operator at character 6`,
		`a b`:                `an operator, such as == or && at character 3`,
		`(a`:                 `a ) at character 3`,
		`a)`:                 `an operator, such as == or && at character 2`,
		`a && "b"`:           `conditions on both sides of && at character 9`,
		`"a" || b`:           `conditions on both sides of || at character 5`,
		`!"a"`:               `a condition behind ! at character 5`,
		`a == 1.2.3`:         `a number or a name at character 6`,
		`1a == a`:            `a number or a name at character 1`,
		`a == "\q"`:          `a text in double quotes, with \" for a quote in it at character 6`,
		`match(a, "b")`:      `the function glob or changesetInclude, and none called "match"`,
		`glob(a)`:            `a comma and a pattern at character 7`,
		`glob(a, b)`:         `a pattern in double quotes at character 9`,
		`glob(a, "[")`:       `a ] that closes the [, or \[ at character 9`,
		`glob(a, "b"`:        `a ) at character 12`,
		`changesetInclude()`: `a pattern in double quotes at character 18`,
		strings.Repeat("(", 51) + "a" + strings.Repeat(")", 51): `less nesting at character 51`,
		strings.Repeat("!", 51) + "a":                           `less nesting at character 51`,
		strings.Repeat("a", 2001):                               `an expression of at most 2000 bytes`,
	} {
		if e, err := ParseExpression(text); err == nil || err.Error() != want {
			t.Errorf("%.30s: %v, %v", text, e, err)
		}
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{`a == "b"`, `!(a && glob(b, "c*")) || d >= -1.5`, `changesetInclude("a", "b")`, `((((`, `"\`, `a b`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseExpression(text)
		if err != nil {
			if e != nil || err.Error() == "" {
				t.Errorf("%v, %v", e, err)
			}
			return
		}
		is := e.Holds(Context{Variables: map[string]string{"a": "true"}})
		if again, err := ParseExpression("!(" + text + ")"); len(text) < maxExpression-3 && !strings.Contains(text, "(") && (err != nil || again.Holds(Context{Variables: map[string]string{"a": "true"}}) == is) {
			t.Errorf("%s and its contrary: %v", text, err)
		}
	})
}
