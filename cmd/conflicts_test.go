package cmd

import (
	"strings"
	"testing"

	"cradle/engine"
)

func TestBriefs(t *testing.T) {
	long := "item1.EMAIL;TYPE=INTERNET;TYPE=HOME:somebody.with.a.long.name@example.org"
	for _, tt := range []struct {
		name       string
		kept, lost []string
		a, b       string
	}{
		{"short", []string{"TEL:1"}, []string{"TEL:2"}, `"TEL:1"`, `"TEL:2"`},
		{"none", nil, []string{"TEL:2"}, "nothing", `"TEL:2"`},
		{"another line", []string{long, "TEL:1"}, []string{long, "TEL:2"}, `"…TEL:1"`, `"…TEL:2"`},
		{"one more", []string{long}, []string{long, "item1.X-ABLABEL:Boat"}, "nothing else", `"…item1.X-ABLABEL:Boat"`},
		{"later in one line", []string{long + "/a"}, []string{long + "/b"}, `"…ng.name@example.org/a"`, `"…ng.name@example.org/b"`},
		{"the same", []string{long}, []string{long}, `"` + long[:60] + `…"`, `"` + long[:60] + `…"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := briefs(engine.Conflict{Unit: "email", KeptText: tt.kept, LostText: tt.lost})
			if a != tt.a || b != tt.b {
				t.Errorf("got %s and %s, want %s and %s", a, b, tt.a, tt.b)
			}
			if strings.Join(tt.kept, "") != strings.Join(tt.lost, "") && a == b {
				t.Error("they look the same")
			}
		})
	}
}
