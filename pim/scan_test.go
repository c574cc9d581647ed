package pim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// scanned is all pieces of a file as one, with the error that ended the scan.
func scanned(r io.Reader) (File, int, error) {
	var f File
	pieces := 0
	s := NewScanner(r)
	for s.Scan() {
		p := s.File()
		f.Objects = append(f.Objects, p.Objects...)
		f.Problems = append(f.Problems, p.Problems...)
		f.Torn = p.Torn
		pieces++
	}
	return f, pieces, s.Err()
}

// sameFile compares what was scanned with what Read finds. Torn cards are not
// repaired alike where ENDs are missing: that is decided from the whole file.
func sameFile(t rapid.TB, data []byte, got File) {
	t.Helper()
	want := Read(data)
	if len(got.Objects) != len(want.Objects) {
		t.Fatalf("%d objects, Read has %d, of %q", len(got.Objects), len(want.Objects), data)
	}
	for i := range want.Objects {
		g, w := got.Objects[i], want.Objects[i]
		same := bytes.Equal(g.Text, w.Text)
		if !same && g.Kind == w.Kind && g.Kind != Contacts {
			// Read sees a bundle, and wraps the entry without what stands around it.
			gi, err1 := g.Kind.New(g.Text, "")
			wi, err2 := w.Kind.New(w.Text, "")
			same = err1 == nil && err2 == nil
			for _, u := range g.Kind.Units() {
				same = same && (u == "rest" || g.Kind.Digest(gi, u) == g.Kind.Digest(wi, u))
			}
		}
		if !same || g.UID != w.UID || g.Line != w.Line || g.Torn != w.Torn || g.Kind != w.Kind {
			t.Fatalf("object %d is %+v\n%q, Read has %+v\n%q, of %q", i, g, g.Text, w, w.Text, data)
		}
	}
	got.Problems, want.Problems = outsideAsOne(got.Problems), outsideAsOne(want.Problems)
	order := func(a, b Problem) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
	slices.SortFunc(got.Problems, order)
	slices.SortFunc(want.Problems, order)
	if !slices.Equal(got.Problems, want.Problems) {
		t.Fatalf("problems %+v, Read has %+v, of %q", got.Problems, want.Problems, data)
	}
	if got.Torn != want.Torn {
		t.Fatalf("torn %v, Read has %v, of %q", got.Torn, want.Torn, data)
	}
}

// outsideAsOne counts the lines outside of all items together: pieces part those
// that stand behind each other.
func outsideAsOne(ps []Problem) []Problem {
	n := 0
	ps = slices.DeleteFunc(ps, func(p Problem) bool {
		if !strings.Contains(p.What, " outside of any card or entry") {
			return false
		}
		lines := 1
		fmt.Sscanf(p.What, "%d lines", &lines)
		n += lines
		return true
	})
	return append(ps, Problem{What: fmt.Sprintf("%d lines outside", n)})
}

func TestLawScan(t *testing.T) {
	parts := []string{
		"BEGIN:VCARD\r\nEND:VCARD\r\n",
		card("FN:a\r\nUID:1\r\n"), "begin:vcard \nFN:b\nend:VCARD\n", bom + card("FN:c\r\n"), "\r\n\r\n", "junk\r\n",
		"BEGIN:VCARD\rN:x\rEND:VCARD\r", card("AGENT:" + card("FN:n\r\n") + "TEL:1\r\n"), card(card("FN:in\r\n")),
		card("PHOTO;BASE64:\r\nAAAA\r\nBBBB\r\n\r\n"), card("NOTE;QUOTED-PRINTABLE:a=\r\nEND=\r\nb\r\n"),
		"BEGIN:VCARD\nVERSION:2.1\nNOTE;QUOTED-PRINTABLE:a=\nEND:VCARD\n", "END:VCARD\n", "END:VCARD\n x\n", " END:VCARD\n",
		"BEGIN:VCARD\nFN:open\n", "NOTE:x\n", calendar("BEGIN:VEVENT\r\nUID:s\r\nEND:VEVENT\r\n"), "BEGIN:VNOTE\nBODY:x\nEND:VNOTE\n", "BEGIN:VTODO\n",
	}
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 8).Draw(t, "parts"), ""))
		for _, r := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data)), iotest.DataErrReader(bytes.NewReader(data))} {
			got, _, err := scanned(r)
			if err != nil {
				t.Fatal(err)
			}
			sameFile(t, data, got)
		}
	})
}

func TestCorpusScan(t *testing.T) {
	for _, f := range corpusFiles(t) {
		got, _, err := scanned(bytes.NewReader(f.data))
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		sameFile(t, f.data, got)
	}
}

func TestScanUTF16(t *testing.T) {
	for _, mark := range []string{"", bom} {
		text := mark + card("FN:Löv😀\r\n") + card("FN:b\r\n")
		for _, big := range []bool{true, false} {
			data := utf16Bytes(text, big)
			got, n, err := scanned(iotest.HalfReader(bytes.NewReader(data)))
			if err != nil || n != 2 {
				t.Errorf("%d pieces, %v", n, err)
			}
			sameFile(t, data, got)
		}
	}
}

// A reader's error ends the scan and is told; what came before it is used.
func TestScanError(t *testing.T) {
	broken := errors.New("unplugged")
	r := io.MultiReader(strings.NewReader(card("FN:a\r\n")+card("FN:b\r\n")+"BEGIN:VCARD\r\nFN:c"), iotest.ErrReader(broken))
	got, _, err := scanned(r)
	if !errors.Is(err, broken) || len(got.Objects) != 2 {
		t.Errorf("%d objects, error %v", len(got.Objects), err)
	}
}

// repeated gives n made-up cards one after the other, without holding them.
type repeated struct {
	n, i int
	left []byte
	make func(int) []byte
}

func (r *repeated) Read(b []byte) (int, error) {
	if len(r.left) == 0 {
		if r.i == r.n {
			return 0, io.EOF
		}
		r.left = r.make(r.i)
		r.i++
	}
	n := copy(b, r.left)
	r.left = r.left[n:]
	return n, nil
}

// 100,000 cards, 19 MB, go through in a few MB; one more is set aside.
func TestScanMany(t *testing.T) {
	note := strings.Repeat("x", 120)
	s := NewScanner(&repeated{n: MaxObjects + 1, make: func(i int) []byte {
		return fmt.Appendf(nil, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%d\r\nNOTE:%s\r\nEND:VCARD\r\n", i, note)
	}})
	objects, lost, most := 0, 0, uint64(0)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before := m.HeapAlloc
	for s.Scan() {
		objects += len(s.File().Objects)
		for _, p := range s.File().Problems {
			if p.Lost {
				lost++
			}
		}
		if objects%10_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if s.Err() != nil || objects != MaxObjects || lost != 1 {
		t.Errorf("%d objects, %d set aside, %v", objects, lost, s.Err())
	}
	if held := int64(most) - int64(before); held > 4<<20 {
		t.Errorf("%d MB held", held>>20)
	}
}

// Cards without ENDs, and one without an end at all, neither fill the memory nor
// lose what follows.
func TestScanUnclosed(t *testing.T) {
	line := []byte("NOTE:" + strings.Repeat("x", 8000) + "\r\n")
	open := func(i int) []byte {
		if i%2 == 0 {
			return []byte("BEGIN:VCARD\r\n")
		}
		return line
	}
	s := NewScanner(&repeated{n: 1000, make: open})
	s.most = 1 << 20
	n := 0
	for s.Scan() {
		n += len(s.File().Objects)
		if held := cap(s.buf); held > 4<<20 {
			t.Fatalf("%d bytes held", held)
		}
	}
	if n != 500 {
		t.Errorf("%d cards without END, want 500", n)
	}
	endless := func(i int) []byte {
		if i == 0 {
			return []byte("BEGIN:VCARD\r\n")
		}
		return line
	}
	s = NewScanner(io.MultiReader(&repeated{n: 500, make: endless}, strings.NewReader("END:VCARD\r\n"+card("FN:after\r\n"))))
	s.most = 1 << 20
	lost := 0
	var names []string
	for s.Scan() {
		for _, o := range s.File().Objects {
			names = append(names, string(o.Text))
		}
		for _, p := range s.File().Problems {
			if p.Lost {
				lost++
			}
		}
	}
	// Its beginning was set aside, and its END has no BEGIN then.
	if s.Err() != nil || lost != 2 || len(names) != 1 || names[0] != card("FN:after\r\n") {
		t.Errorf("after an endless card %q, %d set aside, %v", names, lost, s.Err())
	}
}

// Four times the photo takes four times the memory that is asked for, not
// sixteen: folds are joined once.
func TestPhotoLinear(t *testing.T) {
	asked := func(n int) uint64 {
		card := bigPhoto(n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		item, err := Contacts.New(card, "")
		if err != nil || Contacts.Digest(item, "photo") == ([16]byte{}) {
			t.Fatalf("no photo: %v", err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	small, large := asked(5<<20), asked(20<<20)
	if large > 5*small || large > 10*(20<<20) {
		t.Errorf("%d MB for a photo of 20 MB, %d MB for one of 5 MB", large>>20, small>>20)
	}
}

func FuzzScan(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _, err := scanned(iotest.HalfReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatal(err)
		}
		n := len(Read(data).Objects)
		if n != len(got.Objects) {
			t.Fatalf("%d objects, Read has %d", len(got.Objects), n)
		}
		if twice := scannedTwice(t, data); n != len(twice.Objects) {
			t.Fatalf("%d objects in parts, Read has %d", len(twice.Objects), n)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	n := int64(0)
	for i := range 1000 {
		n += int64(len(benchCard(i)))
	}
	b.SetBytes(n)
	b.ReportAllocs()
	for b.Loop() {
		s := NewScanner(&repeated{n: 1000, make: benchCard})
		for s.Scan() {
		}
	}
}
