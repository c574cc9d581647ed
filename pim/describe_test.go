package pim

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDescribe is asked on 20 November 2026 at noon, in New York.
func TestDescribe(t *testing.T) {
	tests := []struct {
		name string
		kind *Kind
		text string
		want string // "label: value" lines; further lines of a value are indented
	}{
		{"a contact", Contacts, "BEGIN:VCARD\nVERSION:3.0\nPRODID:x\nUID:u\nFN:Ada Lovelace\nN:Lovelace;Ada;;;\nNICKNAME:Ada,Augusta\nORG:Engines\\, Ltd;Research\nTITLE:Countess\n" +
			"TEL;TYPE=HOME,VOICE,pref:+44 20 1234\nitem1.TEL:+44 7700\nitem1.X-ABLabel:_$!<Castle>!$_\nEMAIL;TYPE=INTERNET;TYPE=WORK:ada@example.org\n" +
			"ADR;TYPE=home:;;12 St James's Square;London;;SW1Y;UK\nBDAY:1815-12-10\nCATEGORIES:maths,friends\nNOTE:one\\ntwo\\, three\n" +
			"PHOTO;ENCODING=b;TYPE=JPEG:" + strings.Repeat("AAAA", 10) + "\nX-FOO;X-BAR=1:something\nEND:VCARD\n",
			"nickname: Ada, Augusta\norganisation: Engines, Ltd, Research\ntitle: Countess\nphone (home, preferred): +44 20 1234\nphone (castle): +44 7700\n" +
				"email (work): ada@example.org\naddress (home): 12 St James's Square, London, SW1Y, UK\nbirthday: 10 December 1815\ncategories: maths, friends\nnote: one\n  two, three\n" +
				"photo (jpeg): JPEG, 30 bytes\nX-FOO;X-BAR=1: something\n"},
		{"birthdays without a year", Contacts, "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nBDAY:--1210\nANNIVERSARY;X-APPLE-OMIT-YEAR=1604:1604-02-29\nBDAY:when she was born\nEND:VCARD\n",
			"birthday: 10 December\nbirthday: when she was born\nanniversary: 29 February\n"},
		{"Samsung's own labels", Contacts, "BEGIN:VCARD\nVERSION:2.1\nFN:Z\nTEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=EB=B3=B4=ED=8A=B8):0311\nTEL;X-CUSTOM(Boat):0312\n" +
			"TEL;X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=FF):0313\nEND:VCARD\n",
			"phone (보트): 0311\nphone (boat): 0312\nphone (custom(charset=utf-8, encoding=quoted-printable, =ff)): 0313\n"},
		{"a vCalendar's zone has no name", Tasks, "BEGIN:VCALENDAR\nVERSION:1.0\nTZ:+01\nDAYLIGHT:TRUE;+02;20260329T020000;20261025T030000;;\nBEGIN:VTODO\nUID:u\nSUMMARY:Pay\nDUE:20260501T120000\nEND:VTODO\nEND:VCALENDAR\n",
			"due: Fri 1 May 2026, 12:00 UTC+02:00\nTZ: +01\nDAYLIGHT: TRUE;+02;20260329T020000;20261025T030000;;\n"},
		{"an event in another zone", Events, "BEGIN:VEVENT\nUID:u\nSUMMARY:Call\nDTSTART;TZID=Europe/Berlin:20261120T190000\nDTEND;TZID=Europe/Berlin:20261120T193000\nLOCATION:Room 1\n" +
			"ORGANIZER;CN=\"Ada, A\":mailto:ada@example.org\nATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:bob@example.org\nSTATUS:CONFIRMED\nDESCRIPTION:bring\\nboth\n" +
			"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT1H30M\nDESCRIPTION:x\nEND:VALARM\nEND:VEVENT\n",
			"when: Fri 20 November 2026, 19:00–19:30 Europe/Berlin\nhere: Fri 20 November 2026, 13:00–13:30 EST\nwhere: Room 1\nstatus: confirmed\norganizer: Ada, A <ada@example.org>\n" +
				"attendee: bob@example.org (accepted, optional)\nalarm: 1 hour 30 minutes before\ntext: bring\n  both\nalarm:1 DESCRIPTION: x\n"},
		{"a series with all that goes with it", Events, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nSUMMARY:Meeting\nDTSTART;TZID=America/New_York:20261020T090000\nDURATION:PT1H\n" +
			"RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20270105T140000Z\nEXDATE;TZID=America/New_York:20261215T090000\nRDATE;TZID=America/New_York:20261210T090000\nCOMMENT:same\nEND:VEVENT\n" +
			"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;TZID=America/New_York:20261201T090000\nDTSTART;TZID=America/New_York:20261202T100000\nDURATION:PT1H\nSUMMARY:Meeting outside\nLOCATION:the garden\nCOMMENT:same\nEND:VEVENT\nEND:VCALENDAR\n",
			"when: Tue 20 October 2026, 09:00–10:00 America/New_York\nrepeats: every 2nd Tuesday until 5 January 2027\nalso on: 10 December 2026\nexcept on: 15 December 2026\n" +
				"next: Wed 2 December 2026, 10:00–11:00 EST (moved from Tue 1 December 2026, 09:00; Meeting outside; the garden)\n  Thu 10 December 2026, 09:00–10:00 EST\n  Tue 29 December 2026, 09:00–10:00 EST\n" +
				"changed: Tue 1 December 2026, 09:00 → Wed 2 December 2026, 10:00–11:00; Meeting outside\nCOMMENT: same\noverride:20261201T090000 LOCATION: the garden\n"},
		{"whole days", Events, "BEGIN:VEVENT\nUID:u\nSUMMARY:Fair\nDTSTART;VALUE=DATE:20261127\nDTEND;VALUE=DATE:20261130\nTRANSP:TRANSPARENT\nRRULE:FREQ=YEARLY;COUNT=2\nEND:VEVENT\n",
			"when: Fri 27 – Sun 29 November 2026\nrepeats: every year on 27 November, 2 times\nnext: Fri 27 – Sun 29 November 2026\n  Sat 27 – Mon 29 November 2027\nshown as: free\n"},
		{"over midnight, and over", Events, "BEGIN:VEVENT\nUID:u\nSUMMARY:Night\nDTSTART:20251120T220000\nDTEND:20251121T060000\nRRULE:FREQ=DAILY;COUNT=2\nEND:VEVENT\n",
			"when: Thu 20 November 2025, 22:00 – Fri 21 November 2025, 06:00 wherever you are\nrepeats: every day, 2 times\nnext: nothing more: it is over\n"},
		{"a task", Tasks, "BEGIN:VTODO\nUID:u\nSUMMARY:Tax\nDTSTART;VALUE=DATE:20261201\nDUE;VALUE=DATE:20261231\nRRULE:FREQ=YEARLY\nPERCENT-COMPLETE:40\nPRIORITY:1\nSTATUS:IN-PROCESS\nEND:VTODO\n",
			"start: Tue 1 December 2026\ndue: Thu 31 December 2026\nrepeats: every year on 1 December\nnext due: Thu 31 December 2026\n  Fri 31 December 2027\n  Sun 31 December 2028\n  Mon 31 December 2029\n  Tue 31 December 2030\n" +
				"status: in process\ndone: 40 %\npriority: high (1)\n"},
		{"a rule that can't be used is told", Events, "BEGIN:VEVENT\nUID:u\nSUMMARY:x\nDTSTART;TZID=America/New_York:20261120T090000\nRRULE:FREQ=FOO\nEND:VEVENT\n",
			"when: Fri 20 November 2026, 09:00 America/New_York\ncareful: line 5: RRULE is left out: FREQ=FOO in \"FREQ=FOO\": want SECONDLY to YEARLY: not a recurrence rule\n"},
		{"an end before the start is told", Events, "BEGIN:VEVENT\nUID:u\nSUMMARY:x\nDTSTART;TZID=America/New_York:20261120T090000\nDTEND;TZID=America/New_York:20261120T083000\nEND:VEVENT\n",
			"when: Fri 20 November 2026, 09:00 America/New_York\ncareful: line 5: DTEND is before DTSTART, so the length is left open\n"},
		{"the day itself is an end", Events, "BEGIN:VEVENT\nUID:u\nSUMMARY:x\nDTSTART;VALUE=DATE:20261120\nDTEND;VALUE=DATE:20261120\nEND:VEVENT\n", "when: Fri 20 November 2026\n"},
		{"due on the day that it starts", Tasks, "BEGIN:VTODO\nUID:u\nSUMMARY:x\nDTSTART:20261120T090000\nDUE;VALUE=DATE:20261120\nEND:VTODO\n", "due: Fri 20 November 2026 wherever you are\n"},
		{"a note", Notes, "BEGIN:VJOURNAL\nUID:u\nSUMMARY:Idea\nDESCRIPTION:Write it down\\nat once\nEND:VJOURNAL\n", "text: Write it down\n  at once\n"},
	}
	loc, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			for _, f := range tt.kind.Describe([]byte(tt.text), time.Date(2026, 11, 20, 12, 0, 0, 0, loc), loc) {
				b.WriteString(f.Label + ": " + strings.ReplaceAll(f.Value, "\n", "\n  ") + "\n")
			}
			if d := cmp.Diff(tt.want, b.String()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestDescribeAll: no value of an object is left out but the lines of order and zones.
func TestDescribeAll(t *testing.T) {
	text := "BEGIN:VCALENDAR\nX-WR-CALNAME:calendar name\nBEGIN:VEVENT\nUID:u\nSUMMARY:s1\nSUMMARY:s2\nCOMMENT:c\nGEO:1;2\nX-A:xa\nATTACH:https://example.org/a\nBEGIN:VALARM\nACTION:EMAIL\nTRIGGER:soon\nATTENDEE:mailto:al@example.org\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
	var all strings.Builder
	for _, f := range Events.Describe([]byte(text), time.Now(), time.UTC) {
		all.WriteString(f.Value + "\n")
	}
	for _, want := range []string{"calendar name", "s2", "c", "1;2", "xa", "https://example.org/a", "EMAIL", "soon", "al@example.org"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("%q is missing in\n%s", want, all.String())
		}
	}
}
