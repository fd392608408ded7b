package pipeline

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a test report: of a file in bytes, of the cases of a step, of a name and of what a case says in bytes, of all that the cases of
// a step say together, and of how deep elements may stand in each other.
const (
	maxReport   = 20 << 20
	maxCases    = 10_000
	maxTestName = 1000
	maxSaid     = 16 << 10
	maxSaidAll  = 4 << 20
	maxDepth    = 100
)

// testCase is a test as a report tells of it.
type testCase struct {
	suite, class, name string
	status             string // of the testStatuses
	duration           time.Duration
	message            string // in one line, why it did not succeed
	output             string // the stack, or what was printed
}

// What may come of a test, as the API names it.
const (
	testSuccessful = "SUCCESSFUL"
	testFailed     = "FAILED"
	testErrored    = "ERROR"
	testSkipped    = "SKIPPED"
)

// junit reads a report of JUnit XML: no schema of it is binding, and what tools write agrees in suites, cases with a classname, a name and
// a time, and failure, error or skipped within. Everything else is passed over. each gets the cases one after another, and ends the
// reading with an error. The report is read as it comes, so that its size costs no memory.
func junit(from io.Reader, each func(testCase) error) error {
	d := xml.NewDecoder(from)
	d.Strict = false // what test frameworks print often has entities that no one declared
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var suites []string
	var at *testCase
	var into *string // what text belongs to
	depth, seen := 0, false
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) && seen {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return fmt.Errorf("elements stand more than %d deep in each other", maxDepth)
			}
			attr := func(name string) string {
				for _, a := range t.Attr {
					if a.Name.Local == name {
						return cutText(a.Value, maxTestName)
					}
				}
				return ""
			}
			into = nil
			switch name := t.Name.Local; {
			case !seen && name != "testsuites" && name != "testsuite":
				return fmt.Errorf("the element %s is no report: testsuites or testsuite is expected", strconv.Quote(cutText(name, 50)))
			case name == "testsuite":
				suites = append(suites, attr("name"))
			case name == "testcase" && at == nil:
				at = &testCase{class: attr("classname"), name: attr("name"), status: testSuccessful, duration: seconds(attr("time"))}
				if len(suites) > 0 {
					at.suite = suites[len(suites)-1]
				}
			case at != nil && (name == "failure" || name == "error" || name == "skipped"):
				status := map[string]string{"failure": testFailed, "error": testErrored, "skipped": testSkipped}[name]
				if at.status == testSuccessful || at.status == testSkipped {
					at.status, at.message, at.output = status, attr("message"), ""
					if kind := attr("type"); at.message == "" {
						at.message = kind
					}
					into = &at.output
				}
			case at != nil && at.status == testSuccessful && (name == "system-out" || name == "system-err"):
				into = &at.output
			}
			seen = true
		case xml.CharData:
			if into != nil && len(*into) < maxSaid {
				*into = cutText(*into+string(t), maxSaid)
			}
		case xml.EndElement:
			depth--
			into = nil
			switch t.Name.Local {
			case "testsuite":
				suites = suites[:max(0, len(suites)-1)]
			case "testcase":
				if at == nil {
					continue
				}
				at.output = strings.Trim(at.output, "\r\n")
				if at.status == testSuccessful {
					at.output = "" // what good tests print stands in the log
				}
				if err := each(*at); err != nil {
					return err
				}
				at = nil
			}
		}
	}
}

// cutText is the first most bytes of s, without half of a character and without what databases do not take.
func cutText(s string, most int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// seconds is a time as reports write it, such as 1.25 or 1,234.5.
func seconds(s string) time.Duration {
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, ",", ""), 64)
	if err != nil || !(f >= 0 && f < 1e7) {
		return 0
	}
	return time.Duration(f * float64(time.Second))
}
