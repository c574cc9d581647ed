package pim

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cradle/valuebag"
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
	"ical/pyicalendar_none_big-bad-calendar.ics":            {0, "twenty entries with nothing in them"},
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

// Every content line of every object is in its rows or is one of the lines that
// no row shows, and its bytes are untouched by edits that change nothing.
func TestCorpusRows(t *testing.T) {
	for _, f := range corpusFiles(t) {
		for i, o := range Read(f.data).Objects {
			rows := Properties(o.Text)
			parsed := Parse(o.Text)
			lines := 0
			for _, l := range parsed.Lines {
				if !l.Junk {
					lines++
				}
			}
			if len(rows) != lines {
				t.Errorf("%s object %d: %d rows for %d content lines", f.name, i, len(rows), lines)
			}
			var edits []PropertyEdit
			for _, r := range rows {
				if r.Name != "VERSION" && r.Name != "AGENT" {
					edits = append(edits, PropertyEdit{Op: EditUpdate, Old: r, New: r})
				}
			}
			got, errs := EditProperties(o.Text, edits)
			for n, err := range errs {
				if err != nil {
					t.Errorf("%s object %d: updating %+v to itself: %v", f.name, i, edits[n].Old, err)
				}
			}
			if want, _ := sourceText(o.Text); string(got) != want && !bytes.Equal(got, o.Text) {
				t.Errorf("%s object %d: edits that change nothing changed the text", f.name, i)
			}
		}
	}
}

// naming are the lines that components are named or read by.
var naming = map[string]bool{"VERSION": true, "AGENT": true, "TZID": true, "RECURRENCE-ID": true, "UID": true}

// Rewriting each line by its row gives an equal item: encode inverts decode in
// every dialect that phones write.
func TestCorpusRowsRewritten(t *testing.T) {
	for _, f := range corpusFiles(t) {
		for i, o := range Read(f.data).Objects {
			item, err := o.Kind.New(o.Text, "")
			if err != nil {
				t.Fatal(err)
			}
			var edits []PropertyEdit
			for _, r := range Properties(o.Text) {
				if naming[r.Name] {
					continue
				}
				other := r
				other.Value += "x"
				edits = append(edits, PropertyEdit{Op: EditUpdate, Old: r, New: other})
			}
			there, errs := EditProperties(o.Text, edits)
			for n, err := range errs {
				if err != nil {
					t.Errorf("%s object %d: %+v: %v", f.name, i, edits[n].Old, err)
				}
			}
			rows := Properties(there)
			n := 0
			edits = edits[:0]
			for _, r := range Properties(o.Text) {
				for n < len(rows) && rows[n].Pos < r.Pos {
					n++
				}
				if naming[r.Name] || n == len(rows) {
					continue
				}
				edits = append(edits, PropertyEdit{Op: EditUpdate, Old: Property{Pos: r.Pos}, New: r})
			}
			back, errs := EditProperties(there, edits)
			for n, err := range errs {
				if err != nil {
					t.Errorf("%s object %d: back %+v: %v", f.name, i, edits[n].New, err)
				}
			}
			again, err := o.Kind.New(back, "")
			if err != nil {
				t.Errorf("%s object %d: %v", f.name, i, err)
				continue
			}
			if !o.Kind.Equal(item, again) {
				t.Errorf("%s object %d: not equal after rewriting all lines\n%s", f.name, i, differing(o.Kind, item, again))
			}
		}
	}
}

// Every object goes into an empty one of each dialect and stays equal to
// itself; replacing an item with itself changes no byte.
func TestCorpusDialects(t *testing.T) {
	empty := map[*Kind][]string{
		Contacts: {"BEGIN:VCARD\r\nVERSION:2.1\r\nEND:VCARD\r\n", "BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", "BEGIN:VCARD\r\nVERSION:4.0\r\nEND:VCARD\r\n"},
		Events:   {"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "BEGIN:VEVENT\nEND:VEVENT\n"},
		Tasks:    {"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VTODO\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", "BEGIN:VTODO\nEND:VTODO\n"},
		Notes:    {"BEGIN:VNOTE\r\nVERSION:1.1\r\nEND:VNOTE\r\n", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VJOURNAL\r\nEND:VJOURNAL\r\nEND:VCALENDAR\r\n"},
	}
	for _, f := range corpusFiles(t) {
		for i, o := range Read(f.data).Objects {
			if i > 60 {
				break // the large files repeat themselves
			}
			k := o.Kind
			item, err := k.New(o.Text, "c")
			if err != nil {
				t.Fatal(err)
			}
			self, err := k.Replace(item, item, k.Units())
			if err != nil || !bytes.Equal(k.Text(self), k.Text(item)) {
				t.Errorf("%s object %d: replaced by itself: %v", f.name, i, err)
			}
			for _, e := range empty[k] {
				dst, err := k.New([]byte(e), "c")
				if err != nil {
					t.Fatal(err)
				}
				got, err := k.Replace(dst, item, k.Units())
				if err != nil {
					t.Errorf("%s object %d into %.40q: %v", f.name, i, e, err)
					continue
				}
				if !k.Equal(item, got) {
					t.Errorf("%s object %d into %.40q:\n%s\n%s", f.name, i, e, k.Text(got), differing(k, item, got))
				}
			}
		}
	}
}

func TestCorpusViews(t *testing.T) {
	for _, f := range corpusFiles(t) {
		for i, o := range Read(f.data).Objects {
			item, err := o.Kind.New(o.Text, "c")
			if err != nil {
				t.Fatal(err)
			}
			o.Kind.PairKeys(item)
			Slug(o.Kind.Summary(item))
			if vs := o.Kind.WPD(item, nil); vs == nil {
				t.Errorf("%s object %d: no WPD view", f.name, i)
			}
			again, err := o.Kind.New([]byte(o.Kind.Normalized(item)), "c")
			if err != nil {
				t.Errorf("%s object %d: normalized: %v", f.name, i, err)
			} else if o.Kind.Summary(again) != o.Kind.Summary(item) {
				t.Errorf("%s object %d: normalized summary %q, want %q", f.name, i, o.Kind.Summary(again), o.Kind.Summary(item))
			}
			if o.Kind == Contacts {
				o.Kind.VCard(item)
			} else {
				o.Kind.ICal(item)
			}
			c, err := o.Kind.Copy(item, " (phone)", "new-uid")
			if err != nil || o.Kind.UID(c) != "new-uid" {
				t.Errorf("%s object %d: copy has UID %q: %v", f.name, i, o.Kind.UID(c), err)
			} else if s := o.Kind.Summary(item); s != "" && !strings.HasSuffix(o.Kind.Summary(c), "(phone)") {
				t.Errorf("%s object %d: %q copied is %q", f.name, i, s, o.Kind.Summary(c))
			}
		}
	}
}

// What is exported together reads back as the same items.
func TestCorpusExport(t *testing.T) {
	for _, k := range Kinds() {
		var texts [][]byte
		want := map[[16]byte]int{}
		for _, f := range corpusFiles(t) {
			for _, o := range Read(f.data).Objects {
				if o.Kind != k {
					continue
				}
				item, err := k.New(o.Text, "")
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, o.Text)
				if strings.HasSuffix(f.name, "issue-722-missing-timezones.ics") {
					continue // names zones that others define
				}
				if o.UID == "" {
					want[exportDigest(k, item)]++
				}
			}
		}
		var out []byte
		if k == Contacts {
			out = ExportVCF(texts)
		} else {
			out = ExportICS(texts)
		}
		got := map[[16]byte]int{}
		n := 0
		for _, o := range Read(out).Objects {
			if o.Kind != k {
				t.Errorf("%s: a %s in the export", k.Name(), o.Kind.Name())
				continue
			}
			n++
			item, err := k.New(o.Text, "")
			if err != nil {
				t.Fatal(err)
			}
			if o.UID == "" {
				got[exportDigest(k, item)]++
			}
		}
		if k == Contacts && n != len(texts) {
			t.Errorf("%s: %d exported, %d read back", k.Name(), len(texts), n)
		}
		for d, c := range want {
			if got[d] != c {
				t.Errorf("%s: an item without UID is %d times in the export, want %d", k.Name(), got[d], c)
			}
		}
	}
}

// exportDigest leaves out what the calendar around the entry adds.
func exportDigest(k *Kind, item *valuebag.Values) [16]byte {
	b := []byte{}
	for _, u := range k.Units() {
		if u == "rest" && k != Contacts {
			continue
		}
		d := k.Digest(item, u)
		b = append(b, d[:]...)
	}
	return sum16(b)
}
