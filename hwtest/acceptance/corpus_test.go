package acceptance

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/hwtest/reader"
	"cradle/pim"
)

// corpusDir is where real producers' files lie: CRADLE_CORPUS, else beside the
// repository.
func corpusDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CRADLE_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(dir, "vcard", "INDEX.tsv")); err != nil {
		t.Skipf("no corpus in %s; set CRADLE_CORPUS", dir)
	}
	return dir
}

// indexed is how many objects an independent reader found in each file of a part of
// the corpus.
func indexed(t *testing.T, dir string) map[string]int {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]int{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if c := strings.Split(s.Text(), "\t"); len(c) > 2 && c[0] != "file" {
			n, err := strconv.Atoi(c[2])
			if err != nil {
				t.Fatalf("INDEX.tsv: %s: %v", c[0], err)
			}
			out[c[0]] = n
		}
	}
	if len(out) == 0 {
		t.Fatalf("no files in the index of %s", dir)
	}
	return out
}

// seedCorpus puts all files onto the device, a folder a producer, and gives the
// number of objects by path.
func seedCorpus(t *testing.T, d *device) map[string]int {
	t.Helper()
	root := corpusDir(t)
	counts := map[string]int{}
	at := time.Now().Add(-48 * time.Hour).Truncate(time.Second)
	for part, tree := range map[string]string{"vcard": "contacts", "ical": "calendars"} {
		for name, n := range indexed(t, filepath.Join(root, part)) {
			b, err := os.ReadFile(filepath.Join(root, part, name))
			if err != nil {
				t.Fatal(err)
			}
			producer, _, _ := strings.Cut(name, "_")
			path := "Cradle/" + tree + "/" + producer + "/" + name
			d.write(t, path, string(b), at)
			counts[path] = n
		}
	}
	return counts
}

// TestCorpus takes every file of the corpus into the store: every object arrives or
// is listed by name and reason, what the store gives back is line for line what the
// phone has, a second sync moves nothing, and no file on the phone is touched.
func TestCorpus(t *testing.T) {
	for _, kind := range []hwtest.Kind{hwtest.Android, hwtest.Basic, folderKind} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, tempDir(t), 1, 1)
			defer w.close()
			d := w.addPhone(kind, "P1")
			counts := seedCorpus(t, d)
			before := d.image(t)
			out, err := w.sync(w.pcs[0], d, fault{})
			w.must(err)
			listed := map[string][]string{} // why something of a file didn't arrive
			for _, f := range out.res.Failed {
				listed[f.Path] = append(listed[f.Path], f.Err.Error())
			}
			for _, n := range out.notes {
				listed[n.Path] = append(listed[n.Path], n.Reason.Error())
			}
			checkObjects(t, w.pcs[0], d, counts, listed)

			for range 2 {
				out, err = w.sync(w.pcs[0], d, fault{})
				w.must(err)
				if n := out.moved(); n != 0 || out.commits > 0 {
					t.Errorf("a further sync moved %d and wrote %d times: %v", n, out.commits, out)
				}
			}
			after := d.image(t)
			for path, was := range before {
				if after[path] != was {
					t.Errorf("%s was touched: %s, before %s", path, after[path], was)
				}
			}
			for path := range after {
				if _, ok := before[path]; !ok && !strings.HasPrefix(path, "Cradle/state/") && path != "Cradle/README.txt" {
					t.Errorf("%s was made", path)
				}
			}
		})
	}
}

// exported is what the doors give of the store: one file of cards, one of entries.
func exported(p *pc) []*reader.Object {
	var cards, entries [][]byte
	for _, h := range p.items() {
		if h.kind == "contacts" {
			cards = append(cards, []byte(h.text))
		} else {
			entries = append(entries, []byte(h.text))
		}
	}
	return append(reader.Objects("export.vcf", pim.ExportVCF(cards)), reader.Objects("export.ics", pim.ExportICS(entries))...)
}

func checkObjects(t *testing.T, p *pc, d *device, counts map[string]int, listed map[string][]string) {
	t.Helper()
	have := map[string]int{}
	for _, o := range exported(p) {
		have[o.Key()]++
	}
	total, arrived := 0, 0
	for _, path := range d.files(t) {
		n, ok := counts[path]
		if !ok {
			continue
		}
		b, err := os.ReadFile(filepath.Join(d.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		objects := reader.Objects(path, b)
		missing := 0
		var what []string
		found := 0
		for _, o := range objects {
			total++
			found += 1 + o.Inner
			if have[o.Key()] == 0 {
				missing++
				what = append(what, fmt.Sprintf("%s %q: %s", o.Name, o.UID, reader.Printable(strings.Join(o.Lines, " | "))))
				continue
			}
			have[o.Key()]--
			arrived++
		}
		if found < n && len(listed[path]) == 0 {
			t.Errorf("%s: this suite's reader finds %d objects, the index has %d, and nothing is listed", path, found, n)
		}
		if missing > 0 && len(listed[path]) == 0 {
			t.Errorf("%s: %d of %d objects are neither in the store as they are nor listed:\n  %s", path, missing, len(objects), strings.Join(what, "\n  "))
		} else if missing > 0 {
			t.Logf("%s: %d of %d are listed: %s", path, missing, len(objects), strings.Join(slices.Compact(listed[path]), "; "))
		}
	}
	for key, n := range have {
		if n > 0 {
			t.Errorf("the export has %d of what no file has: %s", n, reader.Printable(key))
		}
	}
	t.Logf("%d objects, %d of them in the store line for line", total, arrived)
}
