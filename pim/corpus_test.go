package pim

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// corpusDir finds the test corpus; tests that need it skip without.
func corpusDir(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("CRADLE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "vcard")); err != nil {
		t.Skipf("no corpus in %s; set CRADLE_CORPUS", dir)
	}
	return dir
}

type corpusFile struct {
	name    string
	data    []byte
	objects int // by INDEX.tsv, -1 if it isn't listed there
}

func corpusFiles(t testing.TB) []corpusFile {
	t.Helper()
	dir := corpusDir(t)
	var out []corpusFile
	for _, sub := range []string{"vcard", "ical"} {
		index, err := os.ReadFile(filepath.Join(dir, sub, "INDEX.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int{}
		for _, l := range strings.Split(string(index), "\n")[1:] {
			f := strings.Split(l, "\t")
			if len(f) < 3 {
				continue
			}
			n, err := strconv.Atoi(f[2])
			if err != nil {
				t.Fatalf("%s INDEX.tsv: %q", sub, l)
			}
			counts[f[0]] = n
		}
		entries, err := os.ReadDir(filepath.Join(dir, sub))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Name() == "INDEX.tsv" || e.Name() == "SOURCES.md" {
				continue
			}
			data, err := os.ReadFile(filepath.Join(dir, sub, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			n, ok := counts[e.Name()]
			if !ok {
				n = -1
			}
			out = append(out, corpusFile{sub + "/" + e.Name(), data, n})
		}
	}
	if len(out) < 200 {
		t.Fatalf("only %d corpus files in %s", len(out), dir)
	}
	return out
}

// components counts the item components of an object, overrides included.
func components(o Object) int {
	t := Parse(o.Text)
	n := 0
	for _, c := range t.Components {
		if c.Name != "" && kindOfComponent(c.Name) == o.Kind {
			n++
		}
	}
	return n
}

// explained are the files in which this package finds another number of
// components than the independent reader of INDEX.tsv.
var explained = map[string]struct {
	got int
	why string
}{
	"vcard/entourage11_none_qtpim_Entourage11-nonascii.vcf": {1, "lines end in CR alone"},
	"vcard/folker_v21_utf-8.vcf":                            {1, "a byte order mark before BEGIN"},
	"vcard/vcardnet_v21_John-Doe.vcf":                       {2, "AGENT:BEGIN:VCARD, the nested card counts"},
	"vcard/vcardnet_v30_John-Doe.vcf":                       {2, "AGENT:BEGIN:VCARD, the nested card counts"},
	"vcard/vcardnet_v40_John-Doe.vcf":                       {2, "AGENT:BEGIN:VCARD, the nested card counts"},
	"ical/nokia_bare_gammu_nokia.vnt":                       {1, "a VNOTE is a note"},
}

func TestCorpusObjects(t *testing.T) {
	seen := 0
	for _, f := range corpusFiles(t) {
		got := 0
		file := Read(f.data)
		for _, o := range file.Objects {
			got += components(o)
		}
		if e, ok := explained[f.name]; ok {
			seen++
			if got != e.got {
				t.Errorf("%s: %d components, want %d (%s)", f.name, got, e.got, e.why)
			}
			continue
		}
		if f.objects >= 0 && got != f.objects {
			t.Errorf("%s: %d components, INDEX.tsv has %d (torn %v) %v", f.name, got, f.objects, file.Torn, file.Problems)
		}
	}
	if seen != len(explained) {
		t.Errorf("%d of %d explained files seen", seen, len(explained))
	}
}

func TestCorpusItems(t *testing.T) {
	for _, f := range corpusFiles(t) {
		for i, o := range Read(f.data).Objects {
			item, err := o.Kind.New(o.Text, "c")
			if err != nil {
				t.Errorf("%s object %d: %v", f.name, i, err)
				continue
			}
			if got := o.Kind.UID(item); got != o.UID {
				t.Errorf("%s object %d: UID %q, Read had %q", f.name, i, got, o.UID)
			}
			for _, u := range o.Kind.Units() {
				lines := o.Kind.UnitText(item, u)
				back, err := o.Kind.WithUnit(item, u, lines)
				if err != nil {
					t.Errorf("%s object %d unit %s: %v\n%q", f.name, i, u, err, lines)
					continue
				}
				if !o.Kind.Equal(item, back) {
					t.Errorf("%s object %d unit %s: WithUnit(UnitText) differs", f.name, i, u)
				}
			}
		}
	}
}
