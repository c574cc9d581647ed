package pim

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cradle/valuebag"
)

// deviceEdit is one edit of a device's user: the lines of an item, the keys that the device
// then has otherwise, and the lines afterwards. Whatever want doesn't say otherwise has to be
// the same byte for byte.
type deviceEdit struct {
	name, in, want string
	edit           func(*valuebag.Values)
}

// checkDeviceEdits makes the edits on items that text makes of their lines, and looks that
// the device then sees what it said.
func checkDeviceEdits(t *testing.T, k *Kind, zone *time.Location, text func(string) string, edits []deviceEdit) {
	for _, c := range edits {
		t.Run(c.name, func(t *testing.T) {
			item := mustItem(t, k, text(c.in))
			now := k.WPD(item, zone).Clone()
			c.edit(now)
			got, err := k.FromWPD(item, nil, now, editedAt, zone)
			if err != nil {
				t.Fatal(err)
			}
			if g, w := withoutZones(string(k.Text(got))), text(c.want); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
			again, err := k.FromWPD(got, nil, k.WPD(got, zone), editedAt, zone)
			if err != nil || string(k.Text(again)) != string(k.Text(got)) {
				t.Errorf("and without another edit\n%s\n%v", k.Text(again), err)
			}
		})
	}
}

// withoutZones is a text without its VTIMEZONEs, which TestFromWPDWritesZones looks at.
func withoutZones(text string) string {
	return regexp.MustCompile(`(?s)BEGIN:VTIMEZONE.*?END:VTIMEZONE\r\n`).ReplaceAllString(text, "")
}

// says sets keys of a view: text by key, "" removes it.
func says(kv ...any) func(*valuebag.Values) {
	return func(vs *valuebag.Values) {
		for i := 0; i < len(kv); i += 2 {
			k := kv[i].(valuebag.PropertyKey)
			switch v := kv[i+1].(type) {
			case string:
				if v == "" {
					vs.Remove(k)
				} else {
					vs.SetString(k, v)
				}
			case int:
				vs.SetUint32(k, uint32(v))
			case uint16:
				vs.SetUint16(k, v)
			case uint8:
				vs.SetUint8(k, v)
			case time.Time:
				vs.SetDate(k, v)
			case []string:
				vs.Set(k, valuebag.Strings(v))
			}
		}
	}
}

func instant(s string) time.Time {
	t, ok := serviceDate(s)
	if !ok {
		panic(s)
	}
	return t
}

func lines(parts ...string) string { return strings.Join(parts, "|") }

// The preference goes to the line whose value the device shows as its main one.
func TestFromWPDPreference(t *testing.T) {
	phone, mail, web := valuebag.WPDContactPrimaryPhone, valuebag.WPDContactPrimaryEmailAddress, valuebag.WPDContactPrimaryWebAddress
	checkDeviceEdits(t, Contacts, nil, cardText, []deviceEdit{
		{"from one to the other", lines("TEL;TYPE=HOME,pref;X-P=1:1", "a.TEL;X-Q=2;TYPE=work:2", "a.X-ABLabel:Castle", "TEL;type=CELL:3"),
			lines("TEL;TYPE=HOME;X-P=1:1", "a.TEL;X-Q=2;TYPE=work,PREF:2", "a.X-ABLabel:Castle", "TEL;type=CELL:3"), says(phone, "2")},
		{"of two that are preferred the other", lines("TEL;TYPE=HOME,PREF:1", "TEL;TYPE=WORK,PREF:2"), lines("TEL;TYPE=HOME:1", "TEL;TYPE=WORK,PREF:2"), says(phone, "2")},
		{"a TYPE of pref alone goes", lines("EMAIL;TYPE=pref:a@x", "EMAIL:b@x"), lines("EMAIL:a@x", "EMAIL;TYPE=PREF:b@x"), says(mail, "b@x")},
		{"to the first line, which needs none", lines("TEL;TYPE=HOME:1", "TEL;TYPE=WORK,PREF:2"), lines("TEL;TYPE=HOME,PREF:1", "TEL;TYPE=WORK:2"), says(phone, "1")},
		{"to a further value", lines("TEL;TYPE=HOME:1", "TEL:2", "TEL:3"), lines("TEL;TYPE=HOME:1", "TEL:2", "TEL;TYPE=PREF:3"), says(phone, "3")},
		{"to a number that is new", lines("TEL;TYPE=HOME,PREF:1"), lines("TEL;TYPE=HOME:1", "TEL;TYPE=CELL,PREF:2"), says(phone, "2", valuebag.WPDContactMobilePhone, "2")},
		{"the old one is gone, so the first is it anyway", lines("TEL;TYPE=HOME:1", "TEL;TYPE=WORK:2"), lines("TEL;TYPE=WORK:2"),
			says(phone, "2", valuebag.WPDContactPersonalPhone, "")},
		{"an edited value is no other line", lines("TEL;TYPE=HOME,PREF:1", "TEL;TYPE=WORK:2"), lines("TEL;TYPE=HOME,PREF:11", "TEL;TYPE=WORK:2"),
			says(phone, "11", valuebag.WPDContactPersonalPhone, "11")},
		{"one that no slot has is an edit of the line", lines("TEL;TYPE=HOME,PREF:1", "TEL;TYPE=WORK:2"), lines("TEL;TYPE=HOME,PREF:9", "TEL;TYPE=WORK:2"), says(phone, "9")},
		{"taken away", lines("TEL;TYPE=HOME:1", "TEL;TYPE=WORK,PREF:2"), lines("TEL;TYPE=HOME:1", "TEL;TYPE=WORK:2"), says(phone, "")},
		{"a fax has no part in it", lines("TEL;TYPE=FAX,PREF:0", "TEL;TYPE=HOME:1", "TEL;TYPE=WORK:2"), lines("TEL;TYPE=FAX,PREF:0", "TEL;TYPE=HOME:1", "TEL;TYPE=WORK,PREF:2"), says(phone, "2")},
		{"an address that stands in the main slot alone goes with it", lines("URL:http://a", "URL;TYPE=HOME:http://b"), lines("URL;TYPE=HOME:http://b"), says(web, "")},
	})
	old := func(s string) string {
		return strings.Replace(cardText(s), "VERSION:3.0", "VERSION:2.1", 1)
	}
	checkDeviceEdits(t, Contacts, nil, old, []deviceEdit{
		{"vCard 2.1", lines("TEL;PREF;HOME:1", "TEL;CELL;X-P=ä:2"), lines("TEL;HOME:1", "TEL;CELL;PREF;X-P=ä:2"), says(phone, "2")},
	})
	four := func(s string) string {
		return strings.Replace(cardText(s), "VERSION:3.0", "VERSION:4.0", 1)
	}
	checkDeviceEdits(t, Contacts, nil, four, []deviceEdit{
		{"vCard 4.0: they change places", lines("TEL;PREF=1;TYPE=home:1", "TEL;PREF=2;TYPE=work:2", "TEL;PREF=3:3"), lines("TEL;PREF=2;TYPE=home:1", "TEL;TYPE=work;PREF=1:2", "TEL;PREF=3:3"), says(phone, "2")},
		{"vCard 4.0: one that had none", lines("EMAIL;PREF=1:a@x", "EMAIL:b@x"), lines("EMAIL:a@x", "EMAIL;PREF=1:b@x"), says(mail, "b@x")},
		{"vCard 4.0: the smallest number is the main one", lines("EMAIL;PREF=50:a@x", "EMAIL;PREF=20:b@x"), lines("EMAIL;PREF=50:a@x", "EMAIL;PREF=20:c@x"), says(mail, "c@x", valuebag.WPDContactOtherEmails, []string{"c@x", "a@x"})},
	})
}

// People move between lists with all that their lines say beside.
func TestFromWPDPeople(t *testing.T) {
	required, optional, resources := valuebag.WPDAppointmentRequiredAttendees, valuebag.WPDAppointmentOptionalAttendees, valuebag.WPDAppointmentResources
	accepted, tentative, declined := valuebag.WPDAppointmentAcceptedAttendees, valuebag.WPDAppointmentTentativeAttendees, valuebag.WPDAppointmentDeclinedAttendees
	const a, b = "ATTENDEE;CN=\"A; a\";PARTSTAT=ACCEPTED:mailto:a@x", "ATTENDEE;ROLE=OPT-PARTICIPANT;X-P=1:MAILTO:b@x"
	checkDeviceEdits(t, Events, nil, eventText, []deviceEdit{
		{"declined", lines(a, b), lines(strings.Replace(a, "ACCEPTED", "DECLINED", 1), b), says(accepted, "", declined, "a@x")},
		{"tentative, with blanks", lines(a, b), lines(a, "ATTENDEE;ROLE=OPT-PARTICIPANT;X-P=1;PARTSTAT=TENTATIVE:MAILTO:b@x"), says(tentative, " mailto:b@x ; ")},
		{"a list more, the old one left", lines(a, b), lines(strings.Replace(a, "ACCEPTED", "DECLINED", 1), b), says(declined, "a@x")},
		{"no answer any more", lines(a, b), lines(strings.Replace(a, "ACCEPTED", "NEEDS-ACTION", 1), b), says(accepted, "")},
		{"must come", lines(a, b), lines(a, "ATTENDEE;X-P=1:MAILTO:b@x"), says(required, "a@x;b@x", optional, "")},
		{"may come", lines(a, b), lines("ATTENDEE;CN=\"A; a\";PARTSTAT=ACCEPTED;ROLE=OPT-PARTICIPANT:mailto:a@x", b), says(required, "", optional, "b@x;a@x")},
		{"is a thing", lines(a, b), lines(a, "ATTENDEE;ROLE=OPT-PARTICIPANT;X-P=1;CUTYPE=RESOURCE:MAILTO:b@x"), says(optional, "", resources, "b@x")},
		{"is none", lines("ATTENDEE;CUTYPE=ROOM;CN=R:mailto:r@x", b), lines("ATTENDEE;CN=R:mailto:r@x", b), says(resources, "", required, "r@x")},
		{"a chair stays one", lines("ATTENDEE;ROLE=CHAIR:mailto:c@x", b), lines("ATTENDEE;ROLE=CHAIR:mailto:c@x", "ATTENDEE;X-P=1:MAILTO:b@x"), says(required, "b@x;c@x", optional, "")},
		{"only told", lines(a, b), lines("ATTENDEE;CN=\"A; a\";PARTSTAT=ACCEPTED;ROLE=NON-PARTICIPANT:mailto:a@x", b), says(required, "")},
		{"not invited any more", lines(a, b), b, says(required, "", accepted, "")},
		{"invited", lines(a, b), lines(a, b, "ATTENDEE:mailto:c@x", "ATTENDEE;CUTYPE=RESOURCE:urn:x-room:1", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:d@x"),
			says(required, "a@x;c@x", resources, "urn:x-room:1", tentative, "d@x")},
		{"who is in no list stays", lines("ATTENDEE;ROLE=NON-PARTICIPANT:mailto:n@x", a), "ATTENDEE;ROLE=NON-PARTICIPANT:mailto:n@x", says(required, "", accepted, "")},
		{"the organizer is shown only", "ORGANIZER;CN=O:mailto:o@x", "ORGANIZER;CN=O:mailto:o@x", says(MessageObjSender, "p@x")},
		{"a new entry's organizer", "SUMMARY:s", "SUMMARY:s|ORGANIZER:mailto:o@x", says(MessageObjSender, "o@x")},
	})
	checkDeviceEdits(t, Events, nil, oldEvent, []deviceEdit{
		{"vCalendar 1.0", lines("ATTENDEE;ROLE=ATTENDEE;STATUS=CONFIRMED:a@x", "ATTENDEE;EXPECT=REQUEST:b@x"), lines("ATTENDEE;ROLE=ATTENDEE;STATUS=DECLINED:a@x", "ATTENDEE:b@x"),
			says(accepted, "", declined, "a@x", required, "a@x;b@x", optional, "")},
		{"vCalendar 1.0, no answer", "ATTENDEE;STATUS=ACCEPTED:a@x", "ATTENDEE;STATUS=NEEDS ACTION:a@x", says(accepted, "")},
	})
}

// A device of the services has the lists of answers alone: who leaves them is invited no
// more, and who wasn't in any isn't its business.
func TestFromWPDPeopleOfAService(t *testing.T) {
	in := lines("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x", "ATTENDEE:mailto:b@x", "ATTENDEE;PARTSTAT=DECLINED;CN=C:mailto:c@x")
	item := mustItem(t, Events, eventText(in))
	was := valuebag.New(2)
	says(valuebag.WPDAppointmentAcceptedAttendees, "a@x", valuebag.WPDAppointmentDeclinedAttendees, "c@x")(was)
	now := valuebag.New(2)
	says(valuebag.WPDAppointmentAcceptedAttendees, "c@x;b@x")(now)
	got, err := Events.FromWPD(item, was, now, editedAt, nil)
	want := eventText(lines("ATTENDEE;PARTSTAT=ACCEPTED:mailto:b@x", "ATTENDEE;PARTSTAT=ACCEPTED;CN=C:mailto:c@x"))
	if err != nil || string(Events.Text(got)) != want {
		t.Errorf("got\n%s\nwant\n%s%v", Events.Text(got), want, err)
	}
}

// Whatever a device does to its lists of people, it sees them so afterwards.
func TestLawFromWPDPeople(t *testing.T) {
	names := []string{"a@x", "b@x", "c@x", "urn:x:1"}
	empty := mustItem(t, Events, eventText("SUMMARY:s"))
	rapid.Check(t, func(t *rapid.T) {
		item, view := empty, Events.WPD(empty, nil).Clone()
		invited := map[string]bool{}
		for _, label := range []string{"first", "then", "at last"} {
			want := map[valuebag.PropertyKey][]string{}
			for _, who := range names {
				roles := 2
				if invited[who] {
					roles = 3 // only told: a new one is asked to come
				}
				if invited[who] = rapid.Bool().Draw(t, label+" "+who); !invited[who] {
					continue
				}
				if i := rapid.IntRange(0, roles).Draw(t, label+" role of "+who); i < 3 {
					want[asked[i]] = append(want[asked[i]], who)
				} else {
					want[answers[0]] = append(want[answers[0]], who)
					continue
				}
				if i := rapid.IntRange(0, 3).Draw(t, label+" answer of "+who); i < 3 {
					want[answers[i]] = append(want[answers[i]], who)
				}
			}
			keys := slices.Concat(answers, asked)
			for _, k := range keys {
				says(k, strings.Join(want[k], ";"))(view)
			}
			var err error
			if item, err = Events.FromWPD(item, nil, view, editedAt, nil); err != nil {
				t.Fatal(err)
			}
			view = Events.WPD(item, nil).Clone()
			for _, k := range keys {
				got := people(view, k)
				slices.Sort(got)
				if slices.Sort(want[k]); !slices.Equal(got, want[k]) {
					t.Fatalf("%s: %s: %q, the device said %q, in\n%s", label, k.Name(), got, want[k], Events.Text(item))
				}
			}
		}
	})
}

// oldEvent writes an event of vCalendar 1.0 with these lines.
func oldEvent(lines string) string {
	return strings.Replace(eventText(lines), "VERSION:2.0", "VERSION:1.0", 1)
}

func asTask(event func(string) string) func(string) string {
	return func(s string) string { return strings.ReplaceAll(event(s), "VEVENT", "VTODO") }
}

func alarm(trigger string) string {
	return lines("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER"+trigger, "X-A:1", "END:VALARM")
}

// A task's reminder is a time: a trigger that still gives it stays as it is written.
func TestFromWPDTaskReminder(t *testing.T) {
	rings, service := valuebag.WPDTaskReminderDate, TaskObjReminderDateTime
	const due = "DUE;TZID=Europe/Berlin:20260601T170000"
	checkDeviceEdits(t, Tasks, nil, asTask(eventText), []deviceEdit{
		{"another time", lines(due, alarm(";RELATED=END;X-P=1:-PT15M")), lines(due, alarm(";X-P=1;VALUE=DATE-TIME:20260601T140000Z")), says(rings, instant("20260601T140000"))},
		{"by the service's key", lines(due, alarm(":-PT15M")), lines(due, alarm(";VALUE=DATE-TIME:20260601T140000Z")), says(service, "20260601T140000.0Z")},
		{"a time that was one", lines(due, alarm(";VALUE=DATE-TIME:20260601T120000Z")), lines(due, alarm(";VALUE=DATE-TIME:20260602T120000Z")), says(rings, instant("20260602T120000"))},
		{"moved with the task", lines(due, alarm(":-PT15M")), lines("DUE;TZID=Europe/Berlin:20260602T170000", alarm(":-PT15M")),
			says(valuebag.WPDCommonInformationEndDatetime, instant("20260602T150000"), rings, instant("20260602T144500"))},
		{"the task moved alone", lines(due, alarm(":-PT15M")), lines("DUE;TZID=Europe/Berlin:20260602T170000", alarm(":-PT15M")), says(valuebag.WPDCommonInformationEndDatetime, instant("20260602T150000"))},
		{"none any more", lines(due, alarm(":-PT15M"), alarm(":-P1D")), lines(due, alarm(":-P1D")), says(rings, "", service, "")},
		{"a first one", lines("SUMMARY:a\\, b", due), lines("SUMMARY:a\\, b", due, "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;VALUE=DATE-TIME:20260601T140000Z", "DESCRIPTION:a\\, b", "END:VALARM"), says(rings, instant("20260601T140000"))},
		{"one that has no time stays", lines("SUMMARY:s", alarm(":-PT15M")), lines("SUMMARY:t", alarm(":-PT15M")), says(valuebag.WPDCommonInformationSubject, "t")},
	})
	checkDeviceEdits(t, Tasks, nil, asTask(oldEvent), []deviceEdit{
		{"vCalendar 1.0", "DALARM:20260601T120000Z;PT5M;2;Pay", "DALARM:20260601T140000Z;PT5M;2;Pay", says(rings, instant("20260601T140000"))},
		{"vCalendar 1.0, none any more", "SUMMARY:s|DALARM:20260601T120000Z;PT5M;2;Pay", "SUMMARY:s", says(rings, "", service, "")},
		{"vCalendar 1.0, a first one", "SUMMARY:a", "SUMMARY:a|DALARM:20260601T140000Z;;;a", says(rings, instant("20260601T140000"))},
	})
	checkDeviceEdits(t, Events, nil, oldEvent, []deviceEdit{
		{"an event of vCalendar 1.0", "DTSTART:20260601T100000Z|AALARM:20260601T094500Z;PT5M;2;a.wav", "DTSTART:20260601T100000Z|AALARM:20260601T093000Z;PT5M;2;a.wav", says(CalendarObjReminderOffset, 30)},
		{"an event of vCalendar 1.0, moved", "DTSTART:20260601T100000Z|AALARM:20260601T094500Z", "DTSTART:20260601T120000Z|AALARM:20260601T114500Z", says(CalendarObjBeginDateTime, "20260601T120000Z")},
		{"an event of vCalendar 1.0, a first one", "DTSTART:20260601T100000Z|SUMMARY:a;b", "DTSTART:20260601T100000Z|SUMMARY:a;b|DALARM:20260601T094500Z;;;a\\;b", says(CalendarObjReminderOffset, 15)},
	})
}

// Another zone is the same instant on another clock; what a series says of its occurrences
// follows, each at the time of day that the series has by then.
func TestFromWPDZone(t *testing.T) {
	zone := CalendarObjTimeZone
	const berlin = "DTSTART;X-P=1;TZID=Europe/Berlin:20260601T160000|DTEND;TZID=Europe/Berlin:20260601T170000"
	const york = "DTSTART;X-P=1;TZID=America/New_York:20260601T100000|DTEND;TZID=America/New_York:20260601T110000"
	checkDeviceEdits(t, Events, nil, eventText, []deviceEdit{
		{"another zone", berlin + "|LOCATION:a", york + "|LOCATION:a", says(zone, "America/New_York")},
		{"another zone and time", berlin, strings.ReplaceAll(strings.ReplaceAll(york, "T10", "T12"), "T11", "T13"),
			says(zone, "America/New_York", CalendarObjBeginDateTime, "20260601T160000Z", CalendarObjEndDateTime, "20260601T170000Z")},
		{"a first zone", "DTSTART:20260601T140000Z|DURATION:PT1H", "DTSTART;TZID=America/New_York:20260601T100000|DURATION:PT1H", says(zone, "America/New_York")},
		{"a first zone of a time without one", "DTSTART:20260601T140000|DTEND:20260601T150000", "DTSTART;TZID=America/New_York:20260601T100000|DTEND;TZID=America/New_York:20260601T110000", says(zone, "America/New_York")},
		{"UTC", berlin, "DTSTART;X-P=1:20260601T140000Z|DTEND:20260601T150000Z", says(zone, "UTC")},
		{"an end elsewhere stays there", "DTSTART;TZID=Europe/Berlin:20260601T160000|DTEND;TZID=Asia/Tokyo:20260602T090000", "DTSTART;TZID=America/New_York:20260601T100000|DTEND;TZID=Asia/Tokyo:20260602T090000", says(zone, "America/New_York")},
		{"a name that nobody knows", berlin, berlin, says(zone, "Mars/Olympus")},
		{"no name any more", berlin, berlin, says(zone, "")},
		{"the same by another name", "DTSTART;TZID=W. Europe Standard Time:20260601T160000", "DTSTART;TZID=W. Europe Standard Time:20260601T160000|LOCATION:x", says(zone, "Europe/Berlin", valuebag.WPDAppointmentLocation, "x")},
		{"a day has none", "DTSTART;VALUE=DATE:20260601", "DTSTART;VALUE=DATE:20260601", says(zone, "America/New_York")},
		{"a series", lines(berlin, "RRULE:FREQ=DAILY;UNTIL=20261130T150000Z", "EXDATE;TZID=Europe/Berlin:20260602T160000,20261028T160000", "RDATE:20261101T140000Z"),
			lines(york, "RRULE:FREQ=DAILY;UNTIL=20261130T150000Z", "EXDATE;TZID=Europe/Berlin:20260602T160000,20261028T150000", "RDATE:20261101T140000Z"), says(zone, "America/New_York")},
	})
	checkDeviceEdits(t, Events, nil, oldEvent, []deviceEdit{{"vCalendar 1.0 names none", "DTSTART:20260601T140000Z", "DTSTART:20260601T140000Z", says(zone, "America/New_York")}})
}

// A series that moves keeps what is taken out of it, and its changed occurrences.
func TestFromWPDSeriesMoved(t *testing.T) {
	const start, rule = "DTSTART;TZID=Europe/Berlin:20260601T100000|DTEND;TZID=Europe/Berlin:20260601T110000", "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260629T080000Z"
	const later = "DTSTART;TZID=Europe/Berlin:20260601T120000|DTEND;TZID=Europe/Berlin:20260601T130000"
	override := func(id, at string) string {
		return lines("END:VEVENT", "BEGIN:VEVENT", "UID:u", "RECURRENCE-ID;TZID=Europe/Berlin:"+id, "DTSTART;TZID=Europe/Berlin:"+at, "SUMMARY:o")
	}
	two := says(CalendarObjBeginDateTime, "20260601T100000Z", CalendarObjEndDateTime, "20260601T110000Z")
	checkDeviceEdits(t, Events, nil, eventText, []deviceEdit{
		{"later", lines(start, rule, "EXDATE:20260608T080000Z", "EXDATE;VALUE=DATE:20260622", override("20260615T100000", "20260615T100000"), override("20260629T100000", "20260630T150000")),
			lines(later, "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260629T100000Z", "EXDATE:20260608T100000Z", "EXDATE;VALUE=DATE:20260622", override("20260615T120000", "20260615T120000"), override("20260629T120000", "20260630T150000")), two},
		{"later, and a date more", lines(start, rule), lines(later, "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260629T100000Z", "EXDATE:20260615T100000Z"),
			func(vs *valuebag.Values) { two(vs); says(MessageObjPatternDeleteDates, "20260615")(vs) }},
		{"by the pattern's own time", lines(start, rule), lines(later, "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260629T100000Z"), says(CalendarObjPatternStartTime, "120000.0")},
		{"by the pattern's date", lines(start, "RRULE:FREQ=DAILY"), lines("DTSTART;TZID=Europe/Berlin:20260603T100000|DTEND;TZID=Europe/Berlin:20260603T110000", "RRULE:FREQ=DAILY"), says(MessageObjPatternValidStartDate, "20260603")},
		{"by the pattern's length", lines(start, rule), lines("DTSTART;TZID=Europe/Berlin:20260601T100000|DTEND;TZID=Europe/Berlin:20260601T113000", rule), says(CalendarObjPatternDuration, 90)},
		{"by the pattern's length, of a duration", lines("DTSTART:20260601T100000Z|DURATION:PT1H", rule), lines("DTSTART:20260601T100000Z|DURATION:PT1H30M", rule), says(CalendarObjPatternDuration, 90)},
		{"days", lines("DTSTART;VALUE=DATE:20260601", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260603"), lines("DTSTART;VALUE=DATE:20260602", "RRULE:FREQ=DAILY", "EXDATE;VALUE=DATE:20260604"),
			says(CalendarObjBeginDateTime, "20260602T000000Z", CalendarObjEndDateTime, "20260603T000000Z")},
	})
	checkDeviceEdits(t, Events, nil, oldEvent, []deviceEdit{
		{"vCalendar 1.0", lines("DTSTART:20260601T100000Z", "RRULE:D1 20260701T100000Z", "EXDATE:20260603T100000Z;20260604T100000Z"),
			lines("DTSTART:20260601T120000Z", "RRULE:D1 20260701T120000Z", "EXDATE:20260603T120000Z;20260604T120000Z"), says(CalendarObjBeginDateTime, "20260601T120000Z")},
		{"vCalendar 1.0, another rule", lines("DTSTART:20260601T100000Z", "RRULE:D1 #0"), lines("DTSTART:20260601T100000Z", "RRULE:D2 #0"), says(MessageObjPatternPeriod, 2)},
	})
}

// Days are the phone's midnights, and times without a zone are on its clock.
func TestFromWPDPhoneZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	begin, end := CalendarObjBeginDateTime, CalendarObjEndDateTime
	checkDeviceEdits(t, Events, berlin, eventText, []deviceEdit{
		{"a day stays one over a change of the clock", "DTSTART;VALUE=DATE:20260328|DTEND;VALUE=DATE:20260329", "DTSTART;VALUE=DATE:20260329|DTEND;VALUE=DATE:20260331", says(begin, "20260328T230000Z", end, "20260330T220000Z")},
		{"two days of one without an end", "DTSTART;VALUE=DATE:20260601", "DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260603", says(end, "20260602T220000Z")},
		{"another day of one without an end", "DTSTART;VALUE=DATE:20260328", "DTSTART;VALUE=DATE:20260329", says(begin, "20260328T230000Z", end, "20260329T220000Z")},
		{"a day that has a time now", "DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260602", "DTSTART;TZID=Europe/Berlin:20260601T100000|DTEND;TZID=Europe/Berlin:20260601T110000", says(begin, "20260601T080000Z", end, "20260601T090000Z")},
		{"a time without a zone", "DTSTART:20260601T100000|DTEND:20260601T110000", "DTSTART:20261201T120000|DTEND:20261201T130000", says(begin, "20261201T110000Z", end, "20261201T120000Z")},
		{"a first end, on the start's clock", "DTSTART:20260601T100000", "DTSTART:20260601T100000|DTEND:20260601T120000", says(end, "20260601T100000Z")},
	})
	for _, c := range []struct {
		name, want string
		now        func(*valuebag.Values)
	}{
		{"whole days", "DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260603", says(begin, "20260531T220000Z", end, "20260602T220000Z")},
		{"whole days of the zone that it names", "DTSTART;VALUE=DATE:20260601|DTEND;VALUE=DATE:20260602", says(begin, "20260601T040000Z", end, "20260602T040000Z", CalendarObjTimeZone, "America/New_York")},
		{"times", "DTSTART;TZID=Europe/Berlin:20260601T100000|DTEND;TZID=Europe/Berlin:20260601T110000", says(begin, "20260601T080000Z", end, "20260601T090000Z")},
		{"times in the zone that it names", "DTSTART;TZID=Asia/Tokyo:20260601T170000", says(begin, "20260601T080000Z", CalendarObjTimeZone, "Asia/Tokyo")},
	} {
		now := valuebag.New(3)
		c.now(now)
		got, err := Events.FromWPD(nil, nil, now, editedAt, berlin)
		if err != nil || !strings.Contains(string(Events.Text(got)), crlf(c.want)) {
			t.Errorf("%s: %q (%v), want %s", c.name, Events.Text(got), err, c.want)
		}
	}
}

// A zone that only an edit names is defined in the calendar; what is named without a
// definition already, or defined, isn't touched.
func TestFromWPDWritesZones(t *testing.T) {
	const york = "BEGIN:VTIMEZONE\r\nTZID:America/New_York\r\n" +
		"BEGIN:DAYLIGHT\r\nDTSTART:20250309T020000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0400\r\nTZNAME:EDT\r\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\nEND:DAYLIGHT\r\n" +
		"BEGIN:STANDARD\r\nDTSTART:20251102T020000\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nTZNAME:EST\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	const tokyo = "BEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\nBEGIN:STANDARD\r\nDTSTART:20250101T090000\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nTZNAME:JST\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	defined := func(zone, lines string) string {
		return strings.Replace(eventText(lines), "BEGIN:VEVENT", zone+"BEGIN:VEVENT", 1)
	}
	bare := func(lines string) string { return "BEGIN:VEVENT\r\nUID:u\r\n" + crlf(lines) + "END:VEVENT\r\n" }
	for _, c := range []struct{ name, in, zone, want string }{
		{"named first", eventText("DTSTART:20260601T140000Z"), "America/New_York", defined(york, "DTSTART;TZID=America/New_York:20260601T100000")},
		{"a zone that never changes", eventText("DTSTART:20260601T140000Z"), "Asia/Tokyo", defined(tokyo, "DTSTART;TZID=Asia/Tokyo:20260601T230000")},
		{"defined already", defined(berlin+tokyo, "DTSTART;TZID=Europe/Berlin:20260601T160000"), "Asia/Tokyo", defined(berlin+tokyo, "DTSTART;TZID=Asia/Tokyo:20260601T230000")},
		{"named without a definition already", eventText("DTSTART:20260601T140000Z|X-AT;TZID=Asia/Tokyo:20260601T230000"), "Asia/Tokyo", eventText("DTSTART;TZID=Asia/Tokyo:20260601T230000|X-AT;TZID=Asia/Tokyo:20260601T230000")},
		{"no calendar to define it in", bare("DTSTART:20260601T140000Z"), "Asia/Tokyo", bare("DTSTART;TZID=Asia/Tokyo:20260601T230000")},
	} {
		item := mustItem(t, Events, c.in)
		now := Events.WPD(item, nil).Clone()
		says(CalendarObjTimeZone, c.zone)(now)
		got, err := Events.FromWPD(item, nil, now, editedAt, nil)
		if err != nil || string(Events.Text(got)) != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s%v", c.name, Events.Text(got), c.want, err)
		}
	}
}
