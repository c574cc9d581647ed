package devprovider

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/engine"
)

// TestWrittenAnewWithoutUID: an object that a phone's program wrote under another name,
// without its UID, is still the item if it surely is; where somebody else could be meant,
// it is a new one.
func TestWrittenAnewWithoutUID(t *testing.T) {
	ada := card("u1", "Ada", "TEL:1", "TEL:2", "NOTE:n")
	now := card("", "Ada", "TEL:1", "TEL:3", "NOTE:n")
	edit := []string{"contacts object " + personal + "new.vcf", "contacts present 1"}
	for _, c := range []struct {
		name  string
		start map[string]string // beside Ada's
		now   map[string]string // in place of a.vcf
		same  bool
	}{
		{"a number changed", nil, map[string]string{"new": now}, true},
		{"all but the name and a number changed", nil, map[string]string{"new": card("", "Ada", "TEL:2", "EMAIL:a@x", "TITLE:t")}, true},
		{"no number is the same", nil, map[string]string{"new": card("", "Ada", "TEL:3", "NOTE:n")}, false},
		{"another name", nil, map[string]string{"new": card("", "Bob", "TEL:1", "TEL:2", "NOTE:n")}, false},
		{"another UID", nil, map[string]string{"new": card("u9", "Ada", "TEL:1", "TEL:3", "NOTE:n")}, false},
		{"two of that name were there", map[string]string{"b": card("u2", "Ada", "TEL:1")}, map[string]string{"new": now}, false},
		{"two of that name are new", nil, map[string]string{"new": now, "other": card("", "Ada", "TEL:2")}, false},
		{"two of that name are new, one with a UID", nil, map[string]string{"new": now, "other": card("u7", "Ada", "TEL:2")}, false},
		{"somebody there is called so now", map[string]string{"b": card("u2", "Eve", "TEL:1")}, map[string]string{"new": now, "b": card("u2", "Ada", "TEL:1")}, false},
		{"it is still there", nil, map[string]string{"a": ada, "new": now}, false},
		{"without a name", nil, map[string]string{"new": strings.NewReplacer("FN:Ada\r\n", "", "N:Ada;;;;\r\n", "").Replace(now)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := map[string]string{personal + "a.vcf": ada}
			for name, text := range c.start {
				start[personal+name+".vcf"] = text
			}
			s := newScene(t, start)
			s.m.drop(personal + "a.vcf")
			for name, text := range c.now {
				s.m.put(personal+name+".vcf", text)
			}
			s.clock.later()
			sv := s.survey()
			if c.same {
				wantTold(t, "survey", sv, edit...)
			}
			if got := s.next["contacts"][uidOf("u1")].Place.Path == personal+"new.vcf"; got != c.same {
				t.Errorf("taken for the same: %v, want %v", got, c.same)
			}
			b := newPC(t, 'B')
			b.must(b.open(s.m, s.opt))
			other, err := b.take()
			b.must(err)
			if c.same {
				wantTold(t, "by another computer", other, edit...)
			}
		})
	}
}

// TestEventWrittenAnewWithoutUID: an event is the same by its subject and its times.
func TestEventWrittenAnewWithoutUID(t *testing.T) {
	event := func(uid, start, place string) string {
		return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n" + uid + "DTSTART:" + start + "\r\nSUMMARY:Tea\r\nLOCATION:" + place + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	}
	const folder = "Cradle/calendars/personal/"
	for _, c := range []struct {
		name, now string
		same      bool
	}{
		{"elsewhere", event("", "20260601T100000Z", "b"), true},
		{"at another time", event("", "20260602T100000Z", "a"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, map[string]string{folder + "a.ics": event("UID:u1\r\n", "20260601T100000Z", "a")})
			s.m.drop(folder + "a.ics")
			s.m.put(folder+"new.ics", c.now)
			s.clock.later()
			s.survey()
			if got := s.next["events"][engine.ItemIDFromUID("events", "u1", 1)].Place.Path == folder+"new.ics"; got != c.same {
				t.Errorf("taken for the same: %v, want %v", got, c.same)
			}
		})
	}
}

// TestLossyWrittenAnewWithoutUID: on a phone that stores part of a card it is the part that
// was there which tells; the rest stays the item's.
func TestLossyWrittenAnewWithoutUID(t *testing.T) {
	s := newLossyScene(t, "FN,N,TEL,NOTE/6,+nolabels")
	s.survey()
	s.must(s.write("contacts", uidOf("u"), "personal", card("u", "Ada", "TEL;TYPE=CELL;X-P=1:1", "TEL;X-P=2:2", "NOTE:a long note of hers", "ROLE:Author", "NICKNAME:Countess")))
	s.must(s.write("contacts", uidOf("v"), "personal", card("v", "Bob", "TEL:7")))
	s.must(s.commit())
	path := s.ada()
	text := strings.Replace(s.file(path), "UID:u\r\n", "", 1)
	s.must(os.Remove(filepath.Join(s.dir, path)))
	write(t, s.dir, "Cradle/contacts/personal/Ada (1).vcf", strings.Replace(text, "TEL:2", "TEL:33", 1), -time.Minute)
	s.plug()
	sv := s.survey()
	wantTold(t, "the next session", sv, "contacts object Cradle/contacts/personal/Ada (1).vcf", "contacts present 2")
	got := textOf(s.items[itemKey{"contacts", uidOf("u")}])
	if want := card("u", "Ada", "TEL;TYPE=CELL;X-P=1:1", "TEL;X-P=2:33", "NOTE:a long note of hers", "ROLE:Author", "NICKNAME:Countess"); got != want {
		t.Errorf("taken over\n%s\nwant\n%s", got, want)
	}
}
