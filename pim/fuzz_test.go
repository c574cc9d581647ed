package pim

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"cradle/valuebag"
)

func seeds(f *testing.F) {
	for _, s := range []string{
		"", "\x00\x00", "BEGIN:VCARD", "BEGIN:VCARD\nVERSION:2.1\nN:a;b\nTEL;HOME:1\nEND:VCARD\n",
		"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\n b=C3=A4=\r\n\r\nEND:VCARD\r\n",
		"BEGIN:VCARD\nVERSION:3.0\nitem1.TEL;TYPE=\"a,b\":1\nitem1.X-ABLabel:x\nCATEGORIES:a,b\\,c\nPHOTO;ENCODING=b:AAAA\n BBBB\n\nEND:VCARD\n",
		"BEGIN:VCARD\nVERSION:2.1\nPHOTO;BASE64:\nAAAA\nBBBB\n\nAGENT:BEGIN:VCARD\nFN:x\nEND:VCARD\nEND:VCARD\n",
		"BEGIN:VCARD\rVERSION:4.0\rPHOTO:data:image/png;base64,AAAA\rTEL;PREF=1;VALUE=uri:tel:+1\rEND:VCARD\r",
		"BEGIN:VCALENDAR\nVERSION:2.0\n" + berlin + "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20260101T100000\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260101T100000Z\nEND:VEVENT\nEND:VCALENDAR\n",
		"BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nRRULE:MP1 1+ MO #12\nAALARM:20260101T100000;;;\nEXDATE:20260101T100000;20260102T100000\nEND:VEVENT\nBEGIN:VTODO\nSTATUS:NEEDS ACTION\nEND:VTODO\nEND:VCALENDAR\n",
		"BEGIN:VNOTE\nVERSION:1.1\nBODY;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab\nEND:VNOTE\n", "BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT",
		"\xff\xfeB\x00E\x00G\x00I\x00N\x00:\x00V\x00C\x00A\x00R\x00D\x00\n\x00", "TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=41):1",
	} {
		f.Add([]byte(s))
	}
	for _, s := range []string{
		"\xff\xfeB\x00E\x00G\x00I\x00N\x00:\x00V\x00C\x00A\x00R\x00D\x00\n\x00F\x00N\x00:\x00\x3d\xd8\n\x00E\x00N\x00D\x00:\x00V\x00C\x00A\x00R\x00D\x00BEGIN:VCARD\nFN:x\nEND:VCARD",
		"BEGIN:VCALENDAR\nX:1\nBEGIN:VCARD\nFN:x\nEND:VCARD\n\x00B\x00E\x00G\x00I\x00N\x00:\x00V\x00E\x00V\x00E\x00N\x00T\x00\n\x00U\x00I\x00D\x00:\x001\x00\n\x00E\x00N\x00D\x00:\x00V\x00E\x00V\x00E\x00N\x00T\x00\n",
		"BEGIN:0\nBEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\n0", " BEGIN:" + strings.Repeat("A", 70) + "\nBEGIN:VCARD\nFN:x\nEND:VCARD\nBEGIN:VCARD\nFN:y\n",
		"BEGIN:VTIMEZONE\nTZID:Europe/Copenhagen\nBEGIN:0\nBEGIN:VEVENT\n0;TZID=Europe/Copenhagen:\nSUMMARY:0\nBEGIN:VEVENT\nSUMMARY:0\nBEGI%:VEVENT\n\nSUMMARY:'\nBEGIN:VEVENT\n\nSUMMARY:U",
		"BEGIN:VC\nBEGIN:VCARD\nFN:a\nEND:VCARD to be\nEND:VCARD\xef\xbb\xbf\xef\xbb\xbfBEGIN:VCARD\nFN:b\nEND:VCARD\nEND:VCALENDAR\n",
	} {
		f.Add([]byte(s))
	}
	for _, dir := range []string{os.Getenv("CRADLE_CORPUS"), filepath.Join("..", "..", "shared", "corpus")} {
		files, _ := filepath.Glob(filepath.Join(dir, "*", "*.[viI]*"))
		for _, name := range files {
			if data, err := os.ReadFile(name); dir != "" && err == nil && len(data) < 1500 {
				f.Add(data)
			}
		}
	}
}

// Whatever is in a file: no panic, and each object that comes out can be made an
// item whose functions hold together.
// fuzzOccurrences edits and deletes occurrences of a series by their views.
func fuzzOccurrences(t *testing.T, k *Kind, item *valuebag.Values) {
	views := k.WPDOccurrences(item, nil)
	start, err := k.WPD(item, nil).GetDate(valuebag.WPDCommonInformationStartDatetime)
	if more, err2 := k.WPDExpanded(context.Background(), item, start, start.AddDate(0, 0, 20), nil); err == nil && err2 == nil {
		views = append(views, more...)
	}
	for _, was := range views[:min(len(views), 3)] {
		now := was.Clone()
		now.SetString(valuebag.WPDCommonInformationSubject, "another subject")
		got, err := k.FromWPDOccurrence(item, was, now, editedAt, nil)
		if err == nil && !bytes.Contains(k.Text(got), []byte("another subject")) {
			t.Fatalf("an edit of %q is nowhere: %q", k.Text(item), k.Text(got))
		}
		if err == nil {
			if _, err := k.New(k.Text(got), "c"); err != nil {
				t.Fatalf("%q became %q: %v", k.Text(item), k.Text(got), err)
			}
		}
		if _, err := k.FromWPDOccurrence(item, was, nil, editedAt, nil); err != nil && !errors.Is(err, ErrNoOccurrence) {
			t.Fatalf("a deletion from %q: %v", k.Text(item), err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("BEGIN:VEVENT\nDESCRIPTION:\x00"))
	f.Add([]byte("BEGIN:VEVENT\nDTSTART:20260101T000000\nDTEND:20260110"))
	f.Add([]byte("BEGIN:VEVENT\nUID:a\nBEGIN:VEVENT\nUID:a\nRECURRENCE-ID:00011001\n00"))
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file := Read(data)
		if file.Bundle && len(file.Objects) == 0 && len(file.Problems) == 0 {
			t.Fatal("a bundle of nothing without a problem")
		}
		for _, o := range file.Objects {
			item, err := o.Kind.New(o.Text, "c")
			if err != nil {
				t.Fatalf("New of %q: %v", o.Text, err)
			}
			if i, err := o.Item("c"); err != nil || !i.Equal(item) {
				t.Fatalf("Item of %q isn't New's (%v)", o.Text, err)
			}
			if o.Kind.UID(item) != o.UID {
				t.Fatalf("UID %q, Read had %q: %q", o.Kind.UID(item), o.UID, o.Text)
			}
			again, err := o.Kind.New(o.Kind.Text(item), "c")
			if err != nil || !again.Equal(item) {
				t.Fatalf("not a fixpoint: %v", err)
			}
			same, err := o.Kind.Replace(item, item, o.Kind.Units())
			if err != nil || !bytes.Equal(o.Kind.Text(same), o.Kind.Text(item)) {
				t.Fatalf("replaced by itself: %v", err)
			}
			if back, err := o.Kind.FromWPD(item, nil, o.Kind.WPD(item, nil), editedAt, nil); err == nil && !bytes.Equal(o.Kind.Text(back), o.Kind.Text(item)) {
				t.Fatalf("a view that nobody changed changed %q to %q", o.Text, o.Kind.Text(back))
			}
			if _, err := o.Kind.FromWPD(nil, nil, o.Kind.WPD(item, nil), editedAt, nil); err != nil {
				t.Fatalf("a new one by the view of %q: %v", o.Text, err)
			}
			fuzzOccurrences(t, o.Kind, item)
			o.Kind.PairKeys(item)
			if _, err := o.Kind.Copy(item, " (phone)", "u"); err != nil {
				t.Fatalf("copy of %q: %v", o.Text, err)
			}
			for _, u := range o.Kind.Units() {
				o.Kind.UnitText(item, u)
			}
			for _, d := range o.Kind.dialectsOf() {
				if other, err := o.Kind.Convert(item, d); err == nil && o.Kind.Dialect(other) != d {
					t.Fatalf("as %s it is %s: %q", d, o.Kind.Dialect(other), o.Kind.Text(other))
				}
			}
		}
	})
}

// Two objects merge without a panic, and what was replaced is equal, for texts
// in which every line is a content line.
func FuzzReplace(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		objects := Read(data).Objects
		for i := 0; i+1 < len(objects); i++ {
			k := objects[i].Kind
			if objects[i+1].Kind != k {
				continue
			}
			dst, err := k.New(objects[i].Text, "a")
			if err != nil {
				t.Fatal(err)
			}
			src, err := k.New(objects[i+1].Text, "b")
			if err != nil {
				t.Fatal(err)
			}
			if got := k.Revise(dst, src); !k.Equal(got, k.SetCollection(src, "a")) {
				t.Fatalf("revised %q by %q: %q, which says something else\n%s", k.Text(dst), k.Text(src), k.Text(got), differing(k, got, src))
			}
			if given, err := k.Given(dst, k.Text(src), "a"); err == nil && (k.UID(dst) != "" && k.UID(given) == "" || Read(k.Text(given)).Torn) {
				t.Fatalf("%q in the place of %q: %q", k.Text(src), k.Text(dst), k.Text(given))
			}
			got, err := k.Replace(dst, src, k.Units())
			if err != nil {
				return // a hostile line that no dialect can take
			}
			if _, err := k.New(k.Text(got), ""); err != nil {
				t.Fatalf("the result can't be read: %v\n%q", err, k.Text(got))
			}
		}
	})
}

// Edits of rows never panic, and a text stays a text.
func FuzzEditProperties(f *testing.F) {
	f.Add([]byte("BEGIN:VCARD\nVERSION:3.0\nTEL:1\nEND:VCARD\n"), 3, 1, "", "", "TEL", "TYPE=home", "2")
	f.Add([]byte("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n"), 1, 0, "alarm:1", "", "TRIGGER", "", "-PT5M")
	f.Add([]byte("BEGIN:VCARD\nVERSION:2.1\nN:a;b\nEND:VCARD\n"), 2, 2, "", "item1", "N", "LANGUAGE=de", "a\\;ä;\n")
	f.Add([]byte("BEGIN:VEVENT\nEND:VEVENT"), 1, 0, "timezone:X/standard:1", "", "TZNAME", "", "x")
	f.Fuzz(func(t *testing.T, text []byte, op, pos int, component, group, name, params, value string) {
		rows := Properties(text)
		e := PropertyEdit{Op: EditOp(op), New: Property{Pos: pos, Component: component, Group: group, Name: name, Params: params, Value: value}}
		e.Old = Property{Pos: pos}
		if pos > 0 && pos <= len(rows) {
			e.Old = rows[pos-1]
		}
		got, errs := EditProperties(text, []PropertyEdit{e})
		if len(errs) != 1 {
			t.Fatalf("%d errors for one edit", len(errs))
		}
		if errs[0] != nil {
			if !bytes.Equal(got, text) {
				t.Fatalf("refused (%v) and yet changed %q to %q", errs[0], text, got)
			}
			return
		}
		after := Properties(got)
		if e.Op != EditInsert || !utf8.Valid(text) {
			return
		}
		// The row that went in is there.
		for _, p := range after {
			if strings.EqualFold(p.Name, strings.TrimSpace(name)) {
				return
			}
		}
		t.Fatalf("inserted %+v into %q: not in %q", e.New, text, got)
	})
}
