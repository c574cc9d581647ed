package cmd

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"cradle/hostprovider"

	"pgregory.net/rapid"
)

// TestFolderNames: a collection's folder is one safe name, from which the
// collection comes back.
func TestFolderNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.OneOf(rapid.String(), rapid.StringMatching(`[./%a\\2FE]{0,6}`)).Draw(t, "collection")
		name := folderName(c)
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || strings.HasPrefix(name, ".") {
			t.Fatalf("folder of %q: got %q", c, name)
		}
		want := c
		if c == "" {
			want = hostprovider.DefaultCollection
		}
		if got := collectionOf(name); got != want {
			t.Fatalf("collection of %q: got %q, want %q", name, got, want)
		}
	})
}

// TestPlain: nothing that a terminal acts on comes through.
func TestPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if i := strings.IndexFunc(plain(s), unicode.IsControl); i >= 0 {
			t.Fatalf("plain(%q) has a control character at %d", s, i)
		}
		lines := plainLines(s)
		if i := strings.IndexFunc(strings.ReplaceAll(lines, "\n", ""), unicode.IsControl); i >= 0 {
			t.Fatalf("plainLines(%q) has a control character", s)
		}
	})
	for _, c := range []struct{ name, in, want string }{
		{"escape", "a\x1b[31mb", "a [31mb"},
		{"line end", "a\r\nb", "a  b"},
		{"C1", "a\u009bb", "a b"},
		{"direction", "a\u202eb\u2066c", "a b c"},
		{"letters", "Ünïcödé 日本 🎉", "Ünïcödé 日本 🎉"},
	} {
		if got := plain(c.in); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWorst(t *testing.T) {
	for _, c := range []struct {
		name  string
		codes []int
		want  int
	}{
		{"nothing", nil, 0},
		{"failed items and conflicts", []int{7, 5}, 5},
		{"brake and conflicts", []int{5, 6}, 6},
		{"cable and failed items", []int{7, 3}, 3},
		{"busy and cable", []int{3, 4}, 4},
		{"newer and busy", []int{4, 8}, 8},
		{"failure and newer", []int{8, 1}, 1},
		{"interrupted and all", []int{1, 3, 4, 5, 6, 7, 8, 130}, 130},
	} {
		if got := worst(c.codes...); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

func TestEditorForm(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		crlf           bool
	}{
		{"CRLF", "a\r\nb\r\n", "a\nb\n", true},
		{"LF", "a\nb\n", "a\nb\n", false},
		{"mixed", "a\r\nb\n", "a\r\nb\n", false},
		{"bare CR", "a\rb\r\n", "a\rb\r\n", false},
		{"empty", "", "", false},
	} {
		got, crlf := editorForm([]byte(c.in))
		if string(got) != c.want || crlf != c.crlf {
			t.Errorf("%s: got %q %v, want %q %v", c.name, got, crlf, c.want, c.crlf)
		}
	}
}

// TestCause: an error's text says a thing once.
func TestCause(t *testing.T) {
	sentinel := errors.New("this can't be")
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"behind", fmt.Errorf("run 3 was taken back: %w", sentinel), "run 3 was taken back"},
		{"before", fmt.Errorf("run 3: %w: 5 bytes are missing", sentinel), "5 bytes are missing"},
		{"alone", sentinel, ""},
	} {
		if got := cause(c.err, sentinel); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	if got := innermost(fmt.Errorf("a: %w", fmt.Errorf("b: %w", sentinel))); got != "this can't be" {
		t.Errorf("innermost: got %q", got)
	}
}

// TestCommand: the next step carries this command's phone and store.
func TestCommand(t *testing.T) {
	for _, c := range []struct {
		name, words, want string
		g                 globals
	}{
		{"plain", "sync", "cradle sync", globals{}},
		{"store", "conflicts list", "cradle conflicts list --store 'my store.db'", globals{store: "my store.db"}},
		{"phone", "undo 3", "cradle undo 3 --phone dir:/s --store s.db", globals{store: "s.db", phone: "dir:/s"}},
		{"phone where there is none", "history", "cradle history", globals{phone: "dir:/s"}},
		{"the cable", "undo", "cradle undo", globals{phone: "usb"}},
		{"the same sync", "sync", "cradle sync --only notes", globals{phone: "dir:/s", sync: "cradle sync --only notes"}},
	} {
		if got := c.g.command(c.words); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
