package pim

import (
	"strings"
	"testing"
)

func series(overrides ...string) []byte {
	s := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260101T100000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:x\r\nEND:VEVENT\r\n"
	for _, o := range overrides {
		day, summary, _ := strings.Cut(o, " ")
		s += "BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:202601" + day + "T100000Z\r\nDTSTART:202601" + day + "T120000Z\r\nSUMMARY:" + summary + "\r\nEND:VEVENT\r\n"
	}
	return []byte(s + "END:VCALENDAR\r\n")
}

func TestExclusive(t *testing.T) {
	item := func(o ...string) (v [][8]byte) {
		it, err := Events.New(series(o...), "c")
		if err != nil {
			t.Fatal(err)
		}
		return Events.Elements(it, "overrides")
	}
	dst, _ := Events.New(series("02 ours", "03 same"), "c")
	src, _ := Events.New(series("02 theirs", "03 same", "04 new"), "c")
	keep := item("02 ours", "03 same", "02 theirs", "04 new")
	for _, c := range []struct {
		name      string
		preferSrc bool
		want      string
	}{
		{"src's form of the occurrence goes", false, "02 theirs"},
		{"dst's form of the occurrence goes", true, "02 ours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			drop := Events.Exclusive(dst, src, "overrides", keep, c.preferSrc)
			if len(drop) != 1 || drop[0] != item(c.want)[0] {
				t.Errorf("drops %x, want %x", drop, item(c.want))
			}
		})
	}
	if drop := Events.Exclusive(dst, src, "alarms", keep, false); drop != nil {
		t.Errorf("alarms exclude each other: %x", drop)
	}
}

// One occurrence is one, whichever zone says it.
func TestExclusiveZones(t *testing.T) {
	for _, tt := range []struct {
		name, dst, src string
		one            bool
	}{
		{"UTC and a zone", "RECURRENCE-ID:20260102T100000Z", "RECURRENCE-ID;TZID=Europe/Berlin:20260102T110000", true},
		{"two zones", "RECURRENCE-ID;TZID=America/New_York:20260102T050000", "RECURRENCE-ID;TZID=Europe/Berlin:20260102T110000", true},
		{"two zones, two instants", "RECURRENCE-ID;TZID=America/New_York:20260102T110000", "RECURRENCE-ID;TZID=Europe/Berlin:20260102T110000", false},
		{"a date and a time", "RECURRENCE-ID;VALUE=DATE:20260102", "RECURRENCE-ID;TZID=Europe/Berlin:20260102T110000", false},
		{"zones that nobody knows", "RECURRENCE-ID;TZID=Moon:20260102T110000", "RECURRENCE-ID;TZID=Mars:20260102T110000", false},
		{"a range", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260102T100000Z", "RECURRENCE-ID:20260102T100000Z", false},
	} {
		form := func(id, summary string) string {
			return strings.Replace(string(series("02 "+summary)), "RECURRENCE-ID:20260102T100000Z", id, 1)
		}
		dst, src := mustNew(t, Events, form(tt.dst, "ours")), mustNew(t, Events, form(tt.src, "theirs"))
		theirs := Events.Elements(src, "overrides")
		keep := append(Events.Elements(dst, "overrides"), theirs...)
		if drop := Events.Exclusive(dst, src, "overrides", keep, false); (len(drop) == 1 && drop[0] == theirs[0]) != tt.one || len(drop) > 1 {
			t.Errorf("%s: drops %x of %x", tt.name, drop, keep)
		}
	}
}
