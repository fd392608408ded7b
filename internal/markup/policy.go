package markup

import (
	"regexp"

	"github.com/microcosm-cc/bluemonday"
)

// policy is what is let through. It is the last step, so that whatever the steps before it make of a document, nothing
// else comes out.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "div", "span", "section", "article", "center",
		"strong", "em", "b", "i", "u", "del", "ins", "s", "mark", "small", "sub", "sup", "abbr", "cite", "q", "dfn", "bdi",
		"code", "kbd", "samp", "var", "pre", "tt", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "figure", "figcaption",
		"table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "details", "summary", "ruby", "rt", "rp")
	p.AllowAttrs("id").Matching(regexp.MustCompile(`^` + Prefix + `[\p{L}\p{N}_.:-]+$`)).Globally()
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(regexp.MustCompile(`^[A-Za-z0-9-]{1,35}$`)).Globally()
	p.AllowAttrs("title").OnElements("abbr", "a", "img")

	p.AllowURLSchemes("http", "https", "mailto")
	p.AllowRelativeURLs(true) // what is relative was put in its place
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(false)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile(`^nofollow noopener$`)).OnElements("a")

	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("loading").Matching(regexp.MustCompile(`^lazy$`)).OnElements("img")
	p.AllowAttrs("width", "height").Matching(regexp.MustCompile(`^[0-9]{1,4}%?$`)).OnElements("img", "td", "th", "table")
	p.AllowDataURIImages()

	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(?i:left|center|right)$`)).OnElements("p", "div", "h2", "h3", "h4", "h5", "h6", "th", "td", "tr", "table", "img")
	p.AllowAttrs("colspan", "rowspan").Matching(regexp.MustCompile(`^[0-9]{1,2}$`)).OnElements("th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowAttrs("open").Matching(regexp.MustCompile(`^$`)).OnElements("details")
	p.AllowAttrs("tabindex").Matching(regexp.MustCompile(`^0$`)).OnElements("div")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(scroll|` + suggested + `)$`)).OnElements("div")
	return p
}()
