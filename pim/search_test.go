package pim

import "testing"

func TestSearch(t *testing.T) {
	rows := [][2]string{{"SUMMARY", "Zoë Müller-Søgaard"}, {"TEL", "+49 (30) 123-45 67"}, {"EMAIL", "zoe@Example.org"}, {"ADR", `;;Große Straße 5;Łódź;;90-001;Polska`}, {"NOTE", "room 2026, 12"}, {"PHOTO", "abcdefgh"}}
	tests := []struct {
		query string
		want  bool
	}{
		{"", true}, {"  ", true}, {"zoe", true}, {"ZOË", true}, {"Zoe\u0308", true}, {"muller", true}, {"Müller", true}, {"sogaard", true}, {"søgaard", true},
		{"muller zoe", true}, {"zoe nobody", false}, {"zoe lodz", true}, {"grosse strasse", true}, {"strasse grosse", true}, {"GROSSE STRAßE", true},
		{"example.org", true}, {"abcdefgh", false}, {"mull er", true},
		{"1234567", true}, {"30 123", true}, {"030 123 45 67", true}, {"030/1234567", true}, {"+49301234567", true}, {"0049 30 1234567", true}, {"(030) 123", true},
		{"030 999", false}, {"zoe 1234", true}, {"zoe 9999", false}, {"2026", true}, {"room 12", true}, {"90-001", true}, {"+", true},
	}
	for _, tt := range tests {
		s := NewSearch(tt.query)
		got := s.Match(func(yield func(string, string) bool) {
			for _, r := range rows {
				if !yield(r[0], r[1]) {
					return
				}
			}
		})
		if got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.query, got, tt.want)
		}
		all := ""
		for _, r := range rows {
			all += r[0] + ":" + r[1] + "\n"
		}
		if tt.want && !s.May(all) {
			t.Errorf("%q: ruled out, and it matches", tt.query)
		}
	}
	if NewSearch("nobody").May("zoe") {
		t.Error("nobody isn't ruled out")
	}
	// A zero that is dialled within the country alone.
	for _, tel := range []string{"+49 (0)171 1234567", "(+49) 0171/1234567", "0049-(0)171-1234567", "+49 171 1234567", "01711234567"} {
		for q, want := range map[string]bool{
			"+491711234567": true, "00491711234567": true, "491711234567": true, "01711234567": true, "1711234567": true, "+49 (0)171 1234567": true, "(+49) 0171 1234567": true,
			"+49 1711234568": false,
		} {
			if got := NewSearch(q).Match(func(yield func(string, string) bool) { yield("TEL", tel) }); got != want {
				t.Errorf("%q in %q: got %v, want %v", q, tel, got, want)
			}
		}
	}
	// A number without its country's code is found by one with it.
	national := func(yield func(string, string) bool) { yield("TEL", "030 1234567") }
	for q, want := range map[string]bool{"+49 30 1234567": true, "30 1234567": true, "+49 40 1234567": false} {
		if got := NewSearch(q).Match(national); got != want {
			t.Errorf("%q in 030 1234567: got %v, want %v", q, got, want)
		}
	}
}
