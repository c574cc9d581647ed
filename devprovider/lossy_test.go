package devprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/hwtest"
	"cradle/pim"
	"cradle/valuebag"
)

// lossyScene is a phone that stores part of a card, and a computer.
type lossyScene struct {
	*pc
	dir    string
	stores *hwtest.Storage
	opt    Options
	notes  notebook
	phone  *hwtest.Phone
	free   *int64 // of the phone from the next session on
	kind   hwtest.Kind
}

// notebook is a NoteCache in memory.
type notebook map[string]string

func (n notebook) Note(name string) string    { return n[name] }
func (n notebook) KeepNote(name, text string) { n[name] = text }

func newLossyScene(t *testing.T, stores string) *lossyScene {
	s := &lossyScene{pc: newPC(t, 'A'), dir: quickDir(t), notes: notebook{}}
	var err error
	s.stores, err = hwtest.ParseStorage(stores)
	s.must(err)
	s.plug()
	return s
}

// plug starts a session.
func (s *lossyScene) plug() {
	s.t.Helper()
	kind := s.kind
	if kind == "" {
		kind = hwtest.Lossy
	}
	phone, session := plug(s.t, kind, s.dir, hwtest.Options{Stores: s.stores, Free: s.free})
	s.phone = phone
	s.opt = Options{Serial: phone.Serial(), Models: s.notes, Kinds: s.opt.Kinds}
	s.must(s.open(NewMTPStore(session), s.opt))
}

// survey takes what there is.
func (s *lossyScene) survey() map[string]*engine.Survey {
	s.t.Helper()
	sv, err := s.take()
	s.must(err)
	return sv
}

func (s *lossyScene) file(path string) string {
	b, err := os.ReadFile(filepath.Join(s.dir, path))
	s.must(err)
	return string(b)
}

// wholes are the names of the full texts on the phone.
func (s *lossyScene) fullTexts() []string {
	files, err := filepath.Glob(filepath.Join(s.dir, wholeFolder, "*"))
	s.must(err)
	return files
}

const adaPath = "Cradle/contacts/personal/ada."

// ada finds Ada's file.
func (s *lossyScene) ada() string {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, adaPath+"*"))
	s.must(err)
	if len(files) != 1 {
		s.t.Fatalf("Ada's files: %q, want one", files)
	}
	rel, _ := filepath.Rel(s.dir, files[0])
	return rel
}

func textOf(v *valuebag.Values) string { return wholeText(v) }

var adaFull = card("u", "Ada", "TEL;TYPE=CELL;X-P=1:1", "NOTE:a long note of hers", "ROLE:Author", "X-THING:7")

// TestRule2TheShadowLastsWithTheState: what the phone held and the full text are there for
// whoever comes next, this computer or another.
func TestRule2TheShadowLastsWithTheState(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6,+nolabels")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	if got, want := s.file(s.ada()), "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\nFN:Ada\r\nN:Ada;;;;\r\nTEL;TYPE=CELL:1\r\nNOTE:a long\r\nEND:VCARD\r\n"; got != want {
		t.Fatalf("on the phone: got\n%s\nwant\n%s", got, want)
	}
	if n := len(s.fullTexts()); n != 1 {
		t.Errorf("full texts: got %d, want 1", n)
	}
	s.plug()
	wantTold(t, "the next session", s.survey(), "contacts present 1")

	b := newPC(t, 'B')
	b.must(b.open(NewMTPStore(session(t, s.phone)), s.opt))
	_, err := b.take()
	b.must(err)
	it := b.next["contacts"][uidOf("u")]
	v, err := b.f.Load(ctxb, "contacts", uidOf("u"), it.Place)
	b.must(err)
	if textOf(v) != adaFull {
		t.Errorf("another computer reads\n%s\nwant\n%s", textOf(v), adaFull)
	}
}

// TestRule3AnEditIsADifference: of what the phone's user changed just that arrives, and the
// next state knows it.
func TestRule3AnEditIsADifference(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6,+nolabels")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	path := s.ada()
	write(t, s.dir, path, strings.Replace(s.file(path), "TYPE=CELL:1", "TYPE=CELL:22", 1), -time.Minute)
	for _, again := range []bool{false, true} {
		s.plug()
		sv := s.survey()
		if again {
			wantTold(t, "once it was taken", sv, "contacts present 1")
			continue
		}
		want := strings.Replace(adaFull, "X-P=1:1", "X-P=1:22", 1)
		if got := textOf(s.items[itemKey{"contacts", uidOf("u")}]); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		s.must(s.commit())
		if n := len(s.fullTexts()); n != 1 {
			t.Errorf("full texts: got %d, want the new one alone", n)
		}
	}
}

// TestRule4LearnedIsKept: what the phone did with an object is in its state, and known of
// the next phone of its model.
func TestRule4LearnedIsKept(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL:1,NOTE/6")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.write("contacts", uidOf("w"), "personal", card("w", "Bob", "TEL:1111", "TEL:2222")))
	s.must(s.commit())
	const want = "NOTE=max:6 ROLE=no TEL=count:1 X-THING=no"
	s.plug()
	caps := s.f.Stores("contacts")
	if got := caps.Text(pim.Contacts); got != want {
		t.Errorf("in the state: got %q, want %q", got, want)
	}
	s.must(os.RemoveAll(filepath.Join(s.dir, "Cradle")))
	s.plug()
	caps = s.f.Stores("contacts")
	if got := caps.Text(pim.Contacts); got != want {
		t.Errorf("of its model: got %q, want %q", got, want)
	}
	// It is known from the first object on that the full text has to be there before.
	if !s.f.rewrites("contacts") {
		t.Error("a phone of a model that rewrites is trusted")
	}
}

// TestRule5AWipedState: a phone that is known to store only part deletes nothing by what it
// lacks, although nobody knows any more what it had.
func TestRule5AWipedState(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	s.must(os.RemoveAll(filepath.Join(s.dir, stateFolder)))
	s.plug()
	full, err := pim.Contacts.New([]byte(adaFull), "personal")
	s.must(err)
	sv, err := s.f.Survey(context.Background(), allScopes, storeOf{s.pc, map[engine.ItemID]*valuebag.Values{uidOf("u"): full}})
	s.must(err)
	if o := sv["contacts"].Objects; len(o) != 1 || textOf(o[0].Value) != adaFull {
		t.Errorf("got %s, want Ada as the store has her", told(sv))
	}
}

// storeOf is a pc whose store has items.
type storeOf struct {
	*pc
	values map[engine.ItemID]*valuebag.Values
}

func (s storeOf) Items(_ context.Context, _ string, ids []engine.ItemID) (map[engine.ItemID]*valuebag.Values, error) {
	out := map[engine.ItemID]*valuebag.Values{}
	for _, id := range ids {
		out[id] = s.values[id]
	}
	return out, nil
}

// TestFullTextIsGone: an item whose full text is gone fails when its object changes, and
// loses nothing; the store's own item helps out.
func TestFullTextIsGone(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	path := s.ada()
	write(t, s.dir, path, strings.Replace(s.file(path), "X-P=1:1", "X-P=1:22", 1), -time.Minute)
	s.must(os.RemoveAll(filepath.Join(s.dir, wholeFolder)))
	s.plug()
	sv, err := s.f.Survey(ctxb, allScopes, s)
	s.must(err)
	if f := sv["contacts"].Failed; len(f) != 1 || !errors.Is(f[0].Reason, errNoWhole) || len(sv["contacts"].Objects) != 0 {
		t.Errorf("without: got %s, want one that fails", told(sv))
	}
	full, err := pim.Contacts.New([]byte(adaFull), "personal")
	s.must(err)
	sv, err = s.f.Survey(ctxb, allScopes, storeOf{s.pc, map[engine.ItemID]*valuebag.Values{uidOf("u"): full}})
	s.must(err)
	if o := sv["contacts"].Objects; len(o) != 1 || !strings.Contains(textOf(o[0].Value), "X-THING:7") || !strings.Contains(textOf(o[0].Value), ":22\r\n") {
		t.Errorf("with the store's: got %s", told(sv))
	}
}

// TestFullTextIsWrittenAgain: full texts that are gone are written anew by a computer that
// has them, although nothing else is to be done; one that hasn't leaves all as it is.
func TestFullTextIsWrittenAgain(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	before := s.fullTexts()
	full, err := pim.Contacts.New([]byte(adaFull), "personal")
	s.must(err)
	other, err := pim.Contacts.New([]byte(strings.Replace(adaFull, "Author", "Countess", 1)), "personal")
	s.must(err)
	for _, c := range []struct {
		name string
		item *valuebag.Values
		want bool
	}{{"unknown", nil, false}, {"another text", other, false}, {"the text", full, true}} {
		s.must(os.RemoveAll(filepath.Join(s.dir, wholeFolder)))
		s.plug()
		store := storeOf{s.pc, map[engine.ItemID]*valuebag.Values{}}
		if c.item != nil {
			store.values[uidOf("u")] = c.item
		}
		sv, err := s.f.Survey(ctxb, allScopes, store)
		s.must(err)
		if len(s.fullTexts()) != 0 {
			t.Fatalf("%s: a survey writes", c.name)
		}
		if got := sv["contacts"].Unsaved; got != c.want {
			t.Errorf("%s: unsaved %v, want %v", c.name, got, c.want)
		}
		if c.want {
			s.must(s.commit())
		}
	}
	if after := s.fullTexts(); len(after) != 1 || after[0] != before[0] {
		t.Errorf("got %q, want %q", after, before)
	}
	s.plug()
	sv, err := s.f.Survey(ctxb, allScopes, storeOf{s.pc, map[engine.ItemID]*valuebag.Values{uidOf("u"): full}})
	s.must(err)
	if sv["contacts"].Unsaved {
		t.Error("again: unsaved")
	}
}

// TestNoRoomForFullTexts: a full text that can't be written again keeps no state from being
// written; it is written once there is room.
func TestNoRoomForFullTexts(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6")
	s.survey()
	var junk strings.Builder
	for i := range uint64(3000) {
		fmt.Fprintf(&junk, "%x", i*0x9E3779B97F4A7C15)
	}
	text := card("u", "Ada", "ROLE:"+junk.String())
	s.must(s.write("contacts", uidOf("u"), "personal", text))
	s.must(s.commit())
	full, err := pim.Contacts.New([]byte(text), "personal")
	s.must(err)
	before := s.fullTexts()
	s.must(os.RemoveAll(filepath.Join(s.dir, wholeFolder)))
	room := int64(15000)
	for _, c := range []struct {
		name   string
		free   *int64
		files  int
		broken int
	}{{"no room", &room, 0, 1}, {"still none", &room, 0, 1}, {"room", nil, 1, 0}} {
		s.free = c.free
		s.plug()
		sv, err := s.f.Survey(ctxb, allScopes, storeOf{s.pc, map[engine.ItemID]*valuebag.Values{uidOf("u"): full}})
		s.must(err)
		if !sv["contacts"].Unsaved {
			t.Errorf("%s: nothing is left to be written", c.name)
		}
		if err := s.commit(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n, b := len(s.fullTexts()), len(s.f.brokenWholes()); n != c.files || b != c.broken {
			t.Errorf("%s: %d full texts, told of %d broken; want %d, %d", c.name, n, b, c.files, c.broken)
		}
	}
	if after := s.fullTexts(); !slices.Equal(after, before) {
		t.Errorf("got %q, want %q", after, before)
	}
}

// TestNoRoomForAnEdit: an edit on a phone that has no room for the new full text is taken
// all the same, by this computer and by another; the old text and what was held go on
// saying what the phone's part is part of.
func TestNoRoomForAnEdit(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6")
	s.survey()
	var junk strings.Builder
	for i := range uint64(3000) {
		fmt.Fprintf(&junk, "%x", i*0x9E3779B97F4A7C15)
	}
	full := card("u", "Ada", "TEL;X-P=1:1", "NOTE:a long note of hers", "ROLE:"+junk.String())
	s.must(s.write("contacts", uidOf("u"), "personal", full))
	s.must(s.write("contacts", uidOf("v"), "personal", card("v", "Bob", "TEL;X-P=1:1", "ROLE:Author")))
	s.must(s.commit())
	before := s.fullTexts()
	room := int64(15000)
	dial := func(name, from, to string) {
		files, err := filepath.Glob(filepath.Join(s.dir, "Cradle/contacts/personal", name+".*"))
		s.must(err)
		path, _ := filepath.Rel(s.dir, files[0])
		write(t, s.dir, path, strings.Replace(s.file(path), "X-P=1:"+from+"\r", "X-P=1:"+to+"\r", 1), -time.Minute)
	}
	want := func(number string) {
		t.Helper()
		want := strings.Replace(full, "X-P=1:1", "X-P=1:"+number, 1)
		if got := textOf(s.items[itemKey{"contacts", uidOf("u")}]); got != want {
			t.Errorf("taken over\n%.300s\nwant\n%.300s", got, want)
		}
		b := newPC(t, 'B')
		b.must(b.open(NewMTPStore(session(t, s.phone)), s.opt))
		_, err := b.take()
		b.must(err)
		v, err := b.f.Load(ctxb, "contacts", uidOf("u"), b.next["contacts"][uidOf("u")].Place)
		b.must(err)
		if textOf(v) != want {
			t.Errorf("another computer reads\n%.300s\nwant\n%.300s", textOf(v), want)
		}
	}
	s.free = &room
	for _, c := range [][2]string{{"1", "22"}, {"22", "333"}} {
		dial("ada", c[0], c[1])
		dial("bob", c[0], c[1])
		s.plug()
		s.survey()
		s.must(s.commit())
		s.plug()
		s.survey()
		want(c[1])
		if got := textOf(s.items[itemKey{"contacts", uidOf("v")}]); !strings.Contains(got, "TEL;X-P=1:"+c[1]+"\r\n") || !strings.Contains(got, "ROLE:Author") {
			t.Errorf("the other item is %q", got)
		}
		if got := s.fullTexts(); len(got) != 2 || !slices.Contains(got, before[0]) && !slices.Contains(got, before[1]) {
			t.Errorf("full texts %q, before %q", got, before)
		}
	}
	s.free = nil
	dial("ada", "333", "1")
	s.plug()
	s.survey()
	s.must(s.commit())
	s.plug()
	s.survey()
	want("1")
}

// TestManyFullTextsAreCheckedInTurn: a session that writes a state does not list hundreds
// of full texts by a request each only to look at two; all of them are looked at in time.
func TestManyFullTextsAreCheckedInTurn(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL")
	s.kind = hwtest.Basic
	s.plug()
	s.survey()
	const items = 300
	for i := range items {
		u := fmt.Sprintf("u%d", i)
		s.must(s.write("contacts", uidOf(u), "personal", card(u, "Ada", "TEL:1", "ROLE:Author")))
	}
	s.must(s.commit())
	files := s.fullTexts()
	if len(files) != items {
		t.Fatalf("%d full texts, want %d", len(files), items)
	}
	s.must(os.WriteFile(files[items/2], []byte("rotten"), 0o600))
	asked, found := 0, 0
	for n := 1; n <= items/2+10 && found == 0; n++ {
		s.plug()
		at := s.phone.Transactions()
		s.must(s.commit())
		asked += s.phone.Transactions() - at
		if len(s.f.brokenWholes()) > 0 {
			found = n
		}
	}
	if found == 0 || asked/found > items/2 {
		t.Errorf("found after %d sessions, %d requests a session", found, asked/max(found, 1))
	}
}

// TestBrokenFullText: a full text of which the bytes are no more what they were is written
// again, whoever finds out: the computer that has the text, in a session that writes a
// state anyway; one that hasn't tells the other by the state.
func TestBrokenFullText(t *testing.T) {
	full, err := pim.Contacts.New([]byte(adaFull), "personal")
	if err != nil {
		t.Fatal(err)
	}
	scene := func(t *testing.T) (s *lossyScene, store storeOf, whole []byte, path string) {
		s = newLossyScene(t, "FN,N,TEL,NOTE/6")
		s.survey()
		s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
		s.must(s.commit())
		path = filepath.Join(s.dir, wholeFolder, wholeKey{uidOf("u"), bodyDigest([]byte(adaFull))}.name())
		whole, err := os.ReadFile(path)
		s.must(err)
		broken := append([]byte(nil), whole...)
		broken[len(broken)/2] ^= 1
		s.must(os.WriteFile(path, broken, 0o600))
		s.plug()
		return s, storeOf{s.pc, map[engine.ItemID]*valuebag.Values{uidOf("u"): full}}, whole, path
	}
	same := func(t *testing.T, path string, whole []byte) {
		t.Helper()
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("it isn't what it was: %v", err)
		}
	}
	t.Run("in a session that writes a state", func(t *testing.T) {
		s, store, whole, path := scene(t)
		_, err := s.f.Survey(ctxb, allScopes, store)
		s.must(err)
		s.must(s.write("contacts", uidOf("n"), "personal", card("n", "Eve", "")))
		s.must(s.commit())
		same(t, path, whole)
	})
	t.Run("told by another computer", func(t *testing.T) {
		s, store, whole, path := scene(t)
		write(t, s.dir, s.ada(), strings.Replace(s.file(s.ada()), "X-P=1:1", "X-P=1:22", 1), -time.Minute)
		sv, err := s.f.Survey(ctxb, allScopes, s)
		s.must(err)
		if f := sv["contacts"].Failed; len(f) != 1 || !sv["contacts"].Unsaved {
			t.Fatalf("got %s, unsaved %v", told(sv), sv["contacts"].Unsaved)
		}
		s.must(s.commit())
		s.plug()
		if len(s.f.brokenWholes()) != 1 {
			t.Fatalf("told of %v", s.f.brokenWholes())
		}
		if _, err = s.f.Survey(ctxb, allScopes, store); err != nil {
			t.Fatal(err)
		}
		s.must(s.commit())
		same(t, path, whole)
		if n := len(s.f.brokenWholes()); n != 0 {
			t.Errorf("still told of %d", n)
		}
	})
	t.Run("and what its user deleted is deleted", func(t *testing.T) {
		s, store, _, _ := scene(t)
		write(t, s.dir, s.ada(), strings.Replace(s.file(s.ada()), "TEL;TYPE=CELL;X-P=1:1\r\n", "", 1), -time.Minute)
		sv, err := s.f.Survey(ctxb, allScopes, store)
		s.must(err)
		o := sv["contacts"].Objects
		if len(o) != 1 || strings.Contains(textOf(o[0].Value), "CELL;X-P=1:1") || !strings.Contains(textOf(o[0].Value), "X-THING:7") {
			t.Errorf("got %s", told(sv))
		}
	})
}

// TestCutBeforeTheState: an object that was replaced and isn't in the state yet is what was
// written, although the phone stores part of it.
func TestCutBeforeTheState(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6,-UID,+stamp")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	s.plug()
	s.survey()
	newer := strings.Replace(strings.Replace(adaFull, "Author", "Countess", 1), "CELL;X-P=1:1", "CELL;X-P=1:3", 1)
	s.must(s.write("contacts", uidOf("u"), "personal", newer))
	s.must(s.write("contacts", uidOf("n"), "personal", card("n", "Eve", "ROLE:Other")))
	s.plug() // the state was never written
	s.survey()
	for uid, want := range map[string]string{"u": newer, "n": card("n", "Eve", "ROLE:Other")} {
		if v := s.items[itemKey{"contacts", uidOf(uid)}]; v == nil || textOf(v) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", uid, textOf(v), want)
		}
	}
	s.must(s.commit())
	s.plug()
	wantTold(t, "afterwards", s.survey(), "contacts present 2")
	if n := len(s.fullTexts()); n != 2 {
		t.Errorf("full texts: got %d, want 2", n)
	}
}

// TestHonestPhonesPayNothing: a phone that stores all gets no full texts, and after the
// first object nothing is read back.
func TestHonestPhonesPayNothing(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		dir := quickDir(t)
		phone, ses := plug(t, kind, dir, hwtest.Options{})
		p := newPC(t, 'A')
		p.must(p.open(NewMTPStore(ses), Options{Serial: phone.Serial()}))
		_, err := p.take()
		p.must(err)
		p.must(p.write("contacts", uidOf("a"), "personal", adaFull))
		before := len(phone.Log())
		p.must(p.write("contacts", uidOf("b"), "personal", strings.Replace(adaFull, "UID:u", "UID:b", 1)))
		for _, tx := range phone.Log()[before:] {
			if strings.Contains(tx.String(), "GetObject ") || strings.Contains(tx.String(), "GetPartialObject") {
				t.Errorf("%s: read back: %v", kind, tx)
			}
		}
		p.must(p.commit())
		if _, err := os.Stat(filepath.Join(dir, wholeFolder)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: there is a folder of full texts: %v", kind, err)
		}
		if len(p.f.state.shadows) != 0 || p.f.state.version() != 1 {
			t.Errorf("%s: %d shadows, version %d; want none, 1", kind, len(p.f.state.shadows), p.f.state.version())
		}
	}
}

// TestShadowsOfAnotherKind: what the state says of a kind that this program doesn't sync
// stays, full texts and all.
func TestShadowsOfAnotherKind(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,-UID")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	all := s.fullTexts()
	s.opt.Kinds = []*pim.Kind{pim.Tasks}
	s.plug()
	_, err := s.f.Survey(context.Background(), []string{"tasks"}, s.pc)
	s.must(err)
	s.must(s.f.Commit(context.Background(), nil, nil))
	if got := s.fullTexts(); len(all) != 1 || !slices.Equal(got, all) || s.f.state.shadows[itemKey{"contacts", uidOf("u")}] == nil {
		t.Errorf("full texts: got %q, want %q; shadows %v", got, all, s.f.state.shadows)
	}
}

// TestRewritingAloneIsNoLoss: a phone that only stamps and sorts needs no full texts.
func TestRewritingAloneIsNoLoss(t *testing.T) {
	s := newLossyScene(t, "+stamp,+order,+fold")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", adaFull))
	s.must(s.commit())
	if n := len(s.fullTexts()); n != 0 || len(s.f.state.shadows) != 0 {
		t.Errorf("got %d full texts, %d shadows, want none", n, len(s.f.state.shadows))
	}
	s.plug()
	wantTold(t, "afterwards", s.survey(), "contacts present 1")
}

func TestDecodeWhole(t *testing.T) {
	k := wholeKey{engine.ItemID{1, 2}, short(bodyDigest([]byte(adaFull)))}
	good := encodeWhole(k, []byte(adaFull))
	if got, ok := parseWholeName(k.name()); !ok || got != k {
		t.Errorf("name %s: got %v, %v", k.name(), got, ok)
	}
	for name, data := range map[string][]byte{"as it is": good, "with a filling": append(bytes.Clone(good), "\r\n\r\n"...)} {
		if id, text, err := decodeWhole(data); err != nil || id != k.id || string(text) != adaFull {
			t.Errorf("%s: got %v, %q, %v", name, id, text, err)
		}
	}
	for name, data := range map[string][]byte{
		"empty": nil, "the head alone": good[:wholeHead], "cut": good[:len(good)-1], "nul": make([]byte, len(good)),
		"a byte": append(append(bytes.Clone(good[:70]), good[70]^1), good[71:]...), "another version": append(append(bytes.Clone(good[:8]), 9), good[9:]...),
	} {
		if _, _, err := decodeWhole(data); !errors.Is(err, errWhole) {
			t.Errorf("%s: got %v, want %v", name, err, errWhole)
		}
	}
	for _, name := range []string{"", ".whole", strings.Repeat("0", 32) + ".whole", strings.Repeat("g", 32) + "-" + strings.Repeat("0", 16) + ".whole"} {
		if _, ok := parseWholeName(name); ok {
			t.Errorf("%q is taken for a full text", name)
		}
	}
}

func FuzzDecodeWhole(f *testing.F) {
	f.Add(encodeWhole(wholeKey{id: engine.ItemID{1}}, []byte(adaFull)))
	f.Add(encodeWhole(wholeKey{}, nil))
	f.Add([]byte(wholeMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		id, text, err := decodeWhole(data)
		if err != nil {
			return
		}
		again, same, err := decodeWhole(encodeWhole(wholeKey{id: id}, text))
		if err != nil || again != id || !bytes.Equal(same, text) {
			t.Errorf("read, written and read: got %v, %q, %v; want %v, %q", again, same, err, id, text)
		}
	})
}

// TestSeriesWithoutUID: a phone that drops UIDs makes several objects of a series; it stays
// one item.
func TestSeriesWithoutUID(t *testing.T) {
	s := newLossyScene(t, "-UID,-COMMENT")
	s.survey()
	text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:s\r\nDTSTART:20260401T100000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:Series\r\nCOMMENT:c\r\nEND:VEVENT\r\n" +
		"BEGIN:VEVENT\r\nUID:s\r\nRECURRENCE-ID:20260402T100000Z\r\nDTSTART:20260402T120000Z\r\nSUMMARY:Later\r\nCOMMENT:d\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	id := engine.ItemIDFromUID("events", "s", 1)
	s.must(s.write("events", id, "personal", text))
	s.must(s.commit())
	files, _ := filepath.Glob(filepath.Join(s.dir, "Cradle/calendars/personal/*.ics"))
	if len(files) != 1 {
		t.Fatalf("files: %q, want one", files)
	}
	path, _ := filepath.Rel(s.dir, files[0])
	s.plug()
	wantTold(t, "the next session", s.survey(), "events present 1")
	write(t, s.dir, path, strings.Replace(s.file(path), "Later", "Sooner", 1), -time.Minute)
	s.plug()
	s.survey()
	if v, want := s.items[itemKey{"events", id}], strings.Replace(text, "Later", "Sooner", 1); v == nil || textOf(v) != want {
		t.Errorf("got\n%s\nwant\n%s", textOf(v), want)
	}
}
