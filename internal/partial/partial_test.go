package partial

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	one  = `{"id":1.50,"name":"n","links":{"self":{"href":"s"},"html":{"href":"h","name":"x"}},"owner":{"uuid":"{u}","links":{"self":{"href":"o"}}},"parent":null,"tags":["a","b"],"properties":{"p":1},"properties_x":2}`
	list = `{"values":[{"id":1,"name":"a","owner":{"name":"x","links":{}}},{"id":2,"owner":null},{"id":3,"owner":{}}],"page":1,"pagelen":10,"size":3,"next":"n"}`
)

func TestApply(t *testing.T) {
	for _, c := range []struct{ name, fields, in, want string }{
		{"nothing asked", "", " " + one + "\n", " " + one + "\n"},
		{"one member", "name", one, `{"name":"n"}`},
		{"number text stays", "id", one, `{"id":1.50}`},
		{"order is the answer's", "name,id", one, `{"id":1.50,"name":"n"}`},
		{"nested", "links.self.href", one, `{"links":{"self":{"href":"s"}}}`},
		{"whole member", "links.html", one, `{"links":{"html":{"href":"h","name":"x"}}}`},
		{"wildcard in the middle", "links.*.href", one, `{"links":{"self":{"href":"s"},"html":{"href":"h"}}}`},
		{"wildcard at the end", "links.*", one, `{"links":{"self":{"href":"s"},"html":{"href":"h","name":"x"}}}`},
		{"star is everything", "*", one, one},
		{"prefix", "properties*", one, `{"properties":{"p":1},"properties_x":2}`},
		{"unknown", "nope", one, `{}`},
		{"unknown below", "owner.nope", one, `{"owner":{}}`},
		{"null on the way stays", "parent.name", one, `{"parent":null}`},
		{"other value on the way goes", "name.first,tags.x", one, `{"tags":[]}`},
		{"list of scalars", "tags", one, `{"tags":["a","b"]}`},
		{"values are transparent", "values.name", list, `{"values":[{"name":"a"},{},{}]}`},
		{"deeper in values", "values.owner.name,size", list, `{"values":[{"owner":{"name":"x"}},{"owner":null},{"owner":{}}],"size":3}`},
		{"bare list", "id", `[{"id":1,"a":2},{"id":2}]`, `[{"id":1},{"id":2}]`},
		{"list in a list", "a.b", `{"a":[[{"b":1,"c":2}],[]]}`, `{"a":[[{"b":1}],[]]}`},
		{"removal", "-links,-owner.links,-tags,-properties*", one, `{"id":1.50,"name":"n","owner":{"uuid":"{u}"},"parent":null}`},
		{"removal in values", "-values.owner,-values.id", list, `{"values":[{"name":"a"},{},{}],"page":1,"pagelen":10,"size":3,"next":"n"}`},
		{"removal by wildcard", "-*.links", one, strings.Replace(one, `,"links":{"self":{"href":"o"}}`, "", 1)},
		{"addition of what is there", "+values.owner", list, list},
		{"addition of what is not there", "+values.reviewers", list, list},
		{"blank for an unencoded plus", " values.owner", list, list},
		{"blank for each unencoded plus", "-values, values.id", list, `{"values":[{"id":1},{"id":2},{"id":3}],"page":1,"pagelen":10,"size":3,"next":"n"}`},
		{"addition over removal", "-links,+links.self", one, strings.Replace(one, `,"html":{"href":"h","name":"x"}`, "", 1)},
		{"all removed but one", "-*,+id", one, `{"id":1.50}`},
		{"a name over a wildcard", "+id,-*", one, `{"id":1.50}`},
		{"selection without a part", "owner,-owner.links", one, `{"owner":{"uuid":"{u}"}}`},
		{"selection with an addition", "id,+name", one, `{"id":1.50,"name":"n"}`},
		{"selection with blanks", "id, name", one, `{"id":1.50,"name":"n"}`},
		{"star and removal", "*,-links,-owner,-tags,-parent,-properties*", one, `{"id":1.50,"name":"n"}`},
		{"last of equals", "-name,+name,-id", one, strings.Replace(one, `"id":1.50,`, "", 1)},
		{"clients' mixture", "+values.*,+values.properties*,-values.owner", list, `{"values":[{"id":1,"name":"a"},{"id":2},{"id":3}],"page":1,"pagelen":10,"size":3,"next":"n"}`},
		{"scalar answer", "a", ` "x" `, ` "x" `},
		{"escaped key", "name", `{"n\u0061me":1,"b":2}`, `{"n\u0061me":1}`},
		{"space", "a.b,c", " { \"a\" : { \"b\" : [ 1 , 2 ] , \"x\" : 1 } , \"c\" : \"}\\\"\" }\n", `{"a":{"b":[ 1 , 2 ]},"c":"}\""}`},
		{"same key twice", "a", `{"a":1,"b":2,"a":3}`, `{"a":1,"a":3}`},
		{"large number", "n", `{"n":123456789012345678901234567890.10e+5}`, `{"n":123456789012345678901234567890.10e+5}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := Parse(c.fields)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Apply([]byte(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("%q of %s\n got %s\nwant %s", c.fields, c.in, got, c.want)
			}
		})
	}
}

func TestNilMaskKeepsEverything(t *testing.T) {
	var m *Mask
	if got, err := m.Apply([]byte(one)); err != nil || string(got) != one {
		t.Errorf("%s, %v", got, err)
	}
}

func TestApplyRefusesBrokenJSON(t *testing.T) {
	m, err := Parse("a")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []string{"", "{", `{"a":1}{`, `{"a"}`, "[1,]"} {
		if got, err := m.Apply([]byte(in)); err == nil {
			t.Errorf("%q gives %q", in, got)
		}
	}
}

func TestParseErrors(t *testing.T) {
	deep := func(n int) string { return strings.TrimSuffix(strings.Repeat("a.", n), ".") }
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat("a,", n), ",") }
	for _, ok := range []string{deep(MaxDepth), many(MaxPaths), "a-b,c_d,issue:created,é"} {
		if _, err := Parse(ok); err != nil {
			t.Errorf("at the limit: %v", err)
		}
	}
	for _, c := range []struct{ fields, says string }{
		{",", "empty path"},
		{"a,", "empty path"},
		{"-", "empty path"},
		{"a..b", "empty name"},
		{".a", "empty name"},
		{"*a", "a * ends a name"},
		{"a**", "a * ends a name"},
		{"a b", "blank"},
		{`"a"`, "quote"},
		{"a\x00", "control"},
		{"\xff", "control"},
		{deep(MaxDepth + 1), "more than 16 names"},
		{many(MaxPaths + 1), "more than 128 paths"},
		{strings.Repeat("a", MaxLength+1), "longer than 4096 bytes"},
	} {
		_, err := Parse(c.fields)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.says) || e.Code() != "fields.invalid" {
			t.Errorf("%.30q: %v, want %q", c.fields, err, c.says)
		}
	}
}

func FuzzApply(f *testing.F) {
	for _, fields := range []string{"", "*", "a", "values.name", "-values.*.a", "+a,-a.b", "a*", "-*,+values.id", " a.b,-c"} {
		f.Add(fields, []byte(one))
		f.Add(fields, []byte(list))
	}
	f.Add("a.b", []byte(`{"a":[[{"b":"\"}"}],null,1,"x",{"c":[]}],"\u0061":{"b":-0.0e1}}`))
	f.Fuzz(func(t *testing.T, fields string, in []byte) {
		m, err := Parse(fields)
		if err != nil {
			return
		}
		before := bytes.Clone(in)
		once, err := m.Apply(in)
		if (err == nil) != json.Valid(in) {
			t.Fatalf("valid %v, but %v", json.Valid(in), err)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(before, in) {
			t.Fatal("the input was changed")
		}
		if !json.Valid(once) {
			t.Fatalf("%q of %q is not JSON: %q", fields, in, once)
		}
		twice, err := m.Apply(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q of %q: once %q, twice %q, %v", fields, in, once, twice, err)
		}
		if len(once) > len(in) {
			t.Fatalf("%q of %q grew: %q", fields, in, once)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	var page bytes.Buffer
	page.WriteString(`{"values":[`)
	for i := range 100 {
		if i > 0 {
			page.WriteByte(',')
		}
		fmt.Fprintf(&page, `{"index":%d,"repository":%s}`, i, one)
	}
	page.WriteString(`],"page":1}`)
	for _, fields := range []string{"values.repository.links.self.href,page", "-values.repository.links,+values.repository.owner"} {
		b.Run(fields, func(b *testing.B) {
			m, err := Parse(fields)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(page.Len()))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Apply(page.Bytes()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
