package pim

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"pgregory.net/rapid"
)

// scannedTwice is a file as a Scanner finds it that reads every calendar twice, in
// parts as small as can be.
func scannedTwice(t rapid.TB, data []byte) File {
	t.Helper()
	var f File
	s := NewScanner(bytes.NewReader(data))
	s.held = 0
	for s.Scan() {
		p := s.File()
		f.Objects = append(f.Objects, p.Objects...)
		f.Problems = append(f.Problems, p.Problems...)
		f.Torn = p.Torn
	}
	if s.Err() != nil {
		t.Fatal(s.Err())
	}
	return f
}

func TestLawScanCalendars(t *testing.T) {
	utc := strings.ReplaceAll(berlin, "Europe/Berlin", "Mine")
	entry := func(lines string) string { return "BEGIN:VEVENT\r\n" + lines + "END:VEVENT\r\n" }
	parts := []string{
		"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-CALNAME:a\r\n", "BEGIN:VCALENDAR\nVERSION:1.0\n", "begin:vcalendar\r\nPRODID:x\r\n", "END:VCALENDAR\r\n", "END:VCALENDAR\r\n",
		berlin, utc, entry("UID:a\r\nDTSTART;TZID=Europe/Berlin:20260101T100000\r\n"), entry("UID:a\r\nRECURRENCE-ID;TZID=Mine:20260101T100000\r\n"),
		entry("UID:a\r\nSUMMARY:second\r\n"), entry("UID:b\r\nDTSTART;TZID=\"Mine\":20260101T100000\r\n"), entry("SUMMARY:none\r\n"), entry("SUMMARY:none\r\n"),
		"BEGIN:VEVENT\r\nUID:open\r\n", "BEGIN:VTODO\r\nUID:a\r\nEND:VTODO\r\n", "BEGIN:VEVENT\r\nDESCRIPTION;ENCODING=QUOTED-PRINTABLE:x=\r\n",
		"BEGIN:VNOTE\nBODY:x\nEND:VNOTE\n", "BEGIN:VFREEBUSY\r\nEND:VFREEBUSY\r\n", "X-LATE:1\r\n", "junk\r\n", "\r\n", " END:VEVENT\r\n", "END:VEVENT\n x\n",
		entry("SUMMARY:x\r\nBEGIN:VALARM\r\nEND:VALARM\r\n"), entry("SUMMARY;ENCODING=QUOTED-PRINTABLE:a=\r\nEND:b\r\n"), entry("UID:l\r\nSUMMARY:\xe4\r\n"),
		"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "BEGIN:VEVENT\r\n", "BEGIN:VEVENT\r\n\r\nBEGIN:VEVENT\r\n", "BEGIN:VCARD\r\nEND:VCARD\r\n",
		"BEGIN:VEVENT\rUID:cr\rEND:VEVENT\r", card("FN:a\r\nUID:1\r\n"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 12).Draw(t, "parts"), ""))
		sameFile(t, data, scannedTwice(t, data))
		if text, wide := sourceText(data); !wide && isUTF8(text) && text != "" {
			data = utf16Bytes(text, rapid.Bool().Draw(t, "big endian"))
			sameFile(t, data, scannedTwice(t, data))
		}
	})
}

func TestCorpusScanCalendars(t *testing.T) {
	for _, f := range corpusFiles(t) {
		sameFile(t, f.data, scannedTwice(t, f.data))
	}
}

// manyEvents writes a calendar of n events: each series has an override at the end
// of the file, and their zone comes last of all.
func manyEvents(w io.Writer, n int) error {
	fmt.Fprintf(w, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nX-WR-CALNAME:Home\r\n")
	for i := range n {
		fmt.Fprintf(w, "BEGIN:VEVENT\r\nUID:event-%d@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260301T%02d0000\r\n"+
			"SUMMARY:Meeting %d\r\nDESCRIPTION:%s\r\nEND:VEVENT\r\n", i, i%24, i, strings.Repeat("x", 120))
	}
	for i := 0; i < n; i += n / 100 {
		fmt.Fprintf(w, "BEGIN:VEVENT\r\nUID:event-%d@example.org\r\nRECURRENCE-ID;TZID=Mine:20260308T%02d0000\r\nSUMMARY:Moved\r\nEND:VEVENT\r\n", i, i%24)
	}
	_, err := io.WriteString(w, berlin+strings.ReplaceAll(berlin, "Europe/Berlin", "Mine")+"END:VCALENDAR\r\n")
	return err
}

// 100,000 events, 29 MB, go through in less memory than half of the file, with
// the zones and overrides that stand at its end; so do those of UTF-16.
func TestScanManyEvents(t *testing.T) {
	scan := func(t *testing.T, f *os.File, n, mb int) {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		before, most := m.HeapAlloc, uint64(0)
		objects, zones, overrides := 0, 0, 0
		s := NewScanner(f)
		for s.Scan() {
			for _, o := range s.File().Objects {
				if objects++; objects%(n/5) == 1 {
					runtime.GC()
					runtime.ReadMemStats(&m)
					most = max(most, m.HeapAlloc)
				}
				if bytes.Contains(o.Text, []byte("RECURRENCE-ID")) {
					overrides++
				}
				zones += bytes.Count(o.Text, []byte("BEGIN:VTIMEZONE"))
			}
			for _, p := range s.File().Problems {
				t.Errorf("problem %v", p)
			}
		}
		if s.Err() != nil || objects != n || overrides != 100 || zones != n+100 {
			t.Errorf("%d objects, %d with overrides, %d zones, %v", objects, overrides, zones, s.Err())
		}
		if held := (int64(most) - int64(before)) >> 20; held > int64(mb) {
			t.Errorf("%d MB held", held)
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "big.ics"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := manyEvents(f, MaxObjects); err != nil {
		t.Fatal(err)
	}
	t.Run("UTF-8", func(t *testing.T) { scan(t, f, MaxObjects, 14) })
	wide, err := os.Create(filepath.Join(t.TempDir(), "wide.ics"))
	if err != nil {
		t.Fatal(err)
	}
	defer wide.Close()
	w := transform.NewWriter(wide, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder())
	if err := manyEvents(w, 40_000); err != nil { // 23 MB
		t.Fatal(err)
	}
	t.Run("UTF-16", func(t *testing.T) { scan(t, wide, 40_000, 7) })
}

// An entry that never ends fills no memory and loses nothing that follows.
func TestScanUnclosedEvent(t *testing.T) {
	line := "DESCRIPTION:" + strings.Repeat("x", 8000) + "\r\n"
	data := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:endless\r\n" + strings.Repeat(line, 500) +
		"END:VEVENT\r\nBEGIN:VEVENT\r\nUID:b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	s := NewScanner(strings.NewReader(data))
	s.most, s.held = 1<<20, 0
	var uids []string
	lost := 0
	for s.Scan() {
		for _, o := range s.File().Objects {
			uids = append(uids, o.UID)
		}
		for _, p := range s.File().Problems {
			if p.Lost {
				lost++
			}
		}
	}
	if got := strings.Join(uids, " "); s.Err() != nil || lost != 1 || got != "a b" {
		t.Errorf("%q, %d set aside, %v", got, lost, s.Err())
	}
}
