package engine

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFilterText(t *testing.T) {
	for _, tt := range []struct {
		name string
		f    Filter
		want string
	}{
		{"none", Filter{}, ""},
		{"units", Filter{Without: []string{"photo", "adr", "photo"}}, "without=adr&without=photo"},
		{"rules by name, parameters as they are", Filter{Rules: []Rule{{"window", []string{"90", ""}}, {"leave-out", []string{"b", "a & b"}}}}, "leave-out=b&leave-out=a+%26+b&window=90&window="},
		{"a rule without parameters", Filter{Rules: []Rule{{Name: "done"}}}, "done="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.f.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			back, err := ParseFilter(tt.want)
			if err != nil || !back.Equal(tt.f) {
				t.Errorf("read again: %+v %v", back, err)
			}
		})
	}
	for _, bad := range []string{"a=%zz", "=x", strings.Repeat("a", maxFilterText+1)} {
		if _, err := ParseFilter(bad); err == nil {
			t.Errorf("%.20q: got no error", bad)
		}
	}
}

// The text says all of a filter, and there is one text for it.
func TestFilterTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Filter
		f.Without = rapid.SliceOfN(rapid.StringMatching("[a-z]{1,5}"), 0, 3).Draw(t, "units")
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching("[a-z-]{1,5}"), 0, 3, rapid.ID).Draw(t, "rules") {
			params := rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "params")
			if name == withoutKey || len(params) == 1 && params[0] == "" {
				continue
			}
			f.Rules = append(f.Rules, Rule{name, params})
		}
		back, err := ParseFilter(f.String())
		if err != nil {
			t.Fatal(err)
		}
		if back.String() != f.String() || !back.Equal(f) {
			t.Errorf("got %+v, want %+v", back, f)
		}
	})
}

func FuzzParseFilter(f *testing.F) {
	f.Add("leave-out=Work&window=90&window=365&without=photo")
	f.Add("%")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseFilter(s)
		if err != nil {
			return
		}
		b, err := ParseFilter(a.String())
		if err != nil || b.String() != a.String() {
			t.Errorf("%q: %q, then %q %v", s, a, b, err)
		}
	})
}
