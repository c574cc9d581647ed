package acceptance

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cradle/hwtest"
	"cradle/mtp/responder"
	"cradle/pim"
)

// kept is a line that is to stay as it was typed: the phone can't store it.
type kept struct{ raw string }

// lossyStory is one phone that stores part of what it is given, and the people who edit on
// both sides.
type lossyStory struct {
	*world
	r       *rand.Rand
	phone   *device
	stores  *hwtest.Storage
	outside map[string][]kept // by the store's ID: lines outside what the phone stores, untouched so far
	n       int
	anew    int             // cards that were written anew without their UID
	edited  map[string]bool // paths that the phone's user touched since the last sync
	fresh   map[string]bool // and those written anew without a UID: edited again, nothing may be left that says which card it was
}

// physical gives the lines of a text with their folds, soft line breaks and ends.
func physical(text string) []string {
	var out []string
	for l := range strings.SplitAfterSeq(text, "\n") {
		soft := len(out) > 0 && strings.HasSuffix(strings.TrimRight(out[len(out)-1], "\r\n"), "=") && strings.Contains(out[len(out)-1], "QUOTED-PRINTABLE")
		if len(out) > 0 && l != "" && (l[0] == ' ' || l[0] == '\t' || soft) {
			out[len(out)-1] += l
		} else if l != "" {
			out = append(out, l)
		}
	}
	return out
}

// outsideOf lists the lines directly in a card or entry whose name the phone doesn't store
// at all, and how many lines there are.
func (s *lossyStory) outsideOf(text string) (out []kept, all int) {
	depth, in := 0, false
	labelled := map[string]string{} // by group
	for _, l := range unfold(text) {
		if group, _, ok := strings.Cut(l[:strings.IndexAny(l+":", ":;")], "."); ok && nameOf(l) != "X-ABLABEL" {
			labelled[strings.ToLower(group)] = nameOf(l)
		}
	}
	for _, l := range physical(text) {
		logical := strings.Join(unfold(l), "")
		name := nameOf(strings.TrimSpace(logical))
		switch name {
		case "BEGIN":
			depth++
			v := strings.ToUpper(strings.TrimSpace(valueOf(l)))
			in = v == "VCARD" || v == "VEVENT" || v == "VTODO"
			continue
		case "END":
			depth--
			in = depth == 1 && !strings.HasPrefix(strings.ToUpper(text), "BEGIN:VCARD")
			continue
		}
		if !in || name == "" || slices.Contains(append(ownLines, "UID"), name) {
			continue
		}
		all++
		if group, _, ok := strings.Cut(logical, "."); ok && name == "X-ABLABEL" {
			name = labelled[strings.ToLower(group)] // a label goes with what it is of
		}
		if _, some := s.stores.Stores(name); !some {
			out = append(out, kept{l})
		}
	}
	return out, all
}

func (s *lossyStory) word() string {
	s.n++
	return fmt.Sprintf("w%dq", s.n)
}

// cardNames are what the generator makes; the phone stores FN and some of the others.
var lossyNames = []string{"N", "NICKNAME", "ORG", "TITLE", "ROLE", "TEL", "EMAIL", "ADR", "URL", "IMPP", "BDAY", "NOTE", "CATEGORIES", "RELATED", "GENDER", "X-SPOUSE", "X-THING", "PHOTO"}

// card makes a card of two or three lines of many names, some with labels.
func (s *lossyStory) card(uid string) string {
	l := []string{"BEGIN:VCARD", "VERSION:" + []string{"3.0", "4.0"}[s.r.IntN(2)], "FN:" + s.word(), "UID:" + uid}
	group := 0
	for _, name := range lossyNames {
		for range 1 + s.r.IntN(3) {
			if s.r.IntN(4) == 0 {
				continue
			}
			head := name
			switch s.r.IntN(5) {
			case 0:
				head += ";TYPE=HOME"
			case 1:
				head += ";TYPE=WORK;X-P=" + s.word()
			case 2:
				group++
				head = fmt.Sprintf("item%d.%s", group, name)
				l = append(l, fmt.Sprintf("item%d.X-ABLabel:%s", group, s.word()))
			}
			v := s.word()
			switch name {
			case "N":
				v = s.word() + ";" + s.word() + ";" + s.word() + ";;"
				head = "N"
			case "ADR":
				v = ";;" + s.word() + " street;" + s.word() + ";;" + s.word() + ";"
			case "ORG":
				v += ";" + s.word()
			case "TEL":
				v = fmt.Sprintf("+49 30 %07d", 1000000+s.n)
			case "EMAIL":
				v += "@example.org"
			case "BDAY":
				v = "1990-01-02"
			case "NOTE":
				v = strings.Repeat(v+" ", 1+s.r.IntN(40)) + "end"
			case "PHOTO":
				v, head = "AAAA"+strings.ToUpper(strings.ReplaceAll(s.word(), "-", ""))+"AA==", "PHOTO;ENCODING=b;TYPE=JPEG"
				v = v[:len(v)/4*4]
			}
			l = append(l, head+":"+v)
			if name == "N" || name == "BDAY" {
				break
			}
		}
	}
	return fold(append(l, "END:VCARD"))
}

func (s *lossyStory) event(uid string) string {
	l := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y", "BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", "UID:" + uid, "SUMMARY:" + s.word(),
		"DTSTART:20260401T100000Z", "RRULE:FREQ=DAILY;COUNT=9", "DTEND:20260401T110000Z", "EXDATE:20260403T100000Z", "LOCATION:" + s.word(), "DESCRIPTION:" + strings.Repeat(s.word()+" ", 30),
		"URL:http://example.org/" + s.word(), "COMMENT:" + s.word(), "GEO:1;2", "X-ALT-DESC;FMTTYPE=text/html:" + s.word(), "ATTENDEE;CN=" + s.word() + ":mailto:a@example.org",
		"CATEGORIES:" + s.word() + "," + s.word(), "STATUS:CONFIRMED", "CLASS:PRIVATE", "X-OTHER:" + s.word(), "PRIORITY:3",
		"BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "X-A:" + s.word(), "END:VALARM", "BEGIN:VALARM", "ACTION:EMAIL", "TRIGGER:-PT1H", "END:VALARM", "END:VEVENT",
		"BEGIN:VEVENT", "UID:" + uid, "RECURRENCE-ID:20260402T100000Z", "DTSTART:20260402T120000Z", "SUMMARY:" + s.word(), "COMMENT:" + s.word(), "END:VEVENT", "END:VCALENDAR"}
	return fold(l)
}

// capabilities draws what the phone stores: at most two thirds of the names.
func (s *lossyStory) capabilities() string {
	words := []string{"FN", "SUMMARY"}
	for _, n := range append(slices.Clone(lossyNames), "DTSTART", "DTEND", "RRULE", "EXDATE", "LOCATION", "DESCRIPTION", "STATUS", "VALARM", "RECURRENCE-ID", "ACTION", "TRIGGER", "DUE", "COMMENT") {
		if s.r.IntN(2) == 0 {
			continue
		}
		switch s.r.IntN(6) {
		case 0:
			n += ":1"
		case 1:
			n += "/20"
			if slices.Contains([]string{"PHOTO/20", "DTSTART/20", "DTEND/20", "RRULE/20", "BDAY/20", "TRIGGER/20", "EXDATE/20"}, n) {
				n = strings.TrimSuffix(n, "/20")
			}
		case 2:
			n += "~"
		}
		words = append(words, n)
	}
	for _, f := range []string{"+stamp", "+order", "+fold", "+nolabels", "+slots", "-UID"} {
		if s.r.IntN(3) == 0 {
			words = append(words, f)
		}
	}
	return strings.Join(words, ",")
}

// editable are lines whose value a person may replace by a word, wherever they came from.
var editable = []string{"NOTE", "TITLE", "ROLE", "NICKNAME", "SUMMARY", "LOCATION", "DESCRIPTION", "COMMENT", "X-THING", "FN"}

// editLine changes, adds or takes away one line; typed is the new word, "" for none.
func (s *lossyStory) editLine(text string, inside bool) (edited, typed string) {
	lines := physical(text)
	var at []int
	depth := 0
	for i, l := range lines {
		switch name := nameOf(strings.Join(unfold(l), "")); {
		case name == "BEGIN":
			depth++
		case name == "END":
			depth--
		case slices.Contains(editable, name) && !strings.Contains(strings.ToUpper(l), "QUOTED") && !strings.Contains(l, "BASE64"):
			if _, some := s.stores.Stores(name); some == inside {
				at = append(at, i)
			}
		}
	}
	w := s.word()
	if len(at) == 0 {
		return text, ""
	}
	i := at[s.r.IntN(len(at))]
	eol := "\r\n"
	if !strings.HasSuffix(lines[i], eol) {
		eol = "\n"
	}
	head, _, _ := strings.Cut(strings.Join(unfold(lines[i]), ""), ":")
	switch op := s.r.IntN(5); {
	case op == 0 && !strings.HasSuffix(strings.ToUpper(head), "FN") && nameOf(head+":") != "SUMMARY":
		lines[i], w = "", ""
	case op == 1 && (nameOf(head+":") == "NOTE" || nameOf(head+":") == "COMMENT"):
		if group, rest, ok := strings.Cut(head, "."); ok && !strings.Contains(group, ";") {
			head = rest // what has a label has it for itself
		}
		lines = slices.Insert(lines, i, head+":"+w+eol)
	default:
		lines[i] = head + ":" + w + eol
	}
	return strings.Join(lines, ""), w
}

// editStore is the desktop's user at work.
func (s *lossyStory) editStore(p *pc) {
	list := p.items()
	if len(list) == 0 {
		return
	}
	slices.SortFunc(list, func(a, b held) int { return strings.Compare(a.id, b.id) })
	it := list[s.r.IntN(len(list))]
	text, w := s.editLine(it.text, s.r.IntN(2) == 0)
	if text == it.text {
		return
	}
	s.logf("%s edits %s: %q", p.name, it.id[:8], w)
	if _, _, err := p.open().Edit(ctxb, it.id, []byte(text)); err != nil {
		s.fail("edit: %v\n%s", err, text)
	}
	now, _ := s.outsideOf(text)
	s.outside[it.id] = slices.DeleteFunc(s.outside[it.id], func(k kept) bool {
		i := slices.Index(now, k)
		if i >= 0 {
			now = slices.Delete(now, i, i+1)
		}
		return i < 0
	})
}

// editPhone is the phone's user, whose program writes the whole card in its own way.
func (s *lossyStory) editPhone() (typed string) {
	list := s.phone.items(s.t)
	list = slices.DeleteFunc(list, func(h held) bool { return h.bundled || s.fresh[h.path] })
	if len(list) == 0 {
		return ""
	}
	it := list[s.r.IntN(len(list))]
	b, err := os.ReadFile(filepath.Join(s.phone.dir, it.path))
	s.must(err)
	text, w := s.editLine(string(b), true)
	if text == string(b) {
		return ""
	}
	s.logf("the phone's user edits %s: %q", it.path, w)
	text = string(s.stores.Keep([]byte(text), s.now()))
	path := it.path
	if s.r.IntN(4) == 0 && !s.edited[path] && s.sameWithoutUID(list, it, text) {
		s.n++
		path = fmt.Sprintf("%s/card (%d).vcf", filepath.Dir(it.path), s.n)
		text = withoutUID(text)
		s.logf("its program writes it anew as %s, without its UID", path)
		s.must(os.Remove(filepath.Join(s.phone.dir, it.path)))
		s.anew++
		s.fresh[path] = true
	}
	s.edited[it.path], s.edited[path] = true, true
	s.phone.write(s.t, path, text, s.now())
	if !strings.Contains(text, w) {
		return ""
	}
	return w
}

var uidLine = regexp.MustCompile(`(?m)^UID[;:].*\n`)

func withoutUID(text string) string { return uidLine.ReplaceAllString(text, "") }

// sameWithoutUID reports whether a card that was edited is still known for the same one
// without its UID and under another name: its own name and a number or an e-mail address
// are what they were, and nobody else has the name.
func (s *lossyStory) sameWithoutUID(list []held, it held, text string) bool {
	b, err := os.ReadFile(filepath.Join(s.phone.dir, it.path))
	s.must(err)
	name := func(text string) string { return strings.Join(linesNamed(text, "FN", "N", "NICKNAME"), "") }
	if it.kind != "contacts" || name(text) == "" || name(text) != name(string(b)) || !uidLine.MatchString(text) {
		return false
	}
	was := linesNamed(string(b), "TEL", "EMAIL")
	if !slices.ContainsFunc(linesNamed(text, "TEL", "EMAIL"), func(l string) bool { return slices.Contains(was, l) }) {
		return false
	}
	for _, o := range list {
		if b, err := os.ReadFile(filepath.Join(s.phone.dir, o.path)); err == nil && o.path != it.path && name(string(b)) == name(text) {
			return false
		}
	}
	return true
}

// linesNamed are the unfolded lines of a text with one of these names.
func linesNamed(text string, names ...string) (out []string) {
	for _, l := range unfold(text) {
		n := l[:strings.IndexAny(l+":", ";:")]
		if slices.Contains(names, strings.ToUpper(n[strings.LastIndexByte(n, '.')+1:])) {
			out = append(out, l)
		}
	}
	return out
}

// check asks whether every line outside what the phone stores is still there, byte for byte.
func (s *lossyStory) check(p *pc) {
	s.t.Helper()
	texts := map[string]string{}
	for _, h := range p.items() {
		texts[h.id] = h.text
	}
	for _, id := range slices.Sorted(maps.Keys(s.outside)) {
		text, ok := texts[id]
		if !ok && p != s.pcs[0] {
			continue // the phone refused it
		}
		if !ok {
			s.fail("%s: item %s is gone", p.name, id)
		}
		lines := physical(text)
		for _, k := range s.outside[id] {
			i := slices.Index(lines, k.raw)
			if i < 0 {
				s.fail("%s: item %s lost %q, which the phone never stored; it is now\n%s", p.name, id, k.raw, text)
			}
			lines = slices.Delete(lines, i, i+1)
		}
	}
}

// arrived asks whether a word is in the store, or in its log of conflicts.
func (s *lossyStory) arrived(p *pc, word string) bool {
	return slices.ContainsFunc(append(p.items(), p.logged()...), func(h held) bool {
		return strings.Contains(strings.Join(unfold(h.text), "\n"), word)
	})
}

func newLossyStory(t *testing.T, seed uint64, pcs int, kind hwtest.Kind) *lossyStory {
	s := &lossyStory{world: newWorld(t, tempDir(t), seed, pcs), r: rand.New(rand.NewPCG(seed, 17)), outside: map[string][]kept{}, edited: map[string]bool{}, fresh: map[string]bool{}}
	spec := s.capabilities()
	s.logf("seed %d, %s stores %s", seed, kind, spec)
	var err error
	s.stores, err = hwtest.ParseStorage(spec)
	s.must(err)
	s.phone = s.addPhone(kind, "L1")
	s.phone.shape.Stores = s.stores
	return s
}

// seedStore puts made-up items and some of real producers into the store; it tells which
// share of their lines is outside what the phone stores.
func (s *lossyStory) seedStore(p *pc, corpus []pim.Object) (outside, all int) {
	put := func(kind string, text []byte) {
		id, err := p.open().Create(ctxb, kind, "personal", text)
		if err != nil {
			s.fail("create: %v\n%s", err, text)
		}
		out, n := s.outsideOf(string(text))
		s.outside[id.String()] = out
		outside, all = outside+len(out), all+n
	}
	for i := range 3 {
		put("contacts", []byte(s.card(fmt.Sprintf("card-%d", i))))
	}
	put("events", []byte(s.event("event")))
	uids := map[string]bool{}
	for range min(4, len(corpus)) {
		o := &corpus[s.r.IntN(len(corpus))]
		if uids[o.UID] {
			continue
		}
		uids[o.UID] = true
		put(o.Kind.Name(), o.Text)
	}
	return outside, all
}

// corpusObjects are those of real producers that a session takes as they are: with a UID of
// their own.
func corpusObjects(t *testing.T) []pim.Object {
	root := os.Getenv("CRADLE_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(filepath.Join(root, "vcard", "INDEX.tsv")); err != nil {
		t.Logf("no corpus in %s: made-up items alone; set CRADLE_CORPUS", root)
		return nil
	}
	var out []pim.Object
	for _, part := range []string{"vcard", "ical"} {
		for _, name := range slices.Sorted(maps.Keys(indexed(t, filepath.Join(root, part)))) {
			b, err := os.ReadFile(filepath.Join(root, part, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range pim.Read(b).Objects {
				if o.Kind != nil && (o.Kind == pim.Contacts || o.Kind == pim.Events) && len(o.UID) > 3 && len(o.Text) < 1<<16 {
					out = append(out, o)
				}
			}
		}
	}
	if len(out) < 100 {
		t.Fatalf("only %d objects with a UID in %s", len(out), root)
	}
	return out
}

// TestLossyHistories: whatever an item holds, whatever a phone stores of it, and whatever is
// edited on either side between syncs, a line that the phone can't store and that the
// desktop's user left alone keeps its bytes. Cables are pulled, and in some histories a
// second computer takes part.
func TestLossyHistories(t *testing.T) {
	corpus := corpusObjects(t)
	seeds := 24
	if os.Getenv("CRADLE_ACCEPT") == "all" {
		seeds = 2000
	}
	if n, err := strconv.Atoi(os.Getenv("LOSSY_SEEDS")); err == nil {
		seeds = n
	}
	outside, all, anew := 0, 0, 0
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			o, n, w := lossyHistory(t, seed+1, corpus)
			outside, all, anew = outside+o, all+n, anew+w
		})
	}
	if share := 100 * outside / max(all, 1); share < 30 {
		t.Errorf("%d of %d lines, %d %%, are outside what the phones store; want 30 %%", outside, all, share)
	}
	if anew == 0 && seeds >= 200 {
		t.Error("no card was written anew without its UID")
	}
}

func lossyHistory(t *testing.T, seed uint64, corpus []pim.Object) (outside, all, anew int) {
	s := newLossyStory(t, seed, 1+int(seed%3)/2, []hwtest.Kind{hwtest.Lossy, hwtest.Basic}[seed%2])
	defer s.close()
	outside, all = s.seedStore(s.pcs[0], corpus)
	if _, err := s.sync(s.pcs[0], s.phone, fault{}); err != nil {
		s.fail("first sync: %v", err)
	}
	for range 6 {
		s.steps++
		clear(s.edited)
		clear(s.fresh)
		typed := ""
		for range 1 + s.r.IntN(3) {
			if s.r.IntN(2) == 0 {
				s.editStore(s.pcs[0])
			} else {
				typed = s.editPhone()
			}
		}
		s.steps++
		if len(s.pcs) > 1 && s.r.IntN(3) == 0 {
			if _, err := s.sync(s.pcs[1], s.phone, fault{}); err != nil {
				s.fail("%v", err)
			}
		}
		if s.r.IntN(4) == 0 {
			f := fault{cut: 10 + s.r.IntN(40), phase: responder.After}
			_, _ = s.sync(s.pcs[0], s.phone, f) // it may be cut or not
		}
		s.steps++
		if _, err := s.sync(s.pcs[0], s.phone, fault{}); err != nil {
			s.fail("%v", err)
		}
		s.check(s.pcs[0])
		if typed != "" && !s.arrived(s.pcs[0], typed) {
			s.fail("%q, typed on the phone, did not arrive", typed)
		}
	}
	for _, p := range s.pcs {
		if _, err := s.sync(p, s.phone, fault{}); err != nil {
			s.fail("%v", err)
		}
	}
	for _, p := range s.pcs {
		s.steps++
		out, err := s.sync(p, s.phone, fault{})
		if err != nil {
			s.fail("%v", err)
		}
		if n := out.moved(); n > 0 && p == s.pcs[0] {
			s.fail("a further sync moved %d: %v", n, out)
		}
		s.check(p)
	}
	return outside, all, s.anew
}
