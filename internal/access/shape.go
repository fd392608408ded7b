package access

import (
	"maps"
	"net/http"
	"slices"

	"github.com/pailforge/pail/internal/bbql"
)

// Shape is what an operation takes and answers, for those who describe the API. Its values say a type and nothing more.
type Shape struct {
	Body   any         // of the type that the body is decoded into; nil: none is read
	Form   bool        // the body is a form, with the parameters of the query
	Answer any         // of the type of the answer, of one value when it is a list; nil: the answer has no body
	List   bool        // the answer is a page of a list
	Bytes  bool        // the answer may be the bytes of a file instead
	Status []int       // of success, the usual one in front
	Query  []Parameter // beside those that every operation, and every list, has
	Fields []string    // what q and sort may name, sorted
}

// Parameter is a parameter of the query.
type Parameter struct {
	Name   string
	Does   string   // one sentence
	Values []string // that it may have; nil: any
	Many   bool     // it may be given several times
}

// Shape is what the operation takes and answers, as its room declares it.
func (o Operation) Shape() Shape { return o.shape }

// Answers declares the answer: a value of its type, nil for none, and the statuses of success. Without one it is 200, or
// 204 for no answer.
func (o Operation) Answers(value any, status ...int) Operation {
	if len(status) == 0 {
		status = []int{http.StatusOK}
		if value == nil {
			status = []int{http.StatusNoContent}
		}
	}
	o.shape.Answer, o.shape.Status = value, status
	return o
}

// Lists declares that the answer is a page of such values.
func (o Operation) Lists(value any) Operation {
	o = o.Answers(value)
	o.shape.List = true
	return o
}

// Delivers declares that the answer may be the bytes of a file, with a type of their own.
func (o Operation) Delivers() Operation {
	o.shape.Bytes = true
	return o
}

// Filters declares what q and sort may name.
func (o Operation) Filters(fields bbql.Fields) Operation {
	o.shape.Fields = slices.Sorted(maps.Keys(fields))
	return o
}

// Takes declares the type of the body.
func (o Operation) Takes(body any) Operation {
	o.shape.Body = body
	return o
}

// Asks declares parameters of the query.
func (o Operation) Asks(parameters ...Parameter) Operation {
	o.shape.Query = append(slices.Clip(o.shape.Query), parameters...)
	return o
}

// TakesForm declares that the parameters of the query may also come as a form in the body.
func (o Operation) TakesForm() Operation {
	o.shape.Form = true
	return o
}
