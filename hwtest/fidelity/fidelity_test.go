package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cradle/hwtest/reader"
)

// Nothing of the corpus is lost, and all that the Go libraries find is found.
// The readers in Python, which take minutes, are for make fidelity.
func TestCorpus(t *testing.T) {
	dir := corpusDir(filepath.Join("..", ".."))
	if _, err := os.Stat(filepath.Join(dir, "vcard")); err != nil {
		t.Skipf("no corpus in %s; set CRADLE_CORPUS", dir)
	}
	files, err := readCorpus(dir)
	if err != nil {
		t.Fatal(err)
	}
	res := measure(files, nil)
	for _, f := range res.findings {
		t.Error(f)
	}
	objects, lossy := 0, 0 // lossy: rows in which the libraries lose something
	for _, r := range res.rows {
		objects += r.objects
		if r.library.kept < r.objects {
			lossy++
		}
		if r.cradle.kept != r.objects || r.rewritten != r.objects || r.converted != r.objects {
			t.Errorf("%s: %d of %d objects kept, %d written anew, %d converted and back", r.producer, r.cradle.kept, r.objects, r.rewritten, r.converted)
		}
	}
	// A measure that found everything whole everywhere would measure nothing.
	if objects < 500 || lossy < len(res.rows)/3 {
		t.Errorf("%d objects; the libraries lose something in %d of %d rows", objects, lossy, len(res.rows))
	}
}

func TestCompare(t *testing.T) {
	card := func(s string) string { return "BEGIN:VCARD\nVERSION:3.0\n" + s + "END:VCARD\n" }
	original := reader.Objects("f", []byte(card("FN:a\n")+card("FN:b\nTEL:1\n")+card("FN:a\n")))
	tests := []struct {
		name, out string
		kept      int
		lost      string
	}{
		{"the same", card("FN:b\nTEL:1\n") + card("FN:a\n") + card("FN:a\n"), 3, ""},
		{"one twice gone", card("FN:b\nTEL:1\n") + card("FN:a\n"), 2, "FN:a"},
		{"a value", card("FN:b\nTEL:2\n") + card("FN:a\n") + card("FN:a\n"), 2, "TEL:1 | now TEL:2"},
		{"nothing", "", 0, "it is gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kept, lost := compare(original, []byte(tt.out), (*reader.Object).Key)
			if kept != tt.kept || kept+len(lost) != 3 {
				t.Fatalf("%d kept, %d lost; want %d kept", kept, len(lost), tt.kept)
			}
			if tt.lost != "" && tt.name != "one twice gone" && difference(lost[len(lost)-1], []byte(tt.out)) != tt.lost {
				t.Errorf("difference %q, want %q", difference(lost[len(lost)-1], []byte(tt.out)), tt.lost)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	ours := []sighting{{"VEVENT", "a"}, {"VEVENT", ""}, {"VCARD", "x:y"}}
	tests := []struct {
		name   string
		theirs []sighting
		want   []sighting
	}{
		{"fewer", []sighting{{"VEVENT", "a"}}, nil},
		{"all", []sighting{{"VEVENT", "a"}, {"VEVENT", ""}, {"VCARD", `x\:y`}}, nil},
		{"another UID", []sighting{{"VEVENT", "b"}}, []sighting{{"VEVENT", "b"}}},
		{"more without one", []sighting{{"VEVENT", ""}, {"VEVENT", ""}, {"VEVENT", ""}}, []sighting{{"VEVENT", ""}}},
		{"twice", []sighting{{"VEVENT", "a"}, {"VEVENT", "a"}}, []sighting{{"VEVENT", "a"}}},
		{"another kind", []sighting{{"VTODO", ""}}, []sighting{{"VTODO", ""}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := missing(tt.theirs, ours); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestParsePython(t *testing.T) {
	const out = `{"reader":"one","version":"1.2"}
{"reader":"one","file":"/tmp/0.vcf","objects":[["VCARD","u"]],"error":""}
{"reader":"two","absent":"no module"}
`
	all, err := parsePython([]byte(out), map[string]string{"/tmp/0.vcf": "vcard/a.vcf"})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[1].absent != "no module" || len(all[0].files["vcard/a.vcf"].seen) != 1 {
		t.Errorf("got %+v", all)
	}
	for _, bad := range []string{"Traceback", `{"reader":"x","file":"f"}`} {
		if _, err := parsePython([]byte(bad), nil); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestGuarded(t *testing.T) {
	if r := guarded(func([]byte) reading { panic("oh") }, nil); r.err != "panic: oh" {
		t.Errorf("a panic gives %+v", r)
	}
	if r := guarded(goICal, []byte("BEGIN:VCALENDAR\r\nX;A\r\n")); r.err == "" {
		t.Error("go-ical took a line without a colon")
	}
}

// The page says of a loss what was lost.
func TestDocument(t *testing.T) {
	res := measure([]file{{"vcard/acme_x.vcf", "acme", []byte("BEGIN:VCARD\nVERSION:3.0\nFN:a\nEND:VCARD\n")}},
		[]other{{name: "sharp", files: map[string]reading{"vcard/acme_x.vcf": {seen: []sighting{{"VCARD", "u"}}}}}, {name: "gone", absent: "no module"}})
	page := string(document(res))
	for _, want := range []string{"| acme | 1 | 1 | 1 | 1 | 1 | 1 | 1 | 1 |", "sharp reads VCARD \"u\", Cradle doesn't", "| gone | absent"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
}
