package files

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cradle/mtp"
)

// maxName is the longest file name of Linux's file systems, in bytes.
const maxName = 255

// SafeName gives a name of one path element that is what it says on every file
// system here: no slash, no control character, valid UTF-8, no "." or "..", not
// empty and not too long.
func SafeName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r == '/' || r == utf8.RuneError || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, name)
	if strings.Trim(safe, ".") == "" {
		safe = "_" + safe
	}
	return shorten(safe, maxName-len(partPrefix)-len(partSuffix))
}

// checkName tells names that no phone can take: an object's name is a String of
// the protocol.
func checkName(name string) error {
	if _, err := mtp.AppendString(nil, name); err != nil || name == "" {
		return fmt.Errorf("%q: %w: %w", name, ErrName, cmp.Or(err, mtp.ErrStringInvalid))
	}
	return nil
}

// shorten cuts a name to at most n bytes; its extension stays.
func shorten(name string, n int) string {
	if len(name) <= n {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 {
		ext = ""
	}
	stem := name[:n-len(ext)]
	for len(stem) > 0 && !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return stem + ext
}

// ownNames are the entries' names where all of them are safe and no two are alike, as nearly always; else nil.
func ownNames(entries []mtp.ObjectEntry) []string {
	out := make([]string, len(entries))
	taken := make(map[string]struct{}, len(entries))
	for i := range entries {
		name := entries[i].Name
		if SafeName(name) != name {
			return nil
		}
		taken[name] = struct{}{}
		out[i] = name
	}
	if len(taken) < len(entries) {
		return nil
	}
	return out
}

// names gives each entry a safe name of its own, in the order of the entries.
// Of several with one name the lowest handle keeps it.
func names(entries []mtp.ObjectEntry) []string {
	if out := ownNames(entries); out != nil {
		return out
	}
	order := make([]int, len(entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if c := strings.Compare(entries[a].Name, entries[b].Name); c != 0 {
			return c
		}
		return int(int64(entries[a].Handle) - int64(entries[b].Handle))
	})
	out := make([]string, len(entries))
	taken := map[string]bool{}
	// Names that are safe as they are come first: they stay.
	for _, plain := range []bool{true, false} {
		for _, i := range order {
			safe := SafeName(entries[i].Name)
			if out[i] != "" || plain && (safe != entries[i].Name || taken[safe]) {
				continue
			}
			name := safe
			for n := 2; taken[name]; n++ {
				ext := path.Ext(safe)
				mark := fmt.Sprintf(" (%d)", n)
				name = shorten(strings.TrimSuffix(safe, ext), maxName-len(partPrefix)-len(partSuffix)-len(ext)-len(mark)) + mark + ext
			}
			taken[name] = true
			out[i] = name
		}
	}
	return out
}
