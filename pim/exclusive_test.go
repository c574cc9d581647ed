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
