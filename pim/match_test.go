package pim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cradle/valuebag"
)

func TestMatches(t *testing.T) {
	entry := func(name, lines string) string {
		return calendar("BEGIN:" + name + "\r\n" + lines + "END:" + name + "\r\n")
	}
	ada := "FN:Ada Lovelace\r\n"
	tests := []struct {
		name string
		kind *Kind
		a, b []string
		want string // a-b reason, ? for a proposal
	}{
		{"equal, in another version", Contacts, []string{v21("N:L;A\r\nTEL;HOME:1\r\n")}, []string{v30("TEL;TYPE=home:1\r\nN:L;A\r\n")}, "0-0 same content"},
		{"two equal on each side", Contacts, []string{v30(ada), v30(ada)}, []string{v30(ada), v30(ada)}, "0-0 same content, 1-1 same content"},
		{"two equal, one there", Contacts, []string{v30(ada), v30(ada)}, []string{v30(ada)}, "0-0 same content"},
		{"name and number", Contacts, []string{v30(ada + "TEL:+49 30 1234567\r\n")}, []string{v30("FN:ADA  Lóvelace\r\nTEL:030/1234567\r\nNOTE:x\r\n")}, "0-0 same name and number"},
		{"name and address", Contacts, []string{v30(ada + "EMAIL:Ada@Example.org\r\n")}, []string{v30(ada + "EMAIL:ada@example.org\r\nTEL:1\r\n")}, "0-0 same name and e-mail address"},
		{"name alone", Contacts, []string{v30(ada + "TEL:1234567\r\n")}, []string{v30(ada + "TEL:7654321\r\n")}, ""},
		{"two that fit one", Contacts, []string{v30(ada + "TEL:1234567\r\n")}, []string{v30(ada + "TEL:1234567\r\nNOTE:x\r\n"), v30(ada + "TEL:1234567\r\nNOTE:y\r\n")}, ""},
		{"two of the first side that fit one", Contacts, []string{v30(ada + "TEL:1234567\r\nNOTE:x\r\n"), v30(ada + "TEL:1234567\r\nNOTE:y\r\n")}, []string{v30(ada + "TEL:1234567\r\n")}, ""},
		{"equal before alike", Contacts, []string{v30(ada + "TEL:1234567\r\n")}, []string{v30(ada + "TEL:1234567\r\nNOTE:x\r\n"), v30(ada + "TEL:1234567\r\n")}, "0-1 same content"},
		{"names that fit", Contacts, []string{v30("FN:A. Lovelace\r\nTEL:1234567\r\n")}, []string{v30(ada + "TEL:1234567\r\n")}, "0-0 ?same number, names that fit"},
		{"names in another order", Contacts, []string{v30("FN:Lovelace, Ada\r\nEMAIL:a@b\r\n")}, []string{v30(ada + "EMAIL:a@b\r\n")}, "0-0 ?same e-mail address, names that fit"},
		{"letters with a stroke", Contacts, []string{v30("FN:Łucja Żółć\r\nTEL:+48 22 555-12-34\r\n")}, []string{v30("FN:Lucja Zolc\r\nTEL:+48225551234\r\n")}, "0-0 same name and number"},
		{"Danish and German letters", Contacts, []string{v30("FN:Søren Groß\r\nTEL:+49 (0)89 12345\r\n")}, []string{v30("FN:SOREN GROSS\r\nTEL:+498912345\r\n")}, "0-0 same name and number"},
		{"a title", Contacts, []string{v30("N:Müller;Jörg;;Dr.;\r\nTEL:1234567\r\n")}, []string{v30("FN:Jörg Müller\r\nTEL:1234567\r\n")}, "0-0 ?same number, names that fit"},
		{"no name", Contacts, []string{v30("TEL:1234567\r\n")}, []string{v30(ada + "TEL:1234567\r\n")}, "0-0 ?same number, names that fit"},
		{"one number, two people", Contacts, []string{v30("FN:Bob\r\nTEL:1234567\r\n")}, []string{v30(ada + "TEL:1234567\r\n")}, ""},
		{"a short number", Contacts, []string{v30("FN:Ada\r\nTEL:110\r\n")}, []string{v30(ada + "TEL:110\r\n")}, ""},
		{"an extension", Contacts, []string{v30(ada + "TEL:+49 30 1234567,12\r\n")}, []string{v30(ada + "TEL:0301234567\r\n")}, "0-0 same name and number"},
		{"an event", Events, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART:20260101T100000Z\r\n")}, []string{entry("VEVENT", "SUMMARY:tea\r\nDTSTART:20260101T100000Z\r\nLOCATION:x\r\n")}, "0-0 same subject and start"},
		{"in another zone", Events, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART:20260101T100000Z\r\n")}, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART;TZID=Europe/Berlin:20260101T110000\r\n")}, "0-0 same subject and start"},
		{"a day and its midnight", Events, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART:20260101T000000Z\r\n")}, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART;VALUE=DATE:20260101\r\n")}, ""},
		{"a clock without a zone", Events, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART:20260101T100000Z\r\n")}, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART:20260101T100000\r\n")}, ""},
		{"another day", Events, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART:20260101T100000Z\r\n")}, []string{entry("VEVENT", "SUMMARY:Tea\r\nDTSTART:20260102T100000Z\r\n")}, ""},
		{"a task", Tasks, []string{entry("VTODO", "SUMMARY:Pay\r\n")}, []string{entry("VTODO", "SUMMARY:Pay\r\nPRIORITY:1\r\n")}, "0-0 same subject, neither with a date"},
		{"a note", Notes, []string{entry("VJOURNAL", "SUMMARY:T\r\nDESCRIPTION:a\r\n")}, []string{entry("VJOURNAL", "SUMMARY:T\r\nDESCRIPTION:b\r\n")}, "0-0 ?same title"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			side := func(texts []string) (out []*valuebag.Values) {
				for _, s := range texts {
					out = append(out, mustNew(t, tt.kind, s))
				}
				return out
			}
			a, b := side(tt.a), side(tt.b)
			var got []string
			for _, m := range tt.kind.Matches(a, b) {
				mark := ""
				if !m.Sure {
					mark = "?"
				}
				got = append(got, fmt.Sprintf("%d-%d %s%s", m.A, m.B, mark, m.Reason))
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
}

// Nothing is in two matches, and the sides may be exchanged.
func TestLawMatches(t *testing.T) {
	people := []string{"FN:Ada Lovelace\r\n", "FN:A Lovelace\r\n", "FN:Bob\r\n", ""}
	lines := []string{"TEL:1234567\r\n", "TEL:7654321\r\n", "EMAIL:a@b\r\n", "NOTE:x\r\n"}
	rapid.Check(t, func(t *rapid.T) {
		side := func(label string) (out []*valuebag.Values) {
			for i := range rapid.IntRange(0, 5).Draw(t, label) {
				text := rapid.SampledFrom(people).Draw(t, fmt.Sprint(label, i))
				for _, l := range rapid.SliceOfNDistinct(rapid.SampledFrom(lines), 0, 3, rapid.ID[string]).Draw(t, fmt.Sprint(label, "lines", i)) {
					text += l
				}
				item, err := Contacts.New([]byte(v30(text)), "")
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, item)
			}
			return out
		}
		a, b := side("a"), side("b")
		ab, ba := Contacts.Matches(a, b), Contacts.Matches(b, a)
		usedA, usedB := map[int]bool{}, map[int]bool{}
		for _, m := range ab {
			if usedA[m.A] || usedB[m.B] {
				t.Fatalf("an item is in two matches: %+v", ab)
			}
			usedA[m.A], usedB[m.B] = true, true
			back := slices.ContainsFunc(ba, func(o Match) bool {
				return o.A == m.B && o.B == m.A && o.Reason == m.Reason && o.Sure == m.Sure
			})
			if !back && m.Reason != "same content" {
				t.Fatalf("%+v isn't in the exchanged %+v", m, ba)
			}
		}
		if len(ab) != len(ba) {
			t.Fatalf("%d matches, %d exchanged", len(ab), len(ba))
		}
	})
}

func TestFill(t *testing.T) {
	dst := v30("UID:a\r\nFN:Ada\r\nTEL;TYPE=home:+49 30 1234567\r\nNOTE:mine\r\nX-MINE:1\r\n")
	src := v21("N:L;Ada\r\nTEL;CELL:030 1234567\r\nTEL:7654321\r\nNOTE:theirs\r\nEMAIL:a@b\r\nCATEGORIES:x\r\n")
	want := v30("UID:a\r\nFN:Ada\r\nTEL;TYPE=home:+49 30 1234567\r\nTEL:7654321\r\nNOTE:mine\r\nX-MINE:1\r\nEMAIL:a@b\r\nCATEGORIES:x\r\n")
	a := Contacts.SetCollection(mustNew(t, Contacts, dst), "home")
	got, err := Contacts.Fill(a, mustNew(t, Contacts, src))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(Contacts.Text(got)); s != want || Contacts.Collection(got) != "home" {
		t.Errorf("got  %q\nwant %q", s, want)
	}
	again, err := Contacts.Fill(got, mustNew(t, Contacts, src))
	if err != nil || string(Contacts.Text(again)) != want {
		t.Errorf("filled again: %q (%v)", Contacts.Text(again), err)
	}
}

// Of one occurrence of a series there is one form: the item's own.
func TestFillOverrides(t *testing.T) {
	series := func(s string) string {
		return calendar("BEGIN:VEVENT\r\nUID:s\r\nSUMMARY:x\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:s\r\nRECURRENCE-ID:20260101\r\nSUMMARY:" + s + "\r\nEND:VEVENT\r\n")
	}
	got, err := Events.Fill(mustNew(t, Events, series("mine")), mustNew(t, Events, series("theirs")))
	if err != nil || string(Events.Text(got)) != series("mine") {
		t.Errorf("got %q (%v)", Events.Text(got), err)
	}
}

// What an item has is never taken away or changed by what fills it, and filling
// twice is filling once.
func TestLawFill(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		dst, src := drawItem(t, k), drawItem(t, k)
		got, err := k.Fill(dst, src)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range k.Units() {
			had, has := k.unitStrings(dst, u), k.unitStrings(got, u)
			if len(had) > 0 && !k.IsList(u) && !slices.Equal(had, has) {
				t.Fatalf("%s: %q became %q", u, had, has)
			}
			for _, s := range had {
				if !slices.Contains(has, s) {
					t.Fatalf("%s lost %q: %q", u, s, has)
				}
			}
		}
		again, err := k.Fill(got, src)
		if err != nil || string(k.Text(again)) != string(k.Text(got)) {
			t.Fatalf("filled twice: %q, once %q (%v)", k.Text(again), k.Text(got), err)
		}
	})
}
