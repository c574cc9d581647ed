package pim

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// coding is how a part of a file is encoded. Files that were put together may have
// parts in several.
type coding uint8

const (
	codingBytes coding = iota // eight bits; which charset is decided line by line
	codingLE                  // UTF-16, little end first
	codingBE                  // UTF-16, big end first
	codingBreak               // no part: the line end that stands between two
)

// codingOf recognises UTF-16 by its byte order mark, whose length is mark, or by
// zero bytes at every even (big endian) or odd (little endian) position of the
// first eight. UTF-32 is none of them.
func codingOf(head []byte) (c coding, mark int) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")):
		return codingBytes, 0
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return codingBE, 2
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return codingLE, 2
	}
	if len(head) < 8 {
		return codingBytes, 0
	}
	even, odd := 0, 0
	for i := 0; i < 8; i++ {
		if head[i] != 0 {
			continue
		}
		if i%2 == 0 {
			even++
		} else {
			odd++
		}
	}
	switch {
	case even == 4 && odd == 0:
		return codingBE, 0
	case odd == 4 && even == 0:
		return codingLE, 0
	}
	return codingBytes, 0
}

// turnLength is the most bytes that show where another part begins: a mark and
// BEGIN:V in UTF-16.
const turnLength = 20

// turn finds where data, which begins in this coding, goes on in another, since a
// file was put behind another one: at a BEGIN:V in it, with the mark before that.
// at is -1 if there is none; mark is how many bytes of a UTF-16 mark come first.
func (c coding) turn(data []byte) (at int, to coding, mark int) {
	if c == codingBytes && bytes.IndexByte(data, 0) < 0 {
		return -1, 0, 0
	}
	for i := 0; ; i++ {
		n := bytes.IndexByte(data[i:], ':')
		if n < 0 {
			return -1, 0, 0
		}
		i += n
		if b := i - len("BEGIN"); c != codingBytes && b >= 0 && hasFold(string(data[b:min(i+2, len(data))]), "BEGIN:V") {
			if b >= len(bom) && string(data[b-len(bom):b]) == bom {
				b -= len(bom)
			}
			return b, codingBytes, 0
		}
		if at, to, mark, ok := c.wideTurn(data, i-2*len("BEGIN")); ok {
			return at, to, mark
		}
	}
}

// wideTurn reports whether a part in another coding begins with a BEGIN:V of 16
// bits a character whose B is at b.
func (c coding) wideTurn(data []byte, b int) (at int, to coding, mark int, ok bool) {
	const begin = "BEGIN:V"
	if b < 0 || b+2*len(begin)-1 > len(data) {
		return 0, 0, 0, false
	}
	for i := range len(begin) {
		if data[b+2*i]&^0x20 != begin[i]&^0x20 || i > 0 && data[b+2*i-1] != 0 {
			return 0, 0, 0, false
		}
	}
	big := b > 0 && data[b-1] == 0 // it can be either
	switch {
	case b >= 2 && data[b-2] == 0xff && data[b-1] == 0xfe:
		at, to, mark = b-2, codingLE, 2
	case big && b >= 3 && data[b-3] == 0xfe && data[b-2] == 0xff:
		at, to, mark = b-3, codingBE, 2
	case c == codingLE && b%2 == 0, c == codingBE && b%2 == 1:
		return 0, 0, 0, false // its own
	case big && (c != codingBE):
		at, to = b-1, codingBE
	default:
		at, to = b, codingLE
	}
	return at, to, mark, to != c || c != codingBytes && at%2 == 1
}

// damage is what a text in UTF-16 had that is no character.
type damage struct {
	halves spots // of pairs, without the other one
	half   uint16
	nuls   spots // left out
	bytes  spots // half characters at the ends of parts, left out
	byte   byte
}

// spots counts what is damaged in one way, and knows the first.
type spots struct {
	n    int
	at   int // in the text
	line int // 0: not known yet
}

func (s *spots) add(at int) (first bool) {
	if s.n++; s.n == 1 {
		s.at = at
	}
	return s.n == 1
}

func (d *damage) spots() [3]*spots { return [3]*spots{&d.halves, &d.nuls, &d.bytes} }

// place finds the lines of what is in a part of the text that begins at an offset,
// behind so many lines.
func (d *damage) place(part string, offset, lines int) {
	for _, s := range d.spots() {
		if n := s.at - offset; s.n > 0 && s.line == 0 && n < len(part) {
			s.line = lines + physicalLines(part[:n]+"x")
		}
	}
}

// placed tells of it in a whole text.
func (d *damage) placed(src string) []Problem {
	if *d == (damage{}) {
		return nil
	}
	d.place(src, 0, 0)
	return d.problems(physicalLines(src + "x"))
}

// problems tells of it; last is the text's last line.
func (d *damage) problems(last int) []Problem {
	for _, s := range d.spots() {
		if s.line == 0 {
			s.line = last
		}
	}
	var out []Problem
	add := func(s *spots, lost bool, format string, args ...any) {
		if s.n == 0 {
			return
		}
		what := fmt.Sprintf(format, args...)
		if s.n > 1 {
			what += fmt.Sprintf(" (the first of %d places like this)", s.n)
		}
		out = append(out, Problem{Offset: s.at, Line: s.line, What: what, Lost: lost})
	}
	add(&d.halves, false, "half a character of UTF-16 (%04X) without its other half: U+FFFD stands for it", d.half)
	add(&d.nuls, false, "a NUL in UTF-16 left out")
	add(&d.bytes, d.byte != 0 && d.byte != '\r' && d.byte != '\n', "a byte (%02X) at the end of UTF-16 is half a character: left out", d.byte)
	return out
}

// appendText appends to a text what data holds in a coding, as UTF-8, and tells how
// many bytes of data that was. In UTF-16, what is no character goes to d, if that
// isn't nil: half of a pair is U+FFFD then; NULs, which are in no text, are left
// out. at is where in the text b goes on. last: nothing follows data in this
// coding; else a half at its end waits for more.
func (c coding) appendText(b, data []byte, last bool, d *damage, at int) (text []byte, used int) {
	if c == codingBytes {
		return append(b, data...), len(data)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if c == codingBE {
		order = binary.BigEndian
	}
	if d == nil {
		d = new(damage)
	}
	at -= len(b)
	for used+1 < len(data) {
		u := order.Uint16(data[used:])
		r, n := rune(u), 2
		switch {
		case u == 0:
			d.nuls.add(at + len(b))
			used += n
			continue
		case utf16.IsSurrogate(r):
			pair := rune(utf8.RuneError)
			if used+3 < len(data) {
				pair = utf16.DecodeRune(r, rune(order.Uint16(data[used+2:])))
			} else if !last {
				return b, used
			}
			if r = pair; pair != utf8.RuneError {
				n = 4
			} else if d.halves.add(at + len(b)) {
				d.half = u
			}
		}
		b = utf8.AppendRune(b, r)
		used += n
	}
	if last && used < len(data) {
		if d.bytes.add(at + len(b)) {
			d.byte = data[used]
		}
		used++
	}
	return b, used
}

// sourceText gives a file's bytes as the string that the rest of the package
// works on. UTF-16 is transcoded to UTF-8; every other encoding is left as it is,
// since it is decided line by line. recoded says that a transcoding took place.
func sourceText(data []byte) (s string, recoded bool) {
	s, recoded, _ = sourceTextOf(data)
	return s, recoded
}

// sourceTextOf also tells what was no character.
func sourceTextOf(data []byte) (s string, recoded bool, d damage) {
	c, mark := codingOf(data)
	at, to, next := c.turn(data[mark:])
	if c == codingBytes && at < 0 {
		return string(data), false, d
	}
	b := make([]byte, 0, len(data)/2+len(data)/16)
	for data = data[mark:]; at >= 0; at, to, next = c.turn(data) {
		b, _ = c.appendText(b, data[:at], true, &d, len(b))
		if needsBreak(b) {
			b = append(b, '\n')
		}
		data, c = data[at+next:], to
	}
	b, _ = c.appendText(b, data, true, &d, len(b))
	return string(b), true, d
}

// needsBreak reports whether a part that is put behind this text would go on in its
// last line.
func needsBreak(text []byte) bool {
	return len(text) > 0 && text[len(text)-1] != '\n' && text[len(text)-1] != '\r'
}

// blankFile reports a file of nothing but NULs, line ends, blanks and the bytes of
// marks, whole or not: what a write leaves that was cut off, or erased memory. what
// says so.
func blankFile(data []byte) (what string, blank bool) {
	what = "empty file"
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case ' ', '\t', '\r', '\n':
		case 0:
			if what == "empty file" {
				what = "nothing but NULs, so nothing of it was taken"
			}
		case 0xef:
			if strings.HasPrefix(string(data[i:min(i+3, len(data))]), bom) {
				i += 2
				continue
			}
			what = blankBytes
		case 0xbb, 0xbf, 0xfe, 0xff:
			what = blankBytes
		default:
			return "", false
		}
	}
	return what, true
}

const blankBytes = "no text, just bytes that a mark begins with or that memory has where nothing was written: nothing of it was taken"

// emptyPart reports whether there is nothing to tell of in a part of a file: line
// ends, blanks and marks.
func emptyPart(data []byte) bool {
	what, blank := blankFile(data)
	return blank && what == "empty file"
}
