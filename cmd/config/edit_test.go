package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEdit(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		settings   []Setting
		want       string
		fails      string
	}{
		{"no file", "", []Setting{{"auto", "false"}}, "[phone.\"S1\"]\n# Pixel 8\nauto = false\n", ""},
		{"no table", "# mine\n[phone.\"X\"]\ndiscover = \"off\"", []Setting{{"conflict", `"phone"`}},
			"# mine\n[phone.\"X\"]\ndiscover = \"off\"\n\n[phone.\"S1\"]\n# Pixel 8\nconflict = \"phone\"\n", ""},
		{"a table between others", "[phone.S1]\n# my own\ndiscover = \"off\" # why\n[phone.\"*\"]\nauto = true\n", []Setting{{"auto", "false"}},
			"[phone.S1]\n# my own\nauto = false\ndiscover = \"off\" # why\n[phone.\"*\"]\nauto = true\n", ""},
		{"a line changed", "[phone.'S1']\nauto = true\nkinds = [\"notes\"]\n", []Setting{{"auto", "false"}, {"kinds", `["contacts", "events"]`}},
			"[phone.'S1']\nauto = false\nkinds = [\"contacts\", \"events\"]\n", ""},
		{"a line taken out", "[phone.S1]\nauto = true\ndiscover = \"off\"\n", []Setting{{"auto", ""}}, "[phone.S1]\ndiscover = \"off\"\n", ""},
		{"nothing to take out", "[phone.S1]\ndiscover = \"off\"\n", []Setting{{"auto", ""}}, "[phone.S1]\ndiscover = \"off\"\n", ""},
		{"no line end", "[phone.S1]", []Setting{{"auto", "true"}}, "[phone.S1]\nauto = true\n", ""},
		{"a value over several lines", "[phone.S1]\nkinds = [\n  \"notes\",\n]\n", []Setting{{"kinds", `["events"]`}}, "", "yourself"},
		{"an inline table", "phone = {S1 = {auto = true}}\n", []Setting{{"auto", "false"}}, "", "yourself"},
		{"no TOML", "[phone.S1\n", []Setting{{"auto", "false"}}, "", "line 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := edit([]byte(tt.text), "c.toml", "S1", "Pixel 8", tt.settings)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("got %q, %v; want an error with %q", got, err, tt.fails)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestEditAnyName: any name of a phone makes a table that is found under it again,
// and a second edit of the same changes nothing.
func TestEditAnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.StringMatching(`[A-Z0-9]{1,12}`), rapid.StringMatching(`dir:/[a-z ./"\\']{0,10}`), rapid.String()).Draw(t, "name")
		title := rapid.String().Draw(t, "title")
		set := []Setting{{"auto", "false"}, {"conflict", `"phone"`}}
		text := []byte("# mine\n[phone.\"*\"]\nauto = true\n")
		next, err := edit(text, "c.toml", name, title, set)
		if err != nil {
			return // told, and nothing written
		}
		c, err := Read(strings.NewReader(string(next)), "c.toml")
		if err != nil {
			t.Fatalf("%q: %v", next, err)
		}
		if p := c.Phone(name); p.Auto == nil || *p.Auto || p.Conflict != "phone" {
			t.Fatalf("%q is read as %+v", next, p)
		}
		if name != EveryPhone && !strings.HasPrefix(string(next), string(text)) {
			t.Fatalf("lines of others were touched: %q", next)
		}
		if again, err := edit(next, "c.toml", name, title, set); err != nil || string(again) != string(next) {
			t.Fatalf("a second edit: got %q, %v; want %q", again, err, next)
		}
	})
}

func TestEditFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new", "config.toml")
	if err := Edit(path, "S1", "", Setting{"auto", "false"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a new file: got %v, %v; want mode 0600", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.toml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := Edit(link, "S1", "", Setting{"auto", "true"}); err != nil {
		t.Fatal(err)
	}
	if info, err = os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info.Mode(), err)
	}
	if info, err = os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got %v, %v; want the mode kept", info.Mode(), err)
	}
}
