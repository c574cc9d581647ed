package pim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A card or an entry with nothing in it is no item, and a file of them is told in
// one line, whichever way it is read.
func TestHollow(t *testing.T) {
	const bare = "BEGIN:VEVENT\r\n"
	tests := []struct {
		name, in string
		uids     string
		want     []string // problems
	}{
		{"an entry", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "", []string{"line 4: VEVENT with nothing in it: no item was made of it"}},
		{"a card", "\r\nBEGIN:VCARD\r\nEND:VCARD\r\n", "", []string{"line 2: VCARD with nothing in it: no item was made of it"}},
		{"200,000 BEGINs", strings.Repeat(bare, 200_000), "", []string{
			"line 1: VEVENT with nothing in it, the first of 200000 like this: no items were made of them", "line 200000: VEVENT" + cutOff}},
		{"between others", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + bare + bare + "UID:a\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", "a",
			[]string{"line 3: VEVENT with nothing in it, the first of 2 like this: no items were made of them"}},
		{"between cards", card("FN:a\r\nUID:a\r\n") + "BEGIN:VCARD\r\nEND:VCARD\r\n" + card("FN:b\r\nUID:b\r\n") + "BEGIN:VCARD\r\nEND:VCARD\r\n", "a b",
			[]string{"line 5: VCARD with nothing in it, the first of 2 like this: no items were made of them"}},
		{"a line is something", "BEGIN:VEVENT\r\nx\r\nEND:VEVENT\r\n", " ", []string{"line 2: not a content line: kept as it stands, and not shown"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, f := range map[string]File{"Read": Read([]byte(tt.in)), "Scanner": scannedTwice(t, []byte(tt.in))} {
				var uids, got []string
				for _, o := range f.Objects {
					uids = append(uids, o.UID+strings.Repeat(" ", max(1-len(o.UID), 0)))
				}
				for _, p := range f.Problems {
					got = append(got, p.String())
				}
				slices.Sort(got)
				if strings.Join(uids, " ") != tt.uids || !slices.Equal(got, tt.want) {
					t.Errorf("%s: items %q, want %q; problems\n%q, want\n%q", name, uids, tt.uids, got, tt.want)
				}
				for i := range f.Objects {
					if _, err := f.Objects[i].Item(""); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		})
	}
}

// Entries that only lost their ENDs are all there, and told one by one as long as
// they are few.
func TestWithoutEnd(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nUID:%d\r\n", i)
	}
	f := Read([]byte(b.String()))
	if len(f.Objects) != 5000 || len(f.Problems) != maxNoEnd+1 {
		t.Fatalf("%d items, %d problems", len(f.Objects), len(f.Problems))
	}
	want := "line 199: VEVENT without END, and 4899 more behind it: each taken to end where the next begins, all lines kept"
	if got := f.Problems[maxNoEnd-1].String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
