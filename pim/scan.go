package pim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxPiece is the most that a Scanner holds of a file, in bytes; a card or an
// entry beyond it is set aside and listed.
const MaxPiece = 64 << 20

// Scanner reads a file piece by piece, so that a file of many items is never in
// memory as a whole. A piece of a file of cards is one card, with what stands
// before it. From the first calendar or note on, a file that is an
// [io.ReaderAt] and an [io.Seeker] (an open file, a bytes.Reader) is read twice:
// once for where its items and zones are, since the entries of one UID and the
// zones that they name may stand anywhere, and then item by item. Of any other
// reader the rest is one piece.
//
//	s := pim.NewScanner(r)
//	for s.Scan() {
//		for _, o := range s.File().Objects { … }
//	}
//	err := s.Err()
//
// The pieces together hold what Read finds in the whole file, with the same
// offsets and line numbers.
type Scanner struct {
	r       io.Reader
	most    int // MaxPiece
	buf     []byte
	at      int   // how far buf was looked through for line ends
	line    int   // start in buf of the line that at is in
	open    []int // starts in buf of the cards that are open
	closed  bool  // the last line closed the outermost
	rest    bool  // everything that is left is one piece
	skip    bool  // within what is beyond MaxPiece, up to the next END
	told    bool  // that it is
	began   bool
	eof     bool
	err     error
	file    File
	offset  int // of buf in the text
	lines   int // physical lines before buf
	objects int
	beyond  int // objects that were more than MaxObjects
	limited bool
	hollow  hollow
	guesses guesses
	text    *fileText   // what r reads
	again   io.ReaderAt // text once more, if it can be read twice
	midline bool        // the last line that was read has no end
	held    int         // the most that is read as one piece from the first calendar on
	cals    *calendarScan
}

// NewScanner reads from r, which may be in any encoding that Read takes.
func NewScanner(r io.Reader) *Scanner {
	var again io.ReaderAt
	var start int64
	if file, ok := r.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		if at, err := file.Seek(0, io.SeekCurrent); err == nil {
			again, start = file, at
		}
	}
	text := newFileText(r, again, start)
	s := &Scanner{most: MaxPiece, held: 1 << 20, r: text, text: text}
	if again != nil {
		s.again = text
	}
	return s
}

// Err is the error of the reader that ended the scan, nil at the end of the file.
func (s *Scanner) Err() error { return s.err }

// File is the piece that Scan found: as Read gives it, but Bundle is about this
// piece alone.
func (s *Scanner) File() File { return s.file }

// Scan goes to the next piece; false at the end and on an error of the reader.
func (s *Scanner) Scan() bool {
	for s.err == nil {
		if s.cals != nil {
			return s.cals.scan()
		}
		cut := s.look()
		if cut < 0 {
			if s.cals != nil {
				continue
			}
			return false
		}
		if cut == 0 && s.began && s.eof {
			return s.last()
		}
		s.began = true
		if s.piece(cut) {
			return true
		}
	}
	return false
}

// last tells, once, of the objects beyond MaxObjects and of those that are hollow.
func (s *Scanner) last() bool {
	if s.limited {
		return false
	}
	s.limited = true
	s.file = File{Torn: s.file.Torn, Problems: s.guesses.appendTo(s.hollow.appendTo(s.damage()))}
	if s.beyond > 0 {
		s.file.Problems = append(s.file.Problems, Problem{Offset: s.offset, Line: s.lines + 1, Lost: true,
			What: fmt.Sprintf("more than %d objects in one file; %d set aside", MaxObjects, s.beyond)})
	}
	return len(s.file.Problems) > 0
}

// look finds the end of the next piece, 0 at the end of the file, -1 on an error
// and when the rest is left to a calendarScan.
func (s *Scanner) look() int {
	for {
		if cut := s.lineEnds(); cut > 0 {
			return cut
		}
		if s.eof {
			s.open, s.at, s.line = nil, len(s.buf), len(s.buf)
			return len(s.buf)
		}
		if s.rest && s.again != nil && len(s.buf) > s.held {
			s.cals = newCalendarScan(s)
			return -1
		}
		if len(s.buf) >= s.most && !s.rest {
			if cut := s.overflow(); cut > 0 {
				return cut
			}
		}
		if !s.fill() {
			return -1
		}
	}
}

// fill reads more of the file.
func (s *Scanner) fill() bool {
	const chunk = 64 << 10
	s.buf = slices.Grow(s.buf, chunk)
	n, err := s.r.Read(s.buf[len(s.buf):min(len(s.buf)+max(chunk, len(s.buf)/4), cap(s.buf))])
	s.buf = s.buf[:len(s.buf)+n]
	switch {
	case errors.Is(err, io.EOF):
		s.eof = true
	case err != nil:
		s.err = err
		return false
	}
	return true
}

// lineEnds goes through the lines that are whole and gives the end of the piece
// if one ends in them: at the line behind the END of the outermost card.
func (s *Scanner) lineEnds() int {
	for s.at < len(s.buf) {
		if s.rest {
			s.at = len(s.buf)
			return 0
		}
		if s.at == s.line && s.closed && s.buf[s.at] != '\r' && s.buf[s.at] != '\n' {
			return s.at
		}
		i := bytes.IndexAny(s.buf[s.at:], "\r\n")
		if i < 0 {
			s.at = len(s.buf)
			return 0
		}
		s.whole(s.buf[s.line : s.at+i])
		s.at += i + 1
		s.line = s.at
	}
	return 0
}

// whole looks at one physical line.
func (s *Scanner) whole(l []byte) {
	const longest = 64
	for bytes.HasPrefix(l, []byte(bom)) {
		l = l[len(bom):]
	}
	if len(s.open) == 0 && len(l) > len("BEGIN:") {
		if b := bytes.TrimLeft(l, " \t"); hasFold(string(b[:min(len(b), 6)]), "BEGIN:") {
			name := strings.ToUpper(strings.TrimSpace(string(b[6:])))
			if s.rest = name != "VCARD" && validName(name) && !tornName(name); s.rest {
				return
			}
		}
	}
	if len(l) > longest || len(l) < len("END:VCARD") {
		return
	}
	l = bytes.TrimRight(l, " \t")
	if n := glued(string(l)); n > 0 && equalFold(l[:n], "END:VCARD") {
		next := bytes.TrimLeft(l[n:], bom)
		switch {
		case equalFold(next, "BEGIN:VCARD"): // both cards are in one piece
			return
		case len(s.open) <= 1 && hasFold(string(next), "BEGIN:"):
			s.open, s.rest = s.open[:0], true
			return
		}
		l = l[:n]
	}
	switch {
	case equalFold(l, "BEGIN:VCARD"), equalFold(l, "AGENT:BEGIN:VCARD"):
		s.open = append(s.open, s.line)
	case equalFold(l, "END:VCARD"):
		if n := len(s.open); n > 0 {
			s.open = s.open[:n-1]
			s.closed = n == 1
		}
		s.skip = s.skip && len(s.open) > 0
	}
}

func equalFold(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

// overflow finds a piece in a buffer that is full: what stands before the last
// open card, whose outer ones have lost their ENDs. A card that alone fills the
// buffer is set aside.
func (s *Scanner) overflow() int {
	n := len(s.open)
	if n > 0 && s.open[n-1] > 0 {
		return s.open[n-1]
	}
	s.skip = true
	if s.line > 0 {
		return s.line
	}
	s.at = len(s.buf)
	s.line = s.at
	return s.at
}

// piece takes the bytes before cut off the buffer and reads them. It reports
// false for a piece with nothing in it to tell.
func (s *Scanner) piece(cut int) bool {
	data := s.buf[:cut]
	s.file = File{}
	switch {
	case s.skip && !s.told:
		s.file.Problems = []Problem{{Line: 1, Lost: true, What: fmt.Sprintf("more than %d MiB without the END of a card set aside", s.most>>20)}}
	case !s.skip && (s.offset == 0 || !emptyPart(data)):
		s.file = readText(string(data), data, s.offset == 0)
		s.file.Torn = s.file.Torn && s.eof && cut == len(s.buf)
	}
	s.told = s.skip
	for i := range s.file.Problems {
		s.file.Problems[i].Line += s.lines
		s.file.Problems[i].Offset += s.offset
	}
	for i := range s.file.Objects {
		s.file.Objects[i].Line += s.lines
	}
	s.file.hollow.first.Line += s.lines
	s.file.hollow.first.Offset += s.offset
	s.hollow.more(s.file.hollow)
	s.file.guesses.first.Line += s.lines
	s.file.guesses.first.Offset += s.offset
	s.guesses.more(s.file.guesses)
	if n := s.objects + len(s.file.Objects) - MaxObjects; n > 0 {
		n = min(n, len(s.file.Objects))
		s.beyond += n
		s.file.Objects = s.file.Objects[:len(s.file.Objects)-n]
	}
	s.objects += len(s.file.Objects)
	s.passed(cut)
	s.at, s.line, s.closed = max(s.at-cut, 0), max(s.line-cut, 0), false
	kept := s.open[:0]
	for _, o := range s.open {
		if o >= cut {
			kept = append(kept, o-cut)
		}
	}
	s.open = kept
	return len(s.file.Objects) > 0 || len(s.file.Problems) > 0
}

// passed takes what was read off the buffer.
func (s *Scanner) passed(n int) {
	if n > 0 {
		part := string(s.buf[:n])
		s.text.damage.place(part, s.offset, s.lines)
		s.lines += physicalLines(part)
		s.midline = needsBreak(s.buf[:n])
	}
	s.offset += n
	s.buf = s.buf[n:]
}

// damage tells of what was no character in the text, once all of it was read.
func (s *Scanner) damage() []Problem {
	last := s.lines + 1
	if s.midline {
		last--
	}
	return s.text.damage.problems(last)
}

// physicalLines counts as the parser does.
func physicalLines(text string) int {
	p := parser{s: text}
	n := 0
	for pos := 0; pos < len(text); n++ {
		_, pos = p.physical(pos)
	}
	return n
}
