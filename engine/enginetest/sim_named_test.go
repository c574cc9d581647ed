package enginetest_test

import (
	"strings"
	"testing"
)

// TestSimulationNamed runs the seeds that failed once, by what was wrong.
func TestSimulationNamed(t *testing.T) {
	for name, seed := range map[string]uint64{
		"overwritten value lost to a crash":                    34905,
		"peer restored before its edit was learned":            29184,
		"drop cut short":                                       37776,
		"item that can't be dropped for now":                   45675,
		"note outlived its item's deletion at one replica":     160008,
		"versions of existence to and fro between two":         12750,
		"element of a list back after a deletion that it left": 211412,
		"restored phone without a mark":                        223705,
	} {
		t.Run(name, func(t *testing.T) {
			if trace, failure := simulate(seed); failure != "" {
				t.Fatalf("%s\n%s", strings.Join(trace, "\n"), failure)
			}
		})
	}
}
