package pim

import (
	"errors"
	"testing"

	"cradle/valuebag"
)

func TestEditWPD(t *testing.T) {
	card := mustItem(t, Contacts, cardText("FN:Ada|EMAIL:a@x|BDAY:1815-12-10"))
	task := mustItem(t, Tasks, asTask(eventText)("SUMMARY:s|ORGANIZER:mailto:o@x"))
	for _, c := range []struct {
		name string
		kind *Kind
		item *valuebag.Values
		edit WPDEdit
		want string // the whole text
		err  error
	}{
		{"a list", Contacts, card, WPDEdit{"WPD_CONTACT_OTHER_EMAILS", "a@x; b@x"}, cardText("FN:Ada|EMAIL:a@x|BDAY:1815-12-10|EMAIL:b@x"), nil},
		{"a date", Contacts, card, WPDEdit{"WPD_CONTACT_BIRTHDATE", "1815-12-11"}, cardText("FN:Ada|EMAIL:a@x|BDAY:1815-12-11"), nil},
		{"nothing", Contacts, card, WPDEdit{"WPD_CONTACT_BIRTHDATE", ""}, cardText("FN:Ada|EMAIL:a@x"), nil},
		{"the same", Contacts, card, WPDEdit{"WPD_CONTACT_DISPLAY_NAME", "Ada"}, cardText("FN:Ada|EMAIL:a@x|BDAY:1815-12-10"), nil},
		{"a key by its number", Contacts, card, WPDEdit{valuebag.WPDContactRole.String(), "r"}, cardText("FN:Ada|EMAIL:a@x|BDAY:1815-12-10|TITLE:r"), nil},
		{"a service's key", Tasks, task, WPDEdit{"taskobj.enddate", "20260601"}, asTask(eventText)("SUMMARY:s|ORGANIZER:mailto:o@x|DUE;VALUE=DATE:20260601"), nil},
		{"no key", Contacts, card, WPDEdit{"WPD_CONTACT_SHOE", "1"}, "", ErrNoKey},
		{"no property", Contacts, card, WPDEdit{"WPD_RESOURCE_CONTACT_PHOTO", "1"}, "", ErrNoKey},
		{"no date", Contacts, card, WPDEdit{"WPD_CONTACT_BIRTHDATE", "soon"}, "", valuebag.ErrTypeMismatch},
		{"too much", Tasks, task, WPDEdit{"TaskObj.Complete", "256"}, "", valuebag.ErrOverflow},
		{"of another kind", Contacts, card, WPDEdit{"WPD_APPOINTMENT_LOCATION", "here"}, "", ErrNotKept},
		{"shown only", Tasks, task, WPDEdit{"WPD_TASK_OWNER", "p@x"}, "", ErrNotKept},
		{"no pattern", Tasks, task, WPDEdit{"MessageObj.PatternType", "9"}, "", ErrPattern},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.kind.EditWPD(c.item, []WPDEdit{c.edit}, editedAt, nil)
			if !errors.Is(err, c.err) || err == nil && string(c.kind.Text(got)) != c.want {
				t.Errorf("got %v and\n%s\nwant %v and\n%s", err, c.kind.Text(got), c.err, c.want)
			}
		})
	}
}
