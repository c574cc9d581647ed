package pim

import (
	"testing"
	"time"

	"cradle/valuebag"
)

func inBerlin(t *testing.T) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Appointments: VEVENT and the properties of MessageObj, CalendarObj and WPD_APPOINTMENT.
func TestMappingEvents(t *testing.T) {
	// The instants of Windows' own keys are those of the services', and shown once.
	leave := []valuebag.PropertyKey{valuebag.WPDCommonInformationStartDatetime, valuebag.WPDCommonInformationEndDatetime}
	checkMapping(t, Events, inBerlin(t), eventText, WPDEdit{"WPD_APPOINTMENT_LOCATION", "Rome"}, "LOCATION:Rome", leave, []mappingRule{
		{"SUMMARY, DESCRIPTION", "SUMMARY:a\\, b|DESCRIPTION:c\\nd", "BusyStatus=1 SUBJECT=a, b BODY_TEXT=c\nd"},
		{"DTSTART and DTEND in UTC, TZID by the name of the tz database", "DTSTART;TZID=Europe/London:20260601T100000|DTEND;TZID=Europe/London:20260601T113000",
			"TimeZone=Europe/London BusyStatus=1 BeginDateTime=20260601T090000Z EndDateTime=20260601T103000Z"},
		{"TZID by Windows' name", "DTSTART;TZID=W. Europe Standard Time:20260601T100000", "TimeZone=Europe/Berlin BusyStatus=1 BeginDateTime=20260601T080000Z"},
		{"DTSTART + DURATION", "DTSTART:20260601T100000Z|DURATION:PT1H30M", "BusyStatus=1 BeginDateTime=20260601T100000Z EndDateTime=20260601T113000Z"},
		{"DURATION: days are days of the calendar", "DTSTART;TZID=Europe/Berlin:20260328T120000|DURATION:P1D", "TimeZone=Europe/Berlin BusyStatus=1 BeginDateTime=20260328T110000Z EndDateTime=20260329T100000Z"},
		{"VALARM: minutes before the start", "DTSTART:20260601T100000Z|BEGIN:VALARM|ACTION:AUDIO|TRIGGER:-P1DT5M|END:VALARM", "ReminderOffset=1445 BusyStatus=1 BeginDateTime=20260601T100000Z"},
		{"VALARM: the first that a device can have", "DTSTART:20260601T100000Z|BEGIN:VALARM|ACTION:EMAIL|TRIGGER:-PT1M|END:VALARM|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:PT2M|END:VALARM|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER;RELATED=END:-PT3M|END:VALARM|" +
			"BEGIN:VALARM|ACTION:DISPLAY|TRIGGER;VALUE=DATE-TIME:20260601T090000Z|END:VALARM|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT5M|END:VALARM", "ReminderOffset=5 BusyStatus=1 BeginDateTime=20260601T100000Z"},
		{"TRANSP", "TRANSP:TRANSPARENT", "BusyStatus=0"},
		{"X-MICROSOFT-CDO-BUSYSTATUS before TRANSP", "TRANSP:OPAQUE|X-MICROSOFT-CDO-BUSYSTATUS:OOF", "BusyStatus=2"},
		{"X-MICROSOFT-CDO-BUSYSTATUS: tentative", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", "BusyStatus=3"},
		{"PRIORITY 1 to 4", "PRIORITY:4", "BusyStatus=1 PRIORITY=2"}, {"PRIORITY 5", "PRIORITY:5", "BusyStatus=1 PRIORITY=1"},
		{"PRIORITY 0", "PRIORITY:0", "BusyStatus=1 PRIORITY=1"}, {"PRIORITY 6 to 9", "PRIORITY:6", "BusyStatus=1 PRIORITY=0"},
		{"CATEGORIES", "CATEGORIES:a\\, b,c|CATEGORIES:d", "BusyStatus=1 Category=a, b;c;d"},
		{"ATTENDEE by PARTSTAT and by ROLE", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a|ATTENDEE;PARTSTAT=TENTATIVE;ROLE=OPT-PARTICIPANT:mailto:b|ATTENDEE;PARTSTAT=DECLINED;ROLE=CHAIR:mailto:c|ATTENDEE;CUTYPE=RESOURCE:mailto:d",
			"REQUIRED_ATTENDEES=a;c OPTIONAL_ATTENDEES=b ACCEPTED_ATTENDEES=a RESOURCES=d TENTATIVE_ATTENDEES=b DECLINED_ATTENDEES=c BusyStatus=1"},
		{"not representable: no answer yet, handed on, only told", "ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=NON-PARTICIPANT:mailto:a|ATTENDEE;PARTSTAT=DELEGATED:mailto:b", "REQUIRED_ATTENDEES=b BusyStatus=1"},
		{"ORGANIZER", "ORGANIZER;CN=O:MAILTO:o@x", "BusyStatus=1 Sender=o@x"},
		{"a day: midnights of the phone's zone", "DTSTART;VALUE=DATE:20260328|DTEND;VALUE=DATE:20260330", "BusyStatus=1 BeginDateTime=20260327T230000Z EndDateTime=20260329T220000Z"},
		{"a day without an end", "DTSTART;VALUE=DATE:20260329", "BusyStatus=1 BeginDateTime=20260328T230000Z EndDateTime=20260329T220000Z"},
		{"a time without a zone: the phone's", "DTSTART:20260601T100000", "BusyStatus=1 BeginDateTime=20260601T080000Z"},
		{"a zone that nobody knows: the phone's", "DTSTART;TZID=Mars:20260601T100000", "BusyStatus=1 BeginDateTime=20260601T080000Z"},
		{"not representable", "STATUS:CANCELLED|CLASS:PRIVATE|URL:u|GEO:1;2|ATTACH:a|COMMENT:c|CONTACT:c|RELATED-TO:r|CONFERENCE:c|X-ALT-DESC;FMTTYPE=text/html:<b>|X-A:1|SEQUENCE:3", "BusyStatus=1"},
	})
}

// How whole days and times of a device are read: what the item says of itself decides.
func TestMappingDays(t *testing.T) {
	begin, end := CalendarObjBeginDateTime, CalendarObjEndDateTime
	const day, hours = "DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260602", "DTSTART;TZID=Europe/Berlin:20260601T100000|DTEND;TZID=Europe/Berlin:20260601T110000"
	checkDeviceEdits(t, Events, inBerlin(t), eventText, []deviceEdit{
		{"midnights: it stays a day", day, "DTSTART;VALUE=DATE:20260607|DTEND;VALUE=DATE:20260610", says(begin, "20260606T220000Z", end, "20260609T220000Z")},
		{"no midnights: it has times", day, "DTSTART;TZID=Europe/Berlin:20260601T081500|DTEND;TZID=Europe/Berlin:20260602T000000", says(begin, "20260601T061500Z")},
		{"one with times that goes from midnight to midnight keeps them", hours, "DTSTART;TZID=Europe/Berlin:20260601T000000|DTEND;TZID=Europe/Berlin:20260602T000000", says(begin, "20260531T220000Z", end, "20260601T220000Z")},
		{"a time without a zone stays one", "DTSTART:20260601T100000", "DTSTART:20260602T100000", says(begin, "20260602T080000Z")},
	})
}

// Tasks: VTODO and the properties of TaskObj and WPD_TASK.
func TestMappingTasks(t *testing.T) {
	checkMapping(t, Tasks, inBerlin(t), asTask(eventText), WPDEdit{"MessageObj.Category", "z"}, "CATEGORIES:z", nil, []mappingRule{
		{"SUMMARY, DESCRIPTION, PRIORITY", "SUMMARY:s|DESCRIPTION:d|PRIORITY:1", "SUBJECT=s BODY_TEXT=d PRIORITY=2 Complete=0"},
		{"DTSTART and DUE: dates", "DTSTART;VALUE=DATE:20260601|DUE;VALUE=DATE:20260602", "START_DATETIME=20260531T220000 END_DATETIME=20260601T220000 Complete=0 BeginDate=20260601 EndDate=20260602"},
		{"DUE: the date on its own clock", "DUE;TZID=America/New_York:20260601T230000", "END_DATETIME=20260602T030000 Complete=0 EndDate=20260601"},
		{"DUE in UTC: the date on the phone's", "DUE:20260601T223000Z", "END_DATETIME=20260601T223000 Complete=0 EndDate=20260602"},
		{"STATUS:COMPLETED", "STATUS:COMPLETED", "STATUS=COMPLETED PERCENT_COMPLETE=100 Complete=255"},
		{"COMPLETED", "COMPLETED:20260601T100000Z", "PERCENT_COMPLETE=100 Complete=255"},
		{"PERCENT-COMPLETE=100", "PERCENT-COMPLETE:100", "PERCENT_COMPLETE=100 Complete=255"},
		{"IN-PROCESS", "STATUS:IN-PROCESS|PERCENT-COMPLETE:40", "STATUS=IN-PROCESS PERCENT_COMPLETE=40 Complete=0"},
		{"VALARM, the first: a time", "DUE:20260601T100000Z|BEGIN:VALARM|TRIGGER:-PT15M|END:VALARM|BEGIN:VALARM|TRIGGER:-PT5M|END:VALARM",
			"END_DATETIME=20260601T100000 REMINDER_DATE=20260601T094500 ReminderDateTime=20260601T094500Z Complete=0 EndDate=20260601"},
		{"VALARM before the end", "DTSTART:20260601T080000Z|DUE:20260601T100000Z|BEGIN:VALARM|TRIGGER;RELATED=END:-PT15M|END:VALARM",
			"START_DATETIME=20260601T080000 END_DATETIME=20260601T100000 REMINDER_DATE=20260601T094500 ReminderDateTime=20260601T094500Z Complete=0 BeginDate=20260601 EndDate=20260601"},
		{"VALARM at a time", "SUMMARY:s|BEGIN:VALARM|TRIGGER;VALUE=DATE-TIME:20260601T100000Z|END:VALARM", "SUBJECT=s REMINDER_DATE=20260601T100000 ReminderDateTime=20260601T100000Z Complete=0"},
		{"ORGANIZER: the owner", "ORGANIZER:mailto:o@x", "OWNER=o@x Complete=0"},
		{"not representable", "RELATED-TO:r|CLASS:PRIVATE|URL:u|GEO:1;2|ATTACH:a|COMMENT:c|X-A:1", "Complete=0"},
	})
	done := TaskObjComplete
	checkDeviceEdits(t, Tasks, inBerlin(t), asTask(eventText), []deviceEdit{
		{"done: three lines say so", "STATUS:IN-PROCESS|PERCENT-COMPLETE:40", "STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260602T093000Z", says(done, uint8(0xff))},
		{"done, by any number", "SUMMARY:s", "SUMMARY:s|STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260602T093000Z", says(done, uint8(1))},
		{"open again: none of them", "STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260101T000000Z|SUMMARY:s", "SUMMARY:s", says(done, uint8(0))},
		{"neither: how far it is stays", "STATUS:IN-PROCESS|PERCENT-COMPLETE:40", "STATUS:IN-PROCESS|PERCENT-COMPLETE:40|SUMMARY:s", says(valuebag.WPDCommonInformationSubject, "s")},
		{"the time of day stays", "DTSTART;TZID=Europe/Berlin:20260601T080000|DUE;TZID=Europe/Berlin:20260601T170000", "DTSTART;TZID=Europe/Berlin:20260602T080000|DUE;TZID=Europe/Berlin:20260603T170000", says(TaskObjBeginDate, "20260602", TaskObjEndDate, "20260603")},
		{"the phone's date of a time in UTC", "DUE:20261024T223000Z", "DUE:20261025T233000Z", says(TaskObjEndDate, "20261026")},
		{"a series", "DTSTART;VALUE=DATE:20260601|RRULE:FREQ=DAILY", "DTSTART;VALUE=DATE:20260601|RRULE:FREQ=DAILY;INTERVAL=2", says(MessageObjPatternPeriod, 2)},
		{"the owner is shown only", "ORGANIZER:mailto:o@x", "ORGANIZER:mailto:o@x", says(valuebag.WPDTaskOwner, "p@x")},
	})
	// A new task of a device has dates, and one of each.
	now := valuebag.New(4)
	says(TaskObjBeginDate, "20260601", TaskObjEndDate, "20260602")(now)
	got, err := Tasks.FromWPD(nil, nil, now, editedAt, inBerlin(t))
	if again := viewText(Tasks.WPD(got, inBerlin(t))); err != nil || again != "START_DATETIME=20260531T220000 END_DATETIME=20260601T220000 Complete=0 BeginDate=20260601 EndDate=20260602" {
		t.Errorf("a new task: %s (%v)", again, err)
	}
	if copied, err := Tasks.FromWPD(nil, nil, Tasks.WPD(got, inBerlin(t)), editedAt, inBerlin(t)); err != nil || string(Tasks.Text(copied)) != string(Tasks.Text(got)) {
		t.Errorf("by all of its keys\n%s\nby its dates\n%s%v", Tasks.Text(copied), Tasks.Text(got), err)
	}
}

// Notes: VJOURNAL and VNOTE, and the properties of MessageObj.
func TestMappingNotes(t *testing.T) {
	journal := func(s string) string {
		return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VJOURNAL\r\n" + crlf(s) + "END:VJOURNAL\r\nEND:VCALENDAR\r\n"
	}
	checkMapping(t, Notes, nil, journal, WPDEdit{"MessageObj.Category", "z"}, "CATEGORIES:z", nil, []mappingRule{
		{"title, text", "SUMMARY:t|DESCRIPTION:a\\nb", "SUBJECT=t BODY_TEXT=a\nb"},
		{"markup is plain text", "DESCRIPTION:**b** _i_", "BODY_TEXT=**b** _i_"},
	})
	note := func(s string) string { return "BEGIN:VNOTE\r\nVERSION:1.1\r\n" + crlf(s) + "END:VNOTE\r\n" }
	checkDeviceEdits(t, Notes, nil, note, []deviceEdit{
		{"VNOTE: the text is its BODY", "BODY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=A4|DCREATED:20260101T000000Z", "BODY;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=B6|DCREATED:20260101T000000Z", says(valuebag.WPDCommonInformationBodyText, "ö")},
	})
	checkDeviceEdits(t, Notes, nil, journal, []deviceEdit{
		{"an unchanged text keeps its markup", "SUMMARY:t|DESCRIPTION;ALTREP=\"x.html\";FMTTYPE=text/html:<b>b</b>", "SUMMARY:u|DESCRIPTION;ALTREP=\"x.html\";FMTTYPE=text/html:<b>b</b>", says(valuebag.WPDCommonInformationSubject, "u")},
		{"categories", "CATEGORIES;LANGUAGE=en:a,b", "CATEGORIES;LANGUAGE=en:b|CATEGORIES:c", says(MessageObjCategory, "b;c")},
	})
}
