package contract

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
)

var (
	bracedUUID = regexp.MustCompile(`^\{[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}$`)
	scpAddress = regexp.MustCompile(`^[^@/\s]+@[^:/\s]+:[^\s]+$`)
)

// conventions checks what every JSON answer of ours keeps: a uuid stands in braces, in lower case; the href of a link
// is an absolute URL, where the clone link named ssh may be an address such as git@host:path.
func (p *Problems) conventions(v any) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			p.at(fmt.Sprintf("[%d]", i), func() { p.conventions(e) })
		}
	case map[string]any:
		if uuid, ok := v["uuid"]; ok && uuid != nil {
			if s, ok := uuid.(string); !ok || !bracedUUID.MatchString(s) {
				p.add("uuid", fmt.Sprintf("%s is no uuid in braces", show(uuid)))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			p.at(name, func() {
				if links, ok := v[name].(map[string]any); ok && name == "links" {
					p.links(links)
				}
				p.conventions(v[name])
			})
		}
	}
}

func (p *Problems) links(links map[string]any) {
	for _, relation := range slices.Sorted(maps.Keys(links)) {
		p.at(relation, func() {
			switch l := links[relation].(type) {
			case map[string]any:
				p.link(relation, l)
			case []any:
				for i, e := range l {
					if e, ok := e.(map[string]any); ok {
						p.at(fmt.Sprintf("[%d]", i), func() { p.link(relation, e) })
					}
				}
			}
		})
	}
}

func (p *Problems) link(relation string, link map[string]any) {
	href, ok := link["href"]
	if !ok {
		return // a group of links; whether it may stand here is the schema's to say
	}
	s, _ := href.(string)
	if relation == "clone" && link["name"] == "ssh" && scpAddress.MatchString(s) {
		return
	}
	if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host == "" {
		p.add("href", fmt.Sprintf("%s is no absolute URL", show(href)))
	}
}
