package pim

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// partsOfFiles are texts that files are put together of.
func partsOfFiles() []string {
	return []string{
		v30("FN:ä😀\r\n"), v21("FN:b\r\nNOTE;QUOTED-PRINTABLE:a=\r\nb\r\n"), v2("", "SUMMARY:é\r\n"), v2(berlin, "DTSTART;TZID=Europe/Berlin:20260101T100000\r\n"),
		strings.TrimRight(v30("FN:c\r\n"), "\r\n"), strings.ReplaceAll(v1("", "SUMMARY:d\r\n"), "\r\n", "\n"), "BEGIN:VNOTE\r\nBODY:x\r\nEND:VNOTE\r\n",
		calendar("X-WR-CALNAME:n\r\nBEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\nBEGIN:VFREEBUSY\r\nEND:VFREEBUSY\r\n"), calendar(bare("FN:e\r\n")), "words\r\n", "X:1\r\n", "END:VCARDx\r\n",
	}
}

// drawMixed draws a file of parts in several encodings, some of them cut off.
func drawMixed(t *rapid.T) []byte {
	var data []byte
	for range rapid.IntRange(1, 5).Draw(t, "parts") {
		part := []byte(rapid.SampledFrom(partsOfFiles()).Draw(t, "part"))
		mark := ""
		if rapid.Bool().Draw(t, "mark") {
			mark = bom
		}
		if n := rapid.IntRange(0, 2).Draw(t, "coding"); n > 0 {
			part = utf16Bytes(mark+string(part), n == 1)
		} else {
			part = append([]byte(mark), part...)
		}
		if rapid.IntRange(0, 4).Draw(t, "cut") == 0 {
			part = part[:rapid.IntRange(0, len(part)).Draw(t, "at")]
		}
		data = append(data, part...)
	}
	return data
}

// However a file's encodings change, a text read in pieces is the one that is read
// at once, from any place of it too.
func TestLawFileText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := drawMixed(t)
		for range rapid.IntRange(0, 1).Draw(t, "long") {
			data = bytes.Repeat(data, 1+140_000/max(len(data), 1))
		}
		want, _, damage := sourceTextOf(data)
		w := newFileText(rapid.SampledFrom([]io.Reader{bytes.NewReader(data), iotest.HalfReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))}).Draw(t, "reader"), bytes.NewReader(data), 0)
		got, err := io.ReadAll(w)
		if err != nil || string(got) != want {
			t.Fatalf("%v: %q, at once %q", err, got, want)
		}
		if w.damage != damage {
			t.Fatalf("damage %+v, at once %+v", w.damage, damage)
		}
		for range 5 {
			off := rapid.IntRange(0, len(want)).Draw(t, "offset")
			b := make([]byte, rapid.IntRange(0, 100_000).Draw(t, "length"))
			n, err := w.ReadAt(b, int64(off))
			if s := want[off:min(off+len(b), len(want))]; string(b[:n]) != s || n < len(b) && !errors.Is(err, io.EOF) {
				t.Fatalf("%d bytes at %d: %v, %q, want %q", len(b), off, err, b[:n], s)
			}
		}
	})
}

// A Scanner finds in it what Read does.
func TestLawScanMixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := drawMixed(t)
		sameFile(t, data, scannedTwice(t, data))
	})
}

// What is in no item is told: each line of a file is in an item's text, if no
// problem says that something was left out. Zones that no entry names, and what
// every calendar begins with, are in none.
func TestLawNothingUntold(t *testing.T) {
	told, silent := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		data := drawMixed(t)
		f := Read(data)
		for _, p := range f.Problems {
			if p.Lost || strings.Contains(p.What, "left out") {
				told++
				return
			}
		}
		silent++
		lines := func(s string) []string {
			return strings.FieldsFunc(strings.ReplaceAll(s, bom, ""), func(r rune) bool { return r == '\r' || r == '\n' })
		}
		have := map[string]bool{}
		for _, o := range f.Objects {
			for _, l := range lines(string(o.Text)) {
				have[strings.TrimSpace(l)] = true
			}
		}
		src, _ := sourceText(data)
		zone := false
		for _, l := range lines(src) {
			l = strings.TrimSpace(l)
			up := strings.ToUpper(l)
			zone = zone && up != "END:VTIMEZONE" || up == "BEGIN:VTIMEZONE"
			if zone || l == "" || isDelimiter(up) && validName(up[strings.IndexByte(up, ':')+1:]) || strings.Contains(up, "BEGIN:V") || strings.Contains(up, "END:V") || strings.HasPrefix(up, "VERSION:") || strings.HasPrefix(up, "PRODID:") {
				continue
			}
			if !have[l] {
				t.Fatalf("%q is in no item, and nothing said of it: %v\n%q", l, f.Problems, data)
			}
		}
	})
	if told == 0 || silent == 0 {
		t.Errorf("%d files with something left out, %d without", told, silent)
	}
}
