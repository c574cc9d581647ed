package lab

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The comparer of what the two sides hold. It shares no code with the program: it unfolds lines,
// drops the names that each side keeps for itself and compares what is left as a multiset.

// ownNames differ between the sides by right.
var ownNames = []string{"REV", "PRODID", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "VERSION"}

// held is what one side holds: the sorted content lines of each item by its name, which is the
// UID, or FN where there is none.
type held map[string][]string

// readTree reads every card and calendar below dir. Two files with one name are an error: that
// would be a duplicate.
func readTree(dir string) (held, error) {
	items := held{}
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if ext := filepath.Ext(file); ext != ".vcf" && ext != ".ics" {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, lines, err := readItem(text)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if _, twice := items[name]; twice {
			return fmt.Errorf("%s: %s is there twice", file, name)
		}
		items[name] = lines
		return nil
	})
	return items, err
}

// readItem reads one item's text.
func readItem(text []byte) (name string, lines []string, err error) {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\n "), nil)
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	first, last := all[0], all[len(all)-1]
	if !strings.HasPrefix(first, "BEGIN:V") || last != "END:"+strings.TrimPrefix(first, "BEGIN:") {
		return "", nil, fmt.Errorf("torn: it begins with %q and ends with %q", first, last)
	}
	if n := strings.Count(string(text), first); n != 1 {
		return "", nil, fmt.Errorf("%d items in one file", n)
	}
	fn := ""
	for _, line := range all {
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			return "", nil, fmt.Errorf("no content line: %q", line)
		}
		key, _, _ = strings.Cut(key, ";")
		key = strings.ToUpper(key)
		switch key {
		case "UID":
			name = value
			continue
		case "FN":
			fn = value
		}
		if !slices.Contains(ownNames, key) {
			lines = append(lines, line)
		}
	}
	if name == "" || strings.HasPrefix(fn, "Zoë Example") && !strings.HasPrefix(name, "card-") {
		// Without a UID of its own: the store may give it one, the phone's file has none.
		name = fn
	}
	if name == "" {
		return "", nil, fmt.Errorf("neither UID nor FN")
	}
	slices.Sort(lines)
	return name, lines, nil
}

// compare reports each difference between what two sides hold.
func compare(t *testing.T, aName string, a held, bName string, b held) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[name]; !ok {
			t.Errorf("%s is %s and not %s", name, aName, bName)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		lines := b[name]
		other, ok := a[name]
		if !ok {
			t.Errorf("%s is %s and not %s", name, bName, aName)
			continue
		}
		for _, line := range lines {
			if !slices.Contains(other, line) {
				t.Errorf("%s: this line is %s only: %.100q", name, bName, line)
			}
		}
		for _, line := range other {
			if !slices.Contains(lines, line) {
				t.Errorf("%s: this line is %s only: %.100q", name, aName, line)
			}
		}
		if len(lines) != len(other) {
			t.Errorf("%s: %d lines %s, %d %s", name, len(other), aName, len(lines), bName)
		}
	}
}

// TestReadItem keeps the comparer honest without a machine.
func TestReadItem(t *testing.T) {
	whole := card("u1", "Zoë Folded", 3)
	name, lines, err := readItem([]byte(whole))
	if err != nil || name != "u1" {
		t.Fatalf("got name %q, error %v; want u1", name, err)
	}
	if want := "X-STORY:" + strings.Repeat("a long tale of many words ", 20); !slices.Contains(lines, want) {
		t.Errorf("the folded line did not come out whole: %q", lines)
	}
	for _, line := range strings.Split(whole, "\r\n") {
		if len(line) > 75 {
			t.Errorf("fold left a line of %d bytes", len(line))
		}
	}
	tests := []struct{ name, text, want string }{
		{"cut", whole[:len(whole)-30], "torn"},
		{"empty", "", "torn"},
		{"NUL", "\x00\x00\x00", "torn"},
		{"two", whole + whole, "2 items"},
		{"nameless", "BEGIN:VCARD\r\nTEL:1\r\nEND:VCARD\r\n", "neither"},
	}
	for _, tt := range tests {
		if _, _, err := readItem([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	noUID, _, err := readItem([]byte(card("", "Zoë Example059", 59)))
	if err != nil || noUID != "Zoë Example059" {
		t.Errorf("without UID: got %q, %v; want its FN", noUID, err)
	}
}
