package rest

import (
	"fmt"
	"net/http"

	"github.com/pailforge/pail/internal/reason"
)

// Error is a refusal on its way to the caller. Build one with Refuse, which takes status, message and ways out from
// the table of reasons, and add what only this request knows.
type Error struct {
	Reason  reason.Code
	Status  int
	Message string              // error.message: what Bitbucket Cloud itself would say
	Detail  any                 // error.detail: a string, or an object where Bitbucket has one
	Data    map[string]any      // error.data, beside reason, doc and request_id
	Fields  map[string][]string // error.fields: what is wrong, by field
	Header  http.Header         // extra headers of the answer
	Cause   error               // goes to the log, never to the caller
	Plain   *Plain              // what a bare server says in place of Status and Message; nil: those
}

// Error is the text for the log; it holds no secret.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Reason, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Reason, e.Message)
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Refuse makes the error for code. detail says what this request has to do with it; "" takes the reason's own
// explanation.
func Refuse(code reason.Code, detail string) *Error {
	r := reason.Of(code)
	e := &Error{Reason: code, Status: r.Status, Message: r.Message, Detail: detail}
	if detail == "" {
		e.Detail = r.Why
	}
	return e
}

// Refusef is Refuse with a formatted detail.
func Refusef(code reason.Code, format string, args ...any) *Error {
	return Refuse(code, fmt.Sprintf(format, args...))
}

// WithMessage replaces error.message, for the refusals whose sentence names the thing asked for.
func (e *Error) WithMessage(format string, args ...any) *Error {
	e.Message = fmt.Sprintf(format, args...)
	return e
}

// Naming fills the placeholders of the reason's message, in pairs of a placeholder's name and its value.
func (e *Error) Naming(pairs ...string) *Error {
	e.Message = reason.Of(e.Reason).MessageWith(pairs...)
	return e
}

// With adds one entry to error.data.
func (e *Error) With(key string, value any) *Error {
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	e.Data[key] = value
	return e
}

// Field says what is wrong with one field of the request.
func (e *Error) Field(name, problem string) *Error {
	if e.Fields == nil {
		e.Fields = map[string][]string{}
	}
	e.Fields[name] = append(e.Fields[name], problem)
	return e
}

// WithHeader adds a header to the answer.
func (e *Error) WithHeader(key, value string) *Error {
	if e.Header == nil {
		e.Header = http.Header{}
	}
	e.Header.Set(key, value)
	return e
}

// InvalidField refuses a request (400) for the value of one field.
func InvalidField(name, problem string) *Error {
	return Refusef(reason.ValueInvalid, "%s: %s", name, problem).WithMessage("%s: %s", name, problem).Field(name, problem)
}

// MissingField refuses a request (400) that lacks a field.
func MissingField(name string) *Error {
	const problem = "required key not provided"
	return Refusef(reason.BodyMissingField, "The field %q is required and was not sent.", name).
		WithMessage("%s: %s", name, problem).Field(name, problem)
}

// Fault is the answer (500) to an error that is not the caller's; err goes to the log only.
func Fault(err error) *Error {
	e := Refuse(reason.ServerFault, "")
	e.Cause = err
	return e
}
