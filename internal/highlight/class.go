package highlight

import "github.com/alecthomas/chroma/v2"

// The classes of the elements that stand around parts of a line.
const (
	keyword = "k" // also a tag of markup
	named   = "f" // functions, attributes, decorators
	typed   = "t" // types, classes, builtins, namespaces
	text    = "s" // strings
	number  = "n" // numbers and other constants
	comment = "c"
	prelude = "p" // what a preprocessor reads
	added   = "a" // in a diff
	removed = "d"
)

// class is how a token is shown; "" as it is.
func class(t chroma.TokenType) string {
	switch t {
	case chroma.KeywordType, chroma.NameClass, chroma.NameBuiltin, chroma.NameNamespace, chroma.NameException, chroma.NameEntity:
		return typed
	case chroma.NameFunction, chroma.NameFunctionMagic, chroma.NameAttribute, chroma.NameDecorator, chroma.NameProperty:
		return named
	case chroma.NameTag, chroma.GenericHeading, chroma.GenericSubheading, chroma.OperatorWord:
		return keyword
	case chroma.NameConstant, chroma.KeywordConstant:
		return number
	case chroma.GenericInserted:
		return added
	case chroma.GenericDeleted:
		return removed
	}
	switch t.SubCategory() {
	case chroma.LiteralString:
		return text
	case chroma.LiteralNumber:
		return number
	case chroma.CommentPreproc:
		return prelude
	}
	switch t.Category() {
	case chroma.Keyword:
		return keyword
	case chroma.Comment:
		return comment
	case chroma.Literal:
		return number
	}
	return ""
}
