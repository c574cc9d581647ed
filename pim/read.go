package pim

import (
	"fmt"
	"slices"
	"strings"

	"cradle/valuebag"
)

// Object is one item found in a file.
type Object struct {
	Kind *Kind
	UID  string // "" when it has none
	// Text is the object's own bytes: a card from BEGIN to END; a calendar item
	// as its whole file if the file holds nothing else, else in a VCALENDAR with
	// the wrapper's lines and the zones it names. UTF-16 comes as UTF-8.
	Text []byte
	Line int  // physical line of its BEGIN, from 1
	Torn bool // its END is missing

	text  *Text  // Text taken apart, if that was done
	frame *frame // of Text, if it has one that is taken apart
	end   int    // of the entries in Text
}

// Item makes the object's bag, as Kind.New does, without reading the text once
// more where Read has done it.
func (o *Object) Item(collection string) (*valuebag.Values, error) {
	if o.text == nil && o.frame != nil {
		ps := parsers.Get().(*parser)
		defer parsers.Put(ps)
		if t := o.frame.text(ps, string(o.Text), o.end); t != nil {
			return ps.bag(o.Kind, t, o.Text, collection)
		}
	}
	if o.text == nil {
		return o.Kind.New(o.Text, collection)
	}
	ps := parsers.Get().(*parser)
	defer parsers.Put(ps)
	return ps.bag(o.Kind, o.text, o.Text, collection)
}

// File is what Read found.
type File struct {
	Objects []Object
	Bundle  bool // more than one item: not to be written back
	// Torn: the file is empty, all NUL, or ends before its last END, as one
	// that was cut off while it was written. On a phone this is never an edit.
	Torn     bool
	Problems []Problem // what was repaired, and with Lost what is in no object

	hollow  hollow // yet to be told
	guesses guesses
}

// noEntry is the problem of a file without an item.
const noEntry = "no vCard and no calendar entry, so nothing of it was taken"

// Read finds the items in a file. Nothing stops it: one bad entry never loses
// the others. Components that are no items (VFREEBUSY, a VTIMEZONE alone) are
// listed in Problems.
func Read(data []byte) File {
	src, recoded, d := sourceTextOf(data)
	if recoded {
		data = []byte(src)
	}
	f := readText(src, data, true)
	f.Problems = append(f.guesses.appendTo(f.hollow.appendTo(f.Problems)), d.placed(src)...)
	return f
}

// readText reads a part of a text between its items, which is src and data; it
// isn't changed. begins: it is the whole text, or what that begins with.
func readText(src string, data []byte, begins bool) File {
	var f File
	if what, blank := blankFile(data); blank && begins {
		f.Torn = true
		f.Problems = []Problem{{Line: 1, What: what, Lost: true}}
		return f
	}
	t := parse(src)
	f.Problems = t.Problems
	f.guesses.count(t)
	r := reader{t: t, f: &f}
	r.collect()
	r.torn()
	f.Bundle = len(r.items) > 1
	switch {
	case len(r.items) == 0 && begins && f.hollow.n == 0:
		if !slices.ContainsFunc(f.Problems, func(p Problem) bool { return p.Lost }) {
			f.Problems = append(f.Problems, Problem{Line: 1, What: noEntry + looksLike(data), Lost: true})
		}
	case len(r.items) != 1 || r.items[0].single || !begins || f.hollow.n > 0:
		f.Problems = append(f.Problems, outside(t)...)
	}
	eol := lineEnd(src)
	for n := range r.items {
		it := &r.items[n]
		first := &t.Components[it.comps[0]]
		if n >= MaxObjects {
			f.Problems = append(f.Problems, Problem{Offset: first.Start, Line: first.Number, Lost: true,
				What: fmt.Sprintf("more than %d objects in one file; %d set aside", MaxObjects, len(r.items)-n)})
			break
		}
		if r.tooLong(it) {
			f.Problems = append(f.Problems, f.beyond(first))
			continue
		}
		o := Object{Kind: it.kind, UID: it.uid, Line: first.Number, Torn: it.torn}
		switch {
		case it.single:
			o.Text = []byte(src[first.Start:first.End])
			if len(o.Text) == len(src) {
				o.text = t
			}
		case !f.Bundle && begins && f.hollow.n == 0:
			o.text = t
			o.Text = append([]byte(nil), data...)
		default:
			o.Text, o.frame, o.end = r.entryText(it, eol)
		}
		f.Objects = append(f.Objects, o)
	}
	return f
}

// found is one item: a card or note, or the components of one UID.
type found struct {
	kind    *Kind
	uid     string
	comps   []int
	wrapper int  // the VCALENDAR of the first, 0 for bare components
	single  bool // a component of its own without wrapper
	master  bool
	torn    bool
}

type reader struct {
	t     *Text
	f     *File
	items []found
	byUID map[string]int // kind and UID → the first item of it
	heads map[int]*wrapperHead
	// frames by their text: the entries of a file have few.
	frames map[string]*frame
}

// frameOf is the frame of a text that begins with it.
func frameOf(frames map[string]*frame, head []byte) *frame {
	f, ok := frames[string(head)]
	if !ok {
		f = newFrame(head)
		frames[string(head)] = f
	}
	return f
}

// wrapperHead is what each entry of a VCALENDAR is wrapped in; 0 stands for the
// file.
type wrapperHead struct {
	lines   []byte
	zones   []zoneText
	dialect Dialect
	entries bool
}

type zoneText struct{ id, raw string }

// head collects the head of a wrapper once.
func (r *reader) head(w int, eol string) *wrapperHead {
	if h := r.heads[w]; h != nil {
		return h
	}
	t := r.t
	h := &wrapperHead{dialect: ICalendar2}
	if w != 0 {
		h.dialect = calendarDialect(t, []int{w})
		c := &t.Components[w]
		h.lines = appendRaw(nil, t.Source[c.Start:c.BodyStart], eol)
		for j := t.linesFrom(c.BodyStart); j < len(t.Lines) && t.Lines[j].Start < c.End; j++ {
			if l := &t.Lines[j]; l.Component == w && !l.stray {
				h.lines = appendRaw(h.lines, t.Raw(l), eol)
			}
		}
	}
	p := parsed{t: t, kind: Events, d: h.dialect}
	for _, z := range t.Children(w) {
		c := &t.Components[z]
		h.entries = h.entries || isEntry(c.Name)
		if c.Name != "VTIMEZONE" {
			continue
		}
		h.zones = append(h.zones, zoneText{p.zoneID(z), string(appendComponent(nil, t, z, eol))})
	}
	if r.heads == nil {
		r.heads = map[int]*wrapperHead{}
	}
	r.heads[w] = h
	return h
}

func (r *reader) collect() {
	t := r.t
	r.byUID = map[string]int{}
	bare := map[int]bool{} // calendars that hold cards and notes, and no entry
	for i := 1; i < len(t.Components); i++ {
		c := &t.Components[i]
		in := 0
		switch {
		case c.Parent == 0:
		case t.Components[c.Parent].Name == "VCALENDAR" && t.Components[c.Parent].Parent == 0:
			in = c.Parent
		default:
			continue
		}
		k := kindOfComponent(c.Name)
		if k != nil && t.isHollow(i) {
			r.f.hollow.add(c.Name, Problem{Offset: c.Start, Line: c.Number})
			continue
		}
		switch {
		case c.Name == "VCARD", c.Name == "VNOTE":
			if _, ok := bare[in]; !ok && in != 0 {
				bare[in] = true
			}
			p := parsed{t: t, kind: k, d: VCard30}
			r.items = append(r.items, found{kind: k, uid: strings.TrimSpace(p.lineValue(i, "UID")), comps: []int{i}, single: true, torn: !c.Closed})
		case k != nil && k != Contacts:
			bare[in] = false
			r.entry(i, in, k)
		case c.Name == "VCALENDAR" && in == 0:
			if len(t.Children(i)) == 0 {
				r.problem(c, "calendar without an entry")
			}
		case c.Name == "VTIMEZONE":
			if in == 0 || !r.head(in, lineEnd(t.Source)).entries {
				r.problem(c, "a time zone alone is no item")
			}
		default:
			r.problem(c, clip(c.Name)+" is no item that Cradle syncs")
		}
	}
	for i := range t.Components {
		c := &t.Components[i]
		for j := t.linesFrom(c.BodyStart); bare[i] && j < len(t.Lines) && t.Lines[j].Start < c.End; j++ {
			if l := &t.Lines[j]; l.Component == i && !l.stray && saysMore(l.Name) {
				r.problem(c, linesLeft)
				break
			}
		}
	}
}

// linesLeft tells of a VCALENDAR whose cards and notes are items without it.
const linesLeft = "calendar without an entry: its own lines left out"

// saysMore reports whether a line of a calendar says something of its own.
func saysMore(name string) bool { return name != "VERSION" && name != "PRODID" }

func (r *reader) problem(c *Component, what string) {
	r.f.Problems = append(r.f.Problems, Problem{Offset: c.Start, Line: c.Number, What: what, Lost: true})
}

// entry adds a VEVENT, VTODO or VJOURNAL to the item of its UID. A second
// master of one UID is an item of its own, and so is each entry without UID.
func (r *reader) entry(i, wrapper int, k *Kind) {
	p := parsed{t: r.t, kind: k, d: ICalendar2}
	if wrapper != 0 {
		p.d = r.head(wrapper, lineEnd(r.t.Source)).dialect
	}
	uid := strings.TrimSpace(p.lineValue(i, "UID"))
	master := p.line(i, "RECURRENCE-ID") == nil
	torn := !r.t.Components[i].Closed
	key := k.name + "\x00" + uid
	n, ok := r.byUID[key]
	if uid != "" && ok && !(master && r.items[n].master) {
		f := &r.items[n]
		f.comps = append(f.comps, i)
		f.master = f.master || master
		f.torn = f.torn || torn
		return
	}
	if !ok {
		r.byUID[key] = len(r.items)
	}
	r.items = append(r.items, found{kind: k, uid: uid, comps: []int{i}, wrapper: wrapper, master: master, torn: torn})
}

// torn decides whether the file was cut off: its last component has no END.
func (r *reader) torn() {
	t := r.t
	if len(t.Components) == 1 {
		return
	}
	last := 0
	for i := 1; i < len(t.Components); i++ {
		if t.Components[i].Parent == 0 {
			last = i
		}
	}
	r.f.Torn = !t.Components[last].Closed
	if r.f.Torn {
		c := &t.Components[last]
		r.f.Problems = append(r.f.Problems, Problem{Offset: c.Start, Line: c.Number, What: c.Name + cutOff, Torn: true})
	}
}

// beyond tells that a component is left out, in the place of what its first line beyond
// the limits was told for.
func (f *File) beyond(c *Component) Problem {
	out := Problem{Offset: c.Start, Line: c.Number, Lost: true, What: c.Name + beyondLimits + longLine}
	at := -1
	f.Problems = slices.DeleteFunc(f.Problems, func(p Problem) bool {
		if p.Offset < c.Start || p.Offset >= c.End || p.What != longLine && p.What != deepNest {
			return false
		}
		if at < 0 {
			at = p.Offset
			out.Offset, out.Line, out.What = p.Offset, p.Line, c.Name+beyondLimits+p.What
		}
		return true
	})
	return out
}

func (r *reader) tooLong(it *found) bool {
	for _, c := range it.comps {
		if r.tooLongIn(c) {
			return true
		}
	}
	return false
}

func (r *reader) tooLongIn(c int) bool {
	if r.t.Components[c].tooLong {
		return true
	}
	for _, ch := range r.t.Children(c) {
		if r.tooLongIn(ch) {
			return true
		}
	}
	return false
}

// entryText is the text of one item of a bundle.
func (r *reader) entryText(it *found, eol string) (text []byte, f *frame, end int) {
	t := r.t
	var b []byte
	add := func(raw string) { b = appendRaw(b, raw, eol) }
	heads := [2]*wrapperHead{r.head(0, eol)}
	if it.wrapper != 0 {
		heads = [2]*wrapperHead{r.head(it.wrapper, eol), heads[0]}
	}
	var room [4]string
	named := room[:0] // zones that are yet to be found
	size := 64
	for _, c := range it.comps {
		end := t.Components[c].End
		size += end - t.Components[c].Start + 32
		for j := t.linesFrom(t.Components[c].Start); j < len(t.Lines) && t.Lines[j].Start < end; j++ {
			if id := t.Lines[j].Param("TZID"); id != "" && !slices.Contains(named, id) {
				named = append(named, id)
			}
		}
	}
	b = make([]byte, 0, size+len(heads[0].lines)+min(len(named), 1)*(1<<10))
	if it.wrapper != 0 {
		b = append(b, heads[0].lines...)
	} else {
		add("BEGIN:VCALENDAR" + eol + "VERSION:2.0" + eol + "PRODID:" + ProductID + eol)
	}
	for _, h := range heads {
		for i := 0; h != nil && len(named) > 0 && i < len(h.zones); i++ {
			if at := slices.Index(named, h.zones[i].id); at >= 0 {
				named = slices.Delete(named, at, at+1)
				add(h.zones[i].raw)
			}
		}
	}
	if r.frames == nil {
		r.frames = map[string]*frame{}
	}
	if len(r.frames) < maxFrames {
		f = frameOf(r.frames, b)
	}
	for _, c := range it.comps {
		b = appendComponent(b, t, c, eol)
	}
	end = len(b)
	if it.wrapper != 0 && t.Components[it.wrapper].Closed {
		w := &t.Components[it.wrapper]
		add(t.Source[w.BodyEnd:w.End])
	} else {
		add("END:VCALENDAR")
	}
	return b, f, end
}

// maxFrames is how many frames of one file are kept; a file where each entry has
// its own gains nothing by them.
const maxFrames = 64
