package hostprovider

import (
	"encoding/json"
	"strings"
	"testing"

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

// FuzzLines: whatever stands in body.lines, reading it gives rows or an error.
func FuzzLines(f *testing.F) {
	f.Add(string(appendLines(nil, pim.Properties([]byte(card("u", "A", "TEL:1", "item1.EMAIL;TYPE=x:y"))))))
	f.Add(`{"1":[null,null,null,null,null]}`)
	f.Add(`{"x":[]}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, s string) {
		lines, err := parseLines(s)
		if err != nil {
			return
		}
		for pos, l := range lines {
			if l.name == "" && !strings.Contains(s, `""`) {
				t.Fatalf("row %d has no name in %q", pos, s)
			}
		}
	})
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
