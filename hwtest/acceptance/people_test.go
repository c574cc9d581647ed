package acceptance

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

// word is one that was never typed before.
func (h *history) word() string {
	h.n++
	return fmt.Sprintf("v%dx", h.n)
}

// create is a new card or event as a person, or one of several producers, makes it.
func (h *history) create() (kind, text, uid string) {
	uid = fmt.Sprintf("uid-%d", h.n)
	if h.r.IntN(5) == 0 {
		uid = ""
	}
	var l []string
	if h.r.IntN(3) == 0 {
		l = []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y", "BEGIN:VEVENT", "DTSTAMP:20260101T000000Z",
			"DTSTART:20260401T100000Z", "SUMMARY:" + h.word(), "ATTENDEE:mailto:" + h.word() + "@example.org"}
		if uid != "" {
			l = append(l, "UID:"+uid)
		}
		return "events", fold(append(l, "END:VEVENT", "END:VCALENDAR")), uid
	}
	name := h.word()
	version := []string{"2.1", "3.0", "3.0", "4.0"}[h.r.IntN(4)]
	l = []string{"BEGIN:VCARD", "VERSION:" + version, "N:" + name + ";;;;", "FN:" + name, "TEL;TYPE=CELL:+49170" + h.word(), "X-OTHER:1"}
	if version == "2.1" {
		l[4] = strings.Replace(l[4], "TYPE=", "", 1)
	}
	if uid != "" {
		l = append(l, "UID:"+uid)
	}
	return "contacts", fold(append(l, "END:VCARD")), uid
}

// edit changes an item as a person might; "" deletes it. Every edit types a new
// word, so that an edit that met a deletion can be told from an item that came
// back.
func (h *history) edit(text string) string {
	name, note, list := "SUMMARY", "DESCRIPTION", "ATTENDEE"
	entry := func() string { return "ATTENDEE:mailto:" + h.word() + "@example.org" }
	if isCard(text) {
		name, note, list = "FN", "NOTE", "TEL"
		entry = func() string { return "TEL:+49170" + h.word() }
	}
	call := func(text string) string {
		v := h.word()
		text = with(text, name, v)
		if name == "FN" {
			text = with(text, "N", v+";;;;")
		}
		return text
	}
	switch h.r.IntN(8) {
	case 0:
		return ""
	case 1, 2:
		return call(text)
	case 3:
		return with(text, note, h.word())
	case 4:
		return call(with(text, note, ""))
	case 5, 6:
		return plus(text, entry())
	default:
		n := count(text, list)
		if n == 0 {
			return plus(text, entry())
		}
		return call(minus(text, list, h.r.IntN(n)))
	}
}

// move is another collection: a common one together with an edit, or a new one
// whose name is a word of its own.
func (h *history) move() (collection string, edit bool) {
	if h.r.IntN(2) == 0 {
		return "team-" + h.word(), false
	}
	return []string{"personal", "work", "home"}[h.r.IntN(3)], true
}

func (h *history) stepStore(p *pc) {
	s := p.open()
	list := p.items()
	sort.Slice(list, func(i, j int) bool { return list[i].id < list[j].id })
	if len(list) == 0 || h.r.IntN(4) == 0 {
		kind, text, _ := h.create()
		h.logf("%s creates %v", p.name, wordsOf(text))
		h.typed(nil, wordsOf(text))
		_, err := s.Create(ctxb, kind, "personal", []byte(text))
		h.must(err)
		return
	}
	it := list[h.r.IntN(len(list))]
	before := wordsOf(it.collection, it.text)
	if len(h.pinned)+len(h.halted) > 0 && find(it.text, "UID") == "" {
		return
	}
	if h.r.IntN(6) == 0 {
		to, also := h.move()
		text := it.text
		if also {
			if text = h.edit(text); text == "" {
				text = plus(it.text, "X-MOVED:"+h.word())
			}
		}
		if to == it.collection && text == it.text {
			return
		}
		h.logf("%s moves %s to %s: %v -> %v", p.name, it.id[:4], to, before, wordsOf(to, text))
		h.typed(before, wordsOf(to, text))
		if text != it.text {
			_, _, err := s.Edit(ctxb, it.id, []byte(text))
			h.must(err)
		}
		h.must(s.Move(ctxb, it.id, to))
		return
	}
	text := h.edit(it.text)
	if text == "" {
		h.logf("%s deletes %s: %v", p.name, it.id[:4], before)
		h.typed(before, nil)
		if h.anyWithoutState() {
			h.release(before) // the first sync to come never deletes
		}
		_, err := s.Delete(ctxb, it.id)
		h.must(err)
		return
	}
	h.logf("%s edits %s: %v -> %v", p.name, it.id[:4], before, wordsOf(it.collection, text))
	h.typed(before, wordsOf(it.collection, text))
	_, _, err := s.Edit(ctxb, it.id, []byte(text))
	h.must(err)
}

// anyWithoutState reports whether a phone has no state.
func (h *history) anyWithoutState() bool {
	for _, d := range h.phones {
		found, err := filepath.Glob(filepath.Join(d.dir, "Cradle", "state", "*.state"))
		h.must(err)
		if len(found) == 0 {
			return true
		}
	}
	return false
}

// at is the time that an edit on the phone gets: the host's own, an earlier one
// or a later one, each once.
func (h *history) at() time.Time {
	step := time.Duration(h.steps) * 10 * time.Second
	switch h.r.IntN(3) {
	case 0:
		return h.start.Add(step - 24*time.Hour)
	case 1:
		return h.start.Add(step + time.Hour)
	}
	return time.Time{}
}

func (h *history) stepPhone(d *device) {
	list := d.items(h.t)
	if len(list) == 0 || h.r.IntN(4) == 0 {
		kind, text, uid := h.create()
		file := "Cradle/contacts/personal/" + uid + ".vcf"
		if kind == "events" {
			file = "Cradle/calendars/personal/" + uid + ".ics"
		}
		if uid == "" {
			file = path.Dir(file) + "/" + fmt.Sprintf("anon%d", h.n) + path.Ext(file)
		}
		h.logf("phone %s creates %s: %v", d.serial, file, wordsOf(text))
		h.typed(nil, wordsOf(text))
		d.write(h.t, file, text, h.at())
		return
	}
	it := list[h.r.IntN(len(list))]
	before := wordsOf(it.collection, it.text)
	// Of an object that a cut left in two files, and of one that the state doesn't
	// list, nobody can tell a deletion from an object that never came to be.
	line, listed := d.listing(h.world)[it.path]
	nameless := find(it.text, "UID") == ""
	if nameless && (len(h.pinned) > 0 || !listed && (len(h.phones) > 1 || h.lies(d, it.text))) {
		return
	}
	twice := slices.ContainsFunc(list, func(o held) bool {
		return o.path != it.path && slices.ContainsFunc(wordsOf(o.text), func(v string) bool { return slices.Contains(before, v) })
	})
	// Without a UID an object that is moved and edited at once is another object.
	if h.r.IntN(6) == 0 && !twice && !(nameless && line.Place.Body != bodyOf(it.text)) {
		to, also := h.move()
		text := it.text
		if also && !nameless {
			if text = h.edit(text); text == "" {
				text = plus(it.text, "X-MOVED:"+h.word())
			}
		}
		if to == it.collection || also && nameless {
			return
		}
		parts := strings.Split(it.path, "/")
		file := path.Join(parts[0], parts[1], to, path.Base(it.path))
		if slices.ContainsFunc(list, func(o held) bool { return o.path == file }) {
			return
		}
		h.logf("phone %s moves %s to %s: %v -> %v", d.serial, it.path, file, before, wordsOf(to, text))
		h.typed(before, wordsOf(to, text))
		d.remove(h.t, it.path)
		d.write(h.t, file, text, h.at())
		return
	}
	if twice { // of two files with one item a person edits one
		if first := h.item[append(before, "")[0]]; h.twins[first] {
			return
		} else {
			h.twins[first] = true
		}
	}
	text := h.edit(it.text)
	h.logf("phone %s edits %s: %v -> %v", d.serial, it.path, before, wordsOf(it.collection, text))
	if text == "" {
		h.typed(before, nil)
		if !listed || twice || h.dirty[d] && line.Place.Body != bodyOf(it.text) {
			h.release(before)
		}
		d.remove(h.t, it.path)
		return
	}
	h.typed(before, wordsOf(it.collection, text))
	d.write(h.t, it.path, text, h.at())
}
