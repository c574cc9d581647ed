package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/pim"
)

func TestCards(t *testing.T) {
	total := 0
	for n := range 1000 {
		c := card(n, 0)
		total += len(c)
		if !bytes.HasPrefix(c, []byte("BEGIN:VCARD\r\n")) || !bytes.HasSuffix(c, []byte("END:VCARD\r\n")) {
			t.Fatalf("card %d is no card:\n%s", n, c)
		}
		if !bytes.Equal(c, card(n, 0)) {
			t.Fatalf("card %d is another the second time", n)
		}
		if bytes.Equal(c, card(n, 1)) {
			t.Fatalf("an edit of card %d changes nothing", n)
		}
	}
	if mean := total / 1000; mean < 300 || mean > 700 {
		t.Errorf("cards have %d bytes on average, want about 500", mean)
	}
}

func TestEdits(t *testing.T) {
	phone := t.TempDir()
	if err := fill(phone, 300); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(phone, "Cradle/contacts/personal/*.vcf"))
	if err != nil || len(files) != 300 {
		t.Fatalf("fill wrote %d files (%v), want 300", len(files), err)
	}
	info, err := os.Stat(files[0])
	if err != nil || time.Since(info.ModTime()) < time.Hour {
		t.Errorf("a filled phone's files are new (%v): every sync would read them again", err)
	}
	if n, err := editOnPhone(phone, 0, 300, 1); n != 3 || err != nil {
		t.Errorf("editOnPhone: got %d, %v; want 3", n, err)
	}
	got, err := os.ReadFile(cardFile(phone, 100))
	if err != nil || !bytes.Equal(got, card(100, 1)) {
		t.Errorf("contact 100 was not edited (%v)", err)
	}
	text, n := editsForStore(50, 300, 2)
	if n != 3 || bytes.Count(text, []byte("BEGIN:VCARD")) != 3 {
		t.Errorf("editsForStore: got %d edits in %d cards, want 3", n, bytes.Count(text, []byte("BEGIN:VCARD")))
	}
}

func TestTable(t *testing.T) {
	fast, slow := map[string][]sample{}, map[string][]sample{}
	for _, f := range floors {
		fast[f.step] = []sample{{time: f.time / 2}, {time: f.time * 3}, {time: f.time / 3}}
		slow[f.step] = []sample{{time: f.time * 2}}
	}
	big := map[string][]sample{}
	for _, f := range floors {
		big[f.step] = []sample{{time: 1, memory: floorMemory + 1}}
	}
	tests := []struct {
		name    string
		n       int
		samples map[string][]sample
		want    bool
	}{
		{"median below", floorContacts, fast, false},
		{"above", floorContacts, slow, true},
		{"too much memory", floorContacts, big, true},
		{"another size has no floors", 500, slow, false},
	}
	for _, tt := range tests {
		var out strings.Builder
		late, err := printTable(&out, tt.n, tt.samples)
		if err != nil || late != tt.want {
			t.Errorf("%s: got late %v, %v; want %v\n%s", tt.name, late, err, tt.want, &out)
		}
		if late != strings.Contains(out.String(), "past its floor") {
			t.Errorf("%s: the table does not say so:\n%s", tt.name, &out)
		}
	}
}

func TestCalendar(t *testing.T) {
	items, err := bags(calendar(50))
	if err != nil || len(items) != 50 {
		t.Fatalf("%d events, %v", len(items), err)
	}
	for i, item := range items {
		text := string(pim.Events.Text(item))
		if strings.Count(text, "BEGIN:VTIMEZONE") != 1 || strings.Count(text, "BEGIN:VALARM") != 1 {
			t.Fatalf("event %d is %s", i, text)
		}
	}
}

// A step that does less than it should is an error, not a result.
func TestFormatWorks(t *testing.T) {
	var cards []byte
	for i := range formatObjects {
		cards = append(cards, card(i, 0)...)
	}
	works, err := formatWorks(cards, calendar(formatObjects))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range works {
		if n, err := w.do(); n != formatObjects || err != nil {
			t.Errorf("%s, %s, %s: %d objects, %v", w.format, w.step, w.by, n, err)
		}
	}
	if err := whole(nil); err == nil {
		t.Error("an empty file is taken for a whole one")
	}
	fewer := work{do: func() (int, error) { return formatObjects - 1, nil }}
	if _, err := cpuOf(t.Context(), fewer); err == nil {
		t.Error("a work that loses an object is measured")
	}
}
