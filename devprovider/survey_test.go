package devprovider

import (
	"testing"

	"cradle/engine"
)

func uidOf(uid string) engine.ItemID { return engine.ItemIDFromUID("contacts", uid, 1) }

func TestFirstSurveyThenNothing(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	m.put("Cradle/contacts/personal/ada.vcf", card("u1", "Ada"))
	m.put("Cradle/contacts/work/bob.vcf", card("", "Bob"))
	m.put("Cradle/calendars/personal/x.ics", event("e1", "Lunch"))
	m.put("Cradle/contacts/personal/.trashed-1-x.vcf", card("u9", "Gone"))
	m.put("Cradle/contacts/personal/photo.jpg", "x")
	clock.later()
	a := newPC(t, 'A')
	opt := Options{Serial: "S1", Now: clock.now}
	wantTold(t, "first", a.sync(m, opt),
		"contacts object Cradle/contacts/personal/ada.vcf",
		"contacts object anonymous Cradle/contacts/work/bob.vcf",
		"events object Cradle/calendars/personal/x.ics",
		"contacts present 2", "events present 1")
	clock.later()
	m.did = map[string]int{}
	b := newPC(t, 'B')
	b.must(b.open(m, opt))
	sv, err := b.take()
	b.must(err)
	wantTold(t, "second", sv, "contacts present 2", "events present 1")
	if m.did["read"] != 1 {
		t.Errorf("bodies read in a run with nothing to do: got %d reads, want 1, the state's", m.did["read"])
	}
	if f := b.f.Facts(); !f.HasState || f.ID != a.f.Facts().ID || f.Marks[a.id] != [16]byte{1, 2} {
		t.Errorf("facts: got %+v", f)
	}
}
