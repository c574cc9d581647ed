package hostprovider

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"cradle/pim"
)

// FuzzLine: a row survives its JSON form, but for bytes that are no UTF-8, each
// of which becomes U+FFFD; and so does what Go's own decoder makes of it.
func FuzzLine(f *testing.F) {
	f.Add("", "", "TEL", "TYPE=home", "+49")
	f.Add("alarm:1", "item1", "X-A", "", "a\"b\\c\n\r\t\x00\x1f\u2028é€😀")
	f.Add("\xff", "g", "N", "\xc3", "\xe2\x82")
	f.Fuzz(func(t *testing.T, component, group, name, params, value string) {
		l := line{component, group, name, params, value}
		enc := l.append(nil)
		if !json.Valid(enc) {
			t.Fatalf("not JSON: %q", enc)
		}
		got, err := parseLine(string(enc))
		if err != nil {
			t.Fatalf("%q: %v", enc, err)
		}
		clean := func(s string) string { return string([]rune(s)) }
		if want := (line{clean(component), clean(group), clean(name), clean(params), clean(value)}); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// FuzzLines: whatever stands in body.lines, reading it gives rows or an error;
// of rows as they should be it gives all, as Go's own decoder does.
func FuzzLines(f *testing.F) {
	f.Add(string(appendLines(nil, pim.Properties([]byte(card("u", "A", "TEL:1", "item1.EMAIL;TYPE=x:y", "NOTE:[a\\n\"b\"]"))))))
	f.Add(`{"1":[null,null,"N",null,""],"7":["a","b","c","d","e\"[\\"]}`)
	f.Add(`{"1":[null,null,null,null,null]}`)
	f.Add(`{"x":[]}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, s string) {
		var got []string
		err := eachValue(s, func(name, value string) bool { got = append(got, name, value); return true })
		var rows map[string][5]*string
		if json.Unmarshal([]byte(s), &rows) != nil || len(rows) == 0 || strings.ContainsAny(s, " \t\r\n") || !utf8.ValidString(s) {
			return
		}
		for key := range rows {
			if strings.ContainsAny(key, `[\"`) {
				return
			}
		}
		if err == nil && len(got) < 2*len(rows) {
			t.Fatalf("%d values of %d rows in %q", len(got)/2, len(rows), s)
		}
	})
}

func TestEachValue(t *testing.T) {
	var want, got []string
	props := pim.Properties([]byte(card("u", "A", "TEL:1", "item1.EMAIL;TYPE=x:y", "NOTE:[a\\n\"b\"]\\\\", "X-EMPTY:", "CATEGORIES:ä,ö")))
	for _, p := range props {
		want = append(want, p.Name+"="+p.Value)
	}
	err := eachValue(string(appendLines(nil, props)), func(name, value string) bool { got = append(got, name+"="+value); return true })
	if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
	got = nil
	if err := eachValue(string(appendLines(nil, props)), func(name, _ string) bool { got = append(got, name); return false }); err != nil || len(got) != 1 {
		t.Errorf("stopped: %q %v, want one", got, err)
	}
}

func TestTextColumn(t *testing.T) {
	for _, c := range []struct {
		name, text string
		isText     bool
	}{
		{"ASCII", "BEGIN:VCARD", true},
		{"UTF-8", "ä€😀", true},
		{"Windows-1252", "M\xfcller", false},
		{"UTF-16", "B\x00E\x00", false},
	} {
		if _, got := textColumn([]byte(c.text)).(string); got != c.isText {
			t.Errorf("%s: TEXT %v, want %v", c.name, got, c.isText)
		}
	}
}
