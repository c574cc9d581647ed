package pim

import (
	"errors"
	"testing"

	"cradle/valuebag"
)

func TestEditWPD(t *testing.T) {
	card := mustItem(t, Contacts, cardText("FN:Ada|EMAIL:a@x|BDAY:1815-12-10"))
	task := mustItem(t, Tasks, asTask(eventText)("SUMMARY:s|ORGANIZER:mailto:o@x"))
	under := mustItem(t, Tasks, asTask(eventText)("SUMMARY:s|STATUS:IN-PROCESS|PERCENT-COMPLETE:50"))
	done := mustItem(t, Tasks, asTask(eventText)("STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260101T000000Z"))
	meeting := mustItem(t, Events, eventText("DTSTART:20260105T080000Z|DTEND:20260105T083000Z"))
	dated := mustItem(t, Tasks, asTask(eventText)("DTSTART:20260105T000000Z|DUE:20260105T120000Z"))
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
		{"a status alone: done", Tasks, under, WPDEdit{"WPD_TASK_STATUS", "completed"}, asTask(eventText)("SUMMARY:s|STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260602T093000Z"), nil},
		{"a status alone: open again", Tasks, done, WPDEdit{"WPD_TASK_STATUS", "IN-PROCESS"}, asTask(eventText)("STATUS:IN-PROCESS"), nil},
		{"less of a task that was done", Tasks, done, WPDEdit{"WPD_TASK_PERCENT_COMPLETE", "50"}, asTask(eventText)("PERCENT-COMPLETE:50"), nil},
		{"a start behind the end", Events, meeting, WPDEdit{"WPD_COMMON_INFORMATION_START_DATETIME", "2026-01-05T09:00:00"}, eventText("DTSTART:20260105T090000Z|DTEND:20260105T093000Z"), nil},
		{"a start where the end was", Events, meeting, WPDEdit{"WPD_COMMON_INFORMATION_START_DATETIME", "2026-01-05T08:30:00"}, eventText("DTSTART:20260105T083000Z|DTEND:20260105T090000Z"), nil},
		{"a start before the end", Events, meeting, WPDEdit{"WPD_COMMON_INFORMATION_START_DATETIME", "2026-01-05T08:15:00"}, eventText("DTSTART:20260105T081500Z|DTEND:20260105T083000Z"), nil},
		{"an end before the start", Events, meeting, WPDEdit{"WPD_COMMON_INFORMATION_END_DATETIME", "2026-01-05T07:00:00"}, "", ErrBackwards},
		{"a task's start behind its end", Tasks, dated, WPDEdit{"WPD_COMMON_INFORMATION_START_DATETIME", "2026-01-06T00:00:00"}, asTask(eventText)("DTSTART:20260106T000000Z|DUE:20260106T120000Z"), nil},
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
