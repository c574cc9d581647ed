package enginetest

import (
	"slices"
	"testing"

	"cradle/engine"
	"cradle/valuebag"
)

// plain has no capability, logging one.
type plain struct{}

func (plain) Start(testing.TB) engine.Provider          { return nil }
func (plain) Edit(testing.TB, string, *valuebag.Values) {}
func (plain) Items(testing.TB) []*valuebag.Values       { return nil }

type logging struct{ plain }

func (logging) Conflicts(testing.TB) []engine.Conflict { return nil }

// A skip that isn't in the table, or shouldn't be, fails.
func TestCheckSkips(t *testing.T) {
	all := func(but ...Capability) map[Capability]string {
		m := map[Capability]string{}
		for c := range capabilities {
			if !slices.Contains(but, c) {
				m[c] = "a reason"
			}
		}
		return m
	}
	with := func(m map[Capability]string, c Capability, reason string) map[Capability]string {
		m[c] = reason
		return m
	}
	for _, row := range []struct {
		name string
		p    Participant
		skip map[Capability]string
		want []string
	}{
		{"all named", plain{}, all(), nil},
		{"all named, one there", logging{}, all(CanLog), nil},
		{"one not named", plain{}, all(CanCrash), []string{"the participant has no crash, and Skip doesn't say why"}},
		{"one named that is there", logging{}, all(), []string{"log is skipped, and the participant has it"}},
		{"no reason", plain{}, with(all(), CanQuiet, " "), []string{"quiet is skipped without a reason"}},
		{"unknown", plain{}, with(all(), "telepathy", "a reason"), []string{`the suite has no capability "telepathy" to skip`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := checkSkips(row.p, row.skip); !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}
