package pim

import (
	"errors"
	"testing"
)

func TestGiven(t *testing.T) {
	const card, event = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:A\r\nEND:VCARD\r\n", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:e\r\nSUMMARY:E\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	for _, c := range []struct {
		name, was, given, want string
		err                    error
	}{
		{"whole", card, "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:b\r\nFN:B\r\nEND:VCARD\r\n", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:b\r\nFN:B\r\nEND:VCARD\r\n", nil},
		{"no UID, no VERSION", card, "BEGIN:VCARD\r\nFN:B\r\nEND:VCARD\r\n", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:B\r\nUID:a\r\nEND:VCARD\r\n", nil},
		{"no VERSION, lines of 2.1", card, "BEGIN:VCARD\r\nUID:a\r\nTEL;HOME:1\r\nEND:VCARD\r\n", "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:a\r\nTEL;HOME:1\r\nEND:VCARD\r\n", nil},
		{"an empty UID", event, "BEGIN:VEVENT\r\nUID:\r\nSUMMARY:F\r\nEND:VEVENT\r\n", "BEGIN:VEVENT\r\nUID:e\r\nSUMMARY:F\r\nEND:VEVENT\r\n", nil},
		{"cut off", card, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN", "", ErrNotWhole},
		{"an alarm cut off", event, "BEGIN:VEVENT\r\nUID:e\r\nBEGIN:VALARM\r\nEND:VEVENT\r\n", "", ErrNotWhole},
		{"the calendar cut off", event, event[:len(event)-5], "", ErrNotWhole},
		{"a line behind", card, card + "NOTE:x\r\n", "", ErrNotWhole},
		{"a line behind, as before", card + "NOTE:x\r\n", card + "NOTE:y\r\n", card + "NOTE:y\r\n", nil},
		{"a second card", card, card + card, "", ErrSeveral},
		{"a task beside", event, event + "BEGIN:VTODO\r\nUID:t\r\nEND:VTODO\r\n", "", ErrSeveral},
		{"nothing of the kind", card, event, "", ErrNoObject},
	} {
		k := Contacts
		if c.was == event {
			k = Events
		}
		was, err := k.New([]byte(c.was), "x")
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.Given(was, []byte(c.given), "x")
		if !errors.Is(err, c.err) || err != nil && c.err == nil {
			t.Errorf("%s: error %v, want %v", c.name, err, c.err)
			continue
		}
		if err == nil && string(k.Text(got)) != c.want {
			t.Errorf("%s: got %q, want %q", c.name, k.Text(got), c.want)
		}
	}
	if item, err := Contacts.Given(nil, []byte(card), "x"); err != nil || string(Contacts.Text(item)) != card {
		t.Errorf("in the place of nothing: %v %v", item, err)
	}
}
