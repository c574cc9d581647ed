package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The commented reference file is one that the program takes, and says what its
// comments say.
func TestReferenceFile(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "config.toml")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := Read(f, path)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	want := Phone{
		Discover: DiscoverTell,
		Auto:     &yes,
		Conflict: "newest", Direction: TwoWay,
		Collections: map[string]Collection{"home": "family"},
		Folders: []Folder{
			{Path: "Documents/Contacts", Kind: "contacts", Collection: "family"},
			{Path: "vdirsyncer/calendars/*"},
		},
	}
	if diff := cmp.Diff(want, c.Phone("Google Pixel 8", "R58M123ABC")); diff != "" {
		t.Errorf("the phone of the reference file (-want +got)\n%s", diff)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range words {
		if !strings.Contains(string(text), w) {
			t.Errorf("docs/config.toml doesn't tell of %q", w)
		}
	}
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		line       int
		err        string
	}{
		{name: "nothing", text: ""},
		{name: "a comment", text: "# nothing\n"},
		{name: "an empty table", text: "[phone.\"X\"]\n"},
		{"a table that isn't known", "\n[phones.\"X\"]\ndiscover = \"off\"\n", 2, `no setting "phones.X`},
		{"a key that isn't known", "[phone.\"X\"]\ndiscover = \"off\"\ncolour = 1\n", 3, `no setting "phone.X.colour"`},
		{"the same word in another table", "[phone.\"X\"]\ndiscover = \"off\"\n[phone.\"Y\"]\nfolder = []\n", 4, "did you mean folders?"},
		{"a key that isn't known in an inline table", "[phone.\"X\"]\nfolders = [\n { path = \"a\" },\n { path = \"b\", colection = \"c\" },\n]\n", 4, "colection"},
		{"no TOML", "[phone.X]\na = = 1\n", 2, "expected value"},
		{"a number for a word", "[phone.\"X\"]\ndiscover = 3\n", 2, `discover "3"`},
		{"a word that isn't one", "[phone.\"X\"]\ndiscover = \"yes\"\n", 2, `discover "yes": want tell, use or off`},
		{"a kind that isn't one", "[phone.\"X\"]\nfolders = [{path=\"a\", kind=\"mail\"}]\n", 2, `kind "mail"`},
		{"a part that no item has", "[phone.\"X\"]\nwithout = [\"photo\", \"foto\"]\n", 2, `without "foto": want one of adr, alarms`},
		{"a part of another kind", "[phone.\"X\"]\nauto = true\nwithout = [\"events/photo\"]\n", 3, `without "events/photo"`},
		{"a part that everything needs", "[phone.\"X\"]\nwithout = [\"name\"]\n", 2, `without "name"`},
		{"no collection", "[phone.\"X\"]\nleave_out = [\"events/\"]\n", 2, `leave_out "events/": want a collection`},
		{"an empty collection to leave out", "[phone.\"X\"]\nleave_out = [\" \"]\n", 2, `leave_out " "`},
		{name: "parts and collections", text: "[phone.\"X\"]\nwithout = [\"photo\", \"events/alarms\"]\nleave_out = [\"Old\", \"events/Work/Home\"]\n"},
		{"the root", "[phone.\"X\"]\nfolders = [{path=\"/\"}]\n", 2, "root is no vdir"},
		{"every folder of the root", "[phone.\"X\"]\nfolders = [{path=\"*\"}]\n", 2, "root is no vdir"},
		{"out of the storage", "[phone.\"X\"]\nfolders = [{path=\"a/../../b\"}]\n", 2, "below the storage's root"},
		{"an absolute path", "[phone.\"X\"]\nfolders = [{path=\"/sdcard/a\"}]\n", 2, "below the storage's root"},
		{"Cradle's own", "[phone.\"X\"]\nfolders = [{path=\"cradle/contacts/personal\"}]\n", 2, "synced anyway"},
		{"a star in the middle", "[phone.\"X\"]\nfolders = [{path=\"a/*/b\"}]\n", 2, "at the end"},
		{"a folder without a path", "[phone.\"X\"]\nfolders = [{kind=\"events\"}]\n", 1, "has no path"},
		{"a folder twice", "[phone.\"X\"]\nfolders = [{path=\"a\"}, {path=\"a/\"}]\n", 1, "twice"},
		{"one collection for many folders", "[phone.\"X\"]\nfolders = [{path=\"a/*\", collection=\"b\"}]\n", 1, "leave collection out"},
		{"a collection that is another without a name", "[phone.\"X\"]\ncollections = {home=\" \"}\n", 2, "empty collection"},
		{"another collection of none", "[phone.\"X\"]\ncollections = {\"\"=\"family\"}\n", 1, "no collection of the phone"},
		{"an empty collection", "[phone.\"X\"]\nfolders = [{path=\"a\", collection=\" \"}]\n", 2, "empty collection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read(strings.NewReader(tt.text), "c.toml")
			if tt.line == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Line != tt.line || !strings.Contains(e.Error(), tt.err) || !strings.HasPrefix(e.Error(), "c.toml, line ") {
				t.Errorf("got %v, want line %d and %q", e, tt.line, tt.err)
			}
		})
	}
}

func TestPhone(t *testing.T) {
	c, err := Read(strings.NewReader(`
[phone."*"]
discover = "off"
folders = [{ path = "a" }]
[phone.Pixel]
discover = "use"
collections = { home = "family", work = "job" }
folders = [{ path = "a", collection = "c" }, { path = "b" }]
[phone.S1]
collections = { home = "clan" }
folders = [{ path = "c" }]
`), "c.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		names []string
		want  Phone
	}{
		{"none of its own", []string{"Other", "S9"}, Phone{Discover: DiscoverOff, Folders: []Folder{{Path: "a"}}}},
		{"its model", []string{"Pixel", "S9"}, Phone{Discover: DiscoverUse, Collections: map[string]Collection{"home": "family", "work": "job"}, Folders: []Folder{{Path: "a", Collection: "c"}, {Path: "b"}}}},
		{"its serial over its model", []string{"Pixel", "S1"}, Phone{Discover: DiscoverUse, Collections: map[string]Collection{"home": "clan", "work": "job"}, Folders: []Folder{{Path: "a", Collection: "c"}, {Path: "b"}, {Path: "c"}}}},
		{"the same name twice", []string{"S1", "S1"}, Phone{Discover: DiscoverOff, Collections: map[string]Collection{"home": "clan"}, Folders: []Folder{{Path: "a"}, {Path: "c"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, c.Phone(tt.names...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	if diff := cmp.Diff([]string{"Pixel", "S1"}, c.Phones()); diff != "" {
		t.Errorf("names (-want +got)\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	good, absent := filepath.Join(dir, "good.toml"), filepath.Join(dir, "absent.toml")
	if err := os.WriteFile(good, []byte("[phone.\"*\"]\ndiscover = \"off\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, flag, env string
		path            string // of the file that was read
		fails           bool
	}{
		{name: "the flag", flag: good, env: absent, path: good},
		{name: "the environment", env: good, path: good},
		{name: "a flag's file that isn't there", flag: absent, fails: true},
		{name: "an environment's file that isn't there", env: absent, fails: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(Env, tt.env)
			c, err := Load(tt.flag)
			if tt.fails {
				if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), absent) {
					t.Errorf("got %v, want fs.ErrNotExist naming the file", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Path != tt.path || c.Phone("x").Discover != DiscoverOff {
				t.Errorf("got %q with %v, want %q with discover off", c.Path, c.Phone("x"), tt.path)
			}
		})
	}
}

// No text makes the reader panic, and what it takes it takes again.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"", "[phone.\"X\"]\nfolders = [{path=\"a/*\", kind=\"events\"}]\n", "[[phone]]\n", "phone.a.folders.b = 1\n", "\"\" = 1\n", "[phone]\nx.\"\" = {}\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Read(strings.NewReader(text), "c.toml")
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Line < 0 || e.Line > strings.Count(text, "\n")+2 {
				t.Fatalf("%v: no *Error with a line of the text", err)
			}
			return
		}
		for _, name := range c.Phones() {
			if err := c.phones[name].check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
