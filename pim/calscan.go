package pim

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// calendarPieceSize is how much of a file is taken apart at a time, in bytes.
const calendarPieceSize = 256 << 10

// objectsAtOnce is how many items of a calendar one piece has.
const objectsAtOnce = 64

// calendarScan goes on for a Scanner from the first calendar on.
type calendarScan struct {
	*Scanner
	x       *calendarIndex
	ps      *parser
	at      int  // how far buf was looked through for line ends
	line    int  // start in buf of the line that at is in
	ended   bool // the last line ended a component
	least   int  // no shorter piece ends between two entries
	skip    bool // within what is beyond MaxPiece
	first   bool // nothing stands before it in the file
	lost    bool // something was set aside
	indexed bool
	item    int // the next to give out
	near    fileWindow
	far     []byte
}

func newCalendarScan(s *Scanner) *calendarScan {
	x := newCalendarIndex()
	x.begin, x.eol = s.offset, lineEnd(string(s.buf))
	return &calendarScan{Scanner: s, x: x, ps: new(parser), least: min(calendarPieceSize, s.held+1), first: s.offset == 0, near: fileWindow{r: s.again}}
}

// scan goes to the next piece: what there is to tell of a part of the file, or
// some items.
func (c *calendarScan) scan() bool {
	for !c.indexed {
		if !c.index() {
			return false
		}
		if len(c.file.Problems) > 0 {
			return true
		}
	}
	return c.give()
}

// index takes one part of the file apart; false on an error of the reader.
func (c *calendarScan) index() bool {
	c.file = File{}
	for {
		cut, eof := c.cut()
		if cut < 0 {
			return false
		}
		if c.skip {
			c.drop(cut)
			c.skip = false
			if eof {
				c.finish()
			}
			return true
		}
		room := max(MaxObjects-c.objects, 0)
		problems, ok := c.x.read(c.ps, c.buf[:cut], c.offset, c.lines, room, eof)
		if !ok {
			c.least = cut + max(cut, calendarPieceSize)
			continue
		}
		c.file.Problems = problems
		c.drop(cut)
		if eof {
			c.finish()
		}
		c.lost = c.lost || slices.ContainsFunc(c.file.Problems, func(p Problem) bool { return p.Lost })
		return true
	}
}

func (c *calendarScan) finish() {
	c.hollow.more(c.x.hollow)
	c.x.hollow = c.hollow
	c.guesses.more(c.x.guesses)
	c.x.guesses = c.guesses
	if c.beyond > 0 {
		if c.x.beyond == 0 {
			c.x.firstOut = Problem{Offset: c.offset, Line: c.lines + 1, Lost: true}
		}
		c.x.beyond += c.beyond
	}
	c.file.Problems = append(append(c.file.Problems, c.damage()...), c.x.finish(c.first, c.lost || slices.ContainsFunc(c.file.Problems, func(p Problem) bool { return p.Lost }))...)
	c.file.Torn = c.x.torn
	c.indexed = true
	c.buf, c.ps = nil, nil
}

// cut finds the end of the next part: behind the END of a component, before
// another BEGIN or END. -1 is an error of the reader.
func (c *calendarScan) cut() (n int, eof bool) {
	for {
		for c.at < len(c.buf) {
			if c.at == c.line && c.ended && c.at >= c.least {
				switch b := c.buf[c.at]; {
				case b == '\r' || b == '\n':
				case len(c.buf)-c.at < 6 && !c.eof:
					goto more
				case isDelimiter(string(c.buf[c.at:min(c.at+6, len(c.buf))])):
					c.ended = false
					c.least = min(calendarPieceSize, c.held+1)
					return c.at, false
				default:
					c.ended = false
				}
			}
			i := bytes.IndexAny(c.buf[c.at:], "\r\n")
			if i < 0 {
				c.at = len(c.buf)
				break
			}
			if l := c.buf[c.line : c.at+i]; len(l) > 0 {
				c.ended = len(l) <= 32 && (l[0] == 'E' || l[0] == 'e') && wholeDelimiter(string(l))
			}
			c.at += i + 1
			c.line = c.at
		}
	more:
		if c.eof {
			return len(c.buf), true
		}
		if len(c.buf) >= c.most {
			c.overflow()
		}
		if !c.fill() {
			return -1, false
		}
	}
}

// overflow sets aside what is held of an entry that doesn't end, up to the line
// that is being read.
func (c *calendarScan) overflow() {
	if !c.skip {
		c.file.Problems = append(c.file.Problems, Problem{Offset: c.offset, Line: c.lines + 1, Lost: true,
			What: fmt.Sprintf("more than %d MiB without the END of an entry set aside", c.most>>20)})
		c.lost = true
	}
	c.skip, c.x.skipped, c.least = true, true, 0
	n := c.line
	if n == 0 {
		n = c.at
	}
	c.drop(n)
}

// drop takes the bytes before n off the buffer.
func (c *calendarScan) drop(n int) {
	c.passed(n)
	c.at, c.line = max(c.at-n, 0), max(c.line-n, 0)
}

// give makes the next items from the file.
func (c *calendarScan) give() bool {
	x := c.x
	if c.item == 0 {
		c.objects += len(x.items)
		if c.first && x.onlyOne() {
			c.item++
			return c.giveWhole()
		}
	}
	c.file = File{Torn: x.torn, Bundle: true}
	for c.item < len(x.items) && len(c.file.Objects) < objectsAtOnce {
		it := &x.items[c.item]
		c.item++
		if it.tooLong {
			continue
		}
		o, err := c.object(it)
		if err != nil {
			c.err = err
			return false
		}
		c.file.Objects = append(c.file.Objects, o)
	}
	return len(c.file.Objects) > 0
}

// giveWhole gives the one item of the file, whose text is the file's.
func (c *calendarScan) giveWhole() bool {
	from := int64(c.x.begin)
	data, err := io.ReadAll(io.NewSectionReader(c.again, from, math.MaxInt64-from))
	if err != nil {
		c.err = err
		return false
	}
	c.file = readText(string(data), data, true)
	c.file.Problems = nil // told already
	for i := range c.file.Objects {
		c.file.Objects[i].Line = int(c.x.items[0].line)
	}
	return len(c.file.Objects) > 0
}

// object makes an item's text, as reader.entryText does.
func (c *calendarScan) object(it *itemAt) (Object, error) {
	x := c.x
	o := Object{Kind: Kinds()[it.kind], Line: int(it.line), Torn: it.torn}
	e := &x.entries[it.first]
	if it.single {
		raw, err := c.bytes(e)
		if err != nil {
			return o, err
		}
		o.Text = bytes.Clone(raw)
		t := parse(string(o.Text))
		p := parsed{t: t, kind: o.Kind, d: VCard30}
		if len(t.Components) > 1 {
			o.UID = strings.TrimSpace(p.lineValue(1, "UID"))
		}
		o.text = t
		return o, nil
	}
	w := &x.wrappers[it.wrapper]
	var b []byte
	if it.wrapper != 0 {
		b = append(b, w.lines...)
	} else {
		b = append(b, "BEGIN:VCALENDAR"+x.eol+"VERSION:2.0"+x.eol+"PRODID:"+ProductID+x.eol...)
	}
	b = x.appendZones(b, w, it)
	if len(x.frames) < maxFrames {
		o.frame = frameOf(x.frames, b)
	}
	for n := it.first; n != 0; n = e.next {
		e = &x.entries[n]
		raw, err := c.bytes(e)
		if err != nil {
			return o, err
		}
		b = appendRaw(b, string(raw), x.eol)
		if !e.closed {
			if e.dangling {
				b = append(b, x.eol...)
			}
			b = append(append(append(b, "END:"...), o.Kind.component...), x.eol...)
		}
	}
	o.end = len(b)
	if it.wrapper != 0 && w.closed {
		b = appendRaw(b, w.end, x.eol)
	} else {
		b = appendRaw(b, "END:VCALENDAR", x.eol)
	}
	o.Text = b
	if o.frame != nil {
		o.text = o.frame.text(new(parser), string(b), o.end)
	}
	if o.text == nil {
		o.text = parse(string(b))
	}
	p := parsed{t: o.text, kind: o.Kind}
	if err := p.locate(); err != nil {
		return o, fmt.Errorf("line %d: the file changed while it was read: %w", o.Line, err)
	}
	o.UID = p.uid
	return o, nil
}

// appendZones adds the zones that an item names, each once: those of its calendar,
// then those that stand outside of all.
func (x *calendarIndex) appendZones(b []byte, w *wrapperAt, it *itemAt) []byte {
	set := x.sets[it.zones]
	if len(set) == 0 {
		return b
	}
	done := map[int32]bool{}
	add := func(w *wrapperAt) {
		for _, z := range w.zones {
			if n := x.zoneIDs[z.id]; n != 0 && slices.Contains(set, n) && !done[n] {
				done[n] = true
				b = append(b, z.raw...)
			}
		}
	}
	add(w)
	if it.wrapper != 0 {
		add(&x.wrappers[0])
	}
	return b
}

// bytes are an entry's own, valid until the next call.
func (c *calendarScan) bytes(e *entryAt) ([]byte, error) {
	b, ok, err := c.near.get(e.start, e.end)
	if ok || err != nil {
		return b, err
	}
	c.far = slices.Grow(c.far[:0], e.end-e.start)[:e.end-e.start]
	_, err = io.ReadFull(io.NewSectionReader(c.again, int64(e.start), int64(len(c.far))), c.far)
	return c.far, err
}

// fileWindow is a part of the file that moves on through it.
type fileWindow struct {
	r   io.ReaderAt
	at  int // of buf in the text
	buf []byte
}

// get gives the bytes from start to end if they are in the window or what follows
// it.
func (w *fileWindow) get(start, end int) (b []byte, ok bool, err error) {
	if start >= w.at && end <= w.at+len(w.buf) {
		return w.buf[start-w.at : end-w.at], true, nil
	}
	if start < w.at || end-start > calendarPieceSize || start > w.at+len(w.buf)+calendarPieceSize && len(w.buf) > 0 {
		return nil, false, nil
	}
	if w.buf == nil {
		w.buf = make([]byte, 0, calendarPieceSize)
	}
	n, err := w.r.ReadAt(w.buf[:calendarPieceSize], int64(start))
	w.at, w.buf = start, w.buf[:n]
	if n < end-start {
		return nil, false, err
	}
	return w.buf[:end-start], true, nil
}
