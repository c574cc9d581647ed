package enginetest_test

import (
	"strings"
	"testing"
)

// TestSimulationNamed runs the seeds that failed once, by what was wrong.
func TestSimulationNamed(t *testing.T) {
	for name, seed := range map[string]uint64{
		"older version of equal content lives on":        864684,
		"announced write lost with its metadata":         940500,
		"unreadable before the first look after a loss":  941369,
		"tag of an item deleted on a phone without tags": 904518,
		"made again where the deletion wasn't heard of":  828714,
		"overwritten value lost to a crash":              34905,
		"peer restored before its edit was learned":      29184,
		"drop cut short":                                           37776,
		"item that can't be dropped for now":                       45675,
		"note outlived its item's deletion at one replica":         160008,
		"versions of existence to and fro between two":             12750,
		"element of a list back after a deletion that it left":     211412,
		"restored phone without a mark":                            223705,
		"made again on a phone that heard of its deletion":         352675,
		"the same after a deletion that another took back":         359654,
		"the same under a filter":                                  380775,
		"the same after two had made it":                           445059,
		"the same on a clone":                                      770378,
		"the same without a deletion at the other":                 944135,
		"announced deletion that met an edit":                      471033,
		"the same after a backup":                                  533966,
		"edit on a phone that came to what a computer had":         448504,
		"restored while a crash hid what was written":              455148,
		"the same with nothing known of it":                        617202,
		"the same with an edit":                                    640038,
		"two objects with one UID and no metadata":                 703744,
		"made again on a phone, and on another":                    984863,
		"lives on without a part, told by its existence":           1005773,
		"lives on without a part, new on the phone":                1021489,
		"deletions that saw differently, between two stores":       1002089,
		"restored place with what its journal never told of":       1272749,
		"deletion on a phone restored before a resolution":         414414,
		"announced creation beside an object of its UID":           299030,
		"copy that edited and deleted before it met anybody":       575203,
		"copy that edited and deleted, and an empty list":          818750,
		"restored one that edited and deleted":                     962739,
		"edit back to what the view has meets a deletion":          716021,
		"two tombstones that go round two phones":                  1060707,
		"deleted as it was taken from a phone and settled at once": 1269550,
		"lived on with an older version of what was deleted":       1065011,
		"rules of phones in an exchange: existence":                202483,
		"rules of phones in an exchange: beside two phones":        317564,
		"rules of phones in an exchange: among five":               320015,
	} {
		t.Run(name, func(t *testing.T) {
			if trace, failure := simulate(seed); failure != "" {
				t.Fatalf("%s\n%s", strings.Join(trace, "\n"), failure)
			}
		})
	}
}
