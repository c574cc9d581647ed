package pim

import (
	"encoding/binary"
	"errors"
	"io"
	"sort"
	"unicode/utf16"
	"unicode/utf8"
)

// appendUTF16 appends as UTF-8 what data holds of UTF-16 in that order, and tells
// how many bytes of data that was. A unit without its other half is U+FFFD. last:
// nothing follows data; else a half at its end waits for more.
func appendUTF16(b, data []byte, order binary.ByteOrder, last bool) (text []byte, used int) {
	for used+1 < len(data) {
		r, n := rune(order.Uint16(data[used:])), 2
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if used+3 < len(data) {
				pair = utf16.DecodeRune(r, rune(order.Uint16(data[used+2:])))
			} else if !last {
				break
			}
			if r = pair; pair != utf8.RuneError {
				n = 4
			}
		}
		b = utf8.AppendRune(b, r)
		used += n
	}
	return b, used
}

// wideStep is how far apart the places are that a wideText remembers, in bytes of
// the text.
const wideStep = 64 << 10

// wideText reads UTF-16 as UTF-8. While it is read forwards it remembers where in
// the file each part of the text begins, so that the text can then be read from
// any offset, as a text in UTF-8 can.
type wideText struct {
	r     io.Reader
	order binary.ByteOrder
	raw   []byte // read, not decoded
	out   []byte // decoded, not given out
	given int    // of out
	err   error  // that ends r

	file  io.ReaderAt // r's, nil if there is none
	at    int64       // in file, of what is decoded next
	text  int64       // bytes of the text before that
	marks []wideMark
	part  []byte // of ReadAt
}

// wideMark says that the text goes on from there in the file.
type wideMark struct{ text, file int64 }

// newWideText reads r from its byte order mark on, if it has one; start is where
// in file that is.
func newWideText(r io.Reader, order binary.ByteOrder, marked bool, file io.ReaderAt, start int64) *wideText {
	w := &wideText{r: r, order: order, file: file, at: start}
	if marked {
		_, w.err = io.CopyN(io.Discard, r, 2)
		w.at += 2
	}
	w.marks = []wideMark{{0, w.at}}
	return w
}

// Read gives the next bytes of the text.
func (w *wideText) Read(b []byte) (int, error) {
	for w.given == len(w.out) {
		if w.err != nil {
			return 0, w.err
		}
		const chunk = 32 << 10
		n := len(w.raw)
		w.raw = append(w.raw, make([]byte, chunk)...)
		var got int
		got, w.err = w.r.Read(w.raw[n:])
		w.raw = w.raw[:n+got]
		w.decode()
	}
	n := copy(b, w.out[w.given:])
	w.given += n
	return n, nil
}

func (w *wideText) decode() {
	if m := w.marks[len(w.marks)-1]; w.text-m.text >= wideStep {
		w.marks = append(w.marks, wideMark{w.text, w.at})
	}
	var used int
	w.out, used = appendUTF16(w.out[:0], w.raw, w.order, errors.Is(w.err, io.EOF))
	w.given = 0
	w.raw = append(w.raw[:0], w.raw[used:]...)
	w.at += int64(used)
	w.text += int64(len(w.out))
}

// ReadAt reads the text from an offset on, of what was read forwards before.
func (w *wideText) ReadAt(b []byte, off int64) (int, error) {
	i := sort.Search(len(w.marks), func(i int) bool { return w.marks[i].text > off }) - 1
	if i < 0 || w.file == nil {
		return 0, io.EOF
	}
	at, skip, n := w.marks[i].file, off-w.marks[i].text, 0
	raw := make([]byte, min(2*len(b)+64, 32<<10))
	for n < len(b) {
		got, err := w.file.ReadAt(raw, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return n, err
		}
		var used int
		w.part, used = appendUTF16(w.part[:0], raw[:got], w.order, err != nil)
		if used == 0 {
			return n, io.EOF
		}
		at += int64(used)
		part := w.part
		if skip >= int64(len(part)) {
			skip -= int64(len(part))
			continue
		}
		n += copy(b[n:], part[skip:])
		skip = 0
	}
	return n, nil
}
