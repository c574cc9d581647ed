package pim

import (
	"errors"
	"io"
	"math"
	"sort"
)

// wideStep is how far apart the places are that a fileText remembers in UTF-16, in
// bytes of the text.
const wideStep = 64 << 10

// fileText reads a file as the text that sourceText makes of it. While it is read
// forwards it remembers where in the file each part of the text begins, so that the
// text can then be read from any offset.
type fileText struct {
	r      io.Reader
	c      coding // of what is decoded next
	buf    []byte
	raw    []byte // of buf: read, not decoded
	ahead  bool   // raw has another part
	out    []byte // decoded, not given out
	given  int    // of out
	open   bool   // the text so far ends within a line
	err    error  // that ends r
	damage damage

	file  io.ReaderAt // r's, nil if there is none
	at    int64       // in file, of what is decoded next
	text  int64       // bytes of the text before that
	marks []textMark
	part  []byte // of ReadAt
}

// textMark says that the text goes on from there in the file, in that coding.
type textMark struct {
	text, file int64
	c          coding
	before     int64 // where in the file the part before ends
}

// newFileText reads r; start is where in file that is.
func newFileText(r io.Reader, file io.ReaderAt, start int64) *fileText {
	w := &fileText{r: r, file: file, at: start}
	for len(w.raw) < 8 && w.err == nil {
		w.more()
	}
	var mark int
	w.c, mark = codingOf(w.raw)
	w.skip(mark)
	w.mark(0)
	return w
}

func (w *fileText) skip(n int) {
	w.raw = w.raw[n:]
	w.at += int64(n)
}

func (w *fileText) mark(before int64) {
	w.marks = append(w.marks, textMark{w.text, w.at, w.c, before})
}

// more reads on in the file.
func (w *fileText) more() {
	const chunk = 64 << 10
	if w.buf == nil {
		w.buf = make([]byte, chunk+2*turnLength)
	}
	n := copy(w.buf, w.raw)
	got, err := w.r.Read(w.buf[n:])
	w.raw, w.err = w.buf[:n+got], err
}

// Read gives the next bytes of the text.
func (w *fileText) Read(b []byte) (int, error) {
	for w.given == len(w.out) {
		if w.err != nil && len(w.raw) == 0 {
			return 0, w.err
		}
		if w.err == nil && !w.ahead {
			w.more()
		}
		w.decode()
	}
	n := copy(b, w.out[w.given:])
	w.given += n
	return n, nil
}

// decode makes text of what was read, up to where another part of the file begins,
// or may begin.
func (w *fileText) decode() {
	if m := w.marks[len(w.marks)-1]; w.c != codingBytes && w.text-m.text >= wideStep {
		w.mark(w.at)
	}
	ended := w.err != nil
	at, to, mark := w.c.turn(w.raw)
	w.ahead = at >= 0
	n := len(w.raw)
	switch {
	case at >= 0:
		n = at
	case !ended:
		n = max(n-turnLength, 0)
	}
	var used int
	w.out, used = w.c.appendText(w.out[:0], w.raw[:n], at >= 0 || ended && errors.Is(w.err, io.EOF), &w.damage, int(w.text))
	w.given = 0
	if used < n && (ended || at >= 0) {
		used = n // the reader's error came in the midst of a character
	}
	w.skip(used)
	w.text += int64(len(w.out))
	if len(w.out) > 0 {
		w.open = needsBreak(w.out)
	}
	if at < 0 {
		return
	}
	if w.open {
		w.open, w.c = false, codingBreak
		w.mark(w.at)
		w.out = append(w.out, '\n')
		w.text++
	}
	before := w.at
	w.skip(mark)
	w.c = to
	w.mark(before)
}

// ReadAt reads the text from an offset on, of what was read forwards before.
func (w *fileText) ReadAt(b []byte, off int64) (int, error) {
	i := sort.Search(len(w.marks), func(i int) bool { return w.marks[i].text > off }) - 1
	if i < 0 || w.file == nil {
		return 0, io.EOF
	}
	n := 0
	for ; i < len(w.marks) && n < len(b); i++ {
		m := w.marks[i]
		left, end := int64(-1), int64(math.MaxInt64)
		if i+1 < len(w.marks) {
			left, end = w.marks[i+1].text-max(off, m.text), w.marks[i+1].before
		}
		room := b[n:]
		if left >= 0 && left < int64(len(room)) {
			room = room[:left]
		}
		got, err := w.readPart(room, m, end, max(off, m.text)-m.text)
		n += got
		if err != nil || got < len(room) && left < 0 {
			return n, err
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// readPart fills b from an offset in the part that begins at m and ends there in the
// file; it has as much unless it is the file's last.
func (w *fileText) readPart(b []byte, m textMark, end, off int64) (n int, err error) {
	switch m.c {
	case codingBytes:
		return w.file.ReadAt(b, m.file+off)
	case codingBreak:
		return copy(b, "\n"), nil
	}
	at := m.file
	raw := make([]byte, min(2*len(b)+64, 32<<10))
	for n < len(b) {
		got, err := w.file.ReadAt(raw[:min(int64(len(raw)), end-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		var used int
		w.part, used = m.c.appendText(w.part[:0], raw[:got], err != nil || at+int64(got) == end, nil, 0)
		if used == 0 {
			return n, io.EOF
		}
		at += int64(used)
		if off >= int64(len(w.part)) {
			off -= int64(len(w.part))
			continue
		}
		n += copy(b[n:], w.part[off:])
		off = 0
	}
	return n, nil
}
