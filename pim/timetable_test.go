package pim

import (
	"context"
	"strings"
	"testing"
	"time"

	"cradle/pim/recur"

	"github.com/google/go-cmp/cmp"
)

// customZone is a zone that no table knows: Berlin's rules, half an hour further east.
const customZone = "BEGIN:VTIMEZONE\nTZID:Half East\n" +
	"BEGIN:STANDARD\nDTSTART:19961027T030000\nTZOFFSETFROM:+0230\nTZOFFSETTO:+0130\nTZNAME:HET\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n" +
	"BEGIN:DAYLIGHT\nDTSTART:19810329T020000\nTZOFFSETFROM:+0130\nTZOFFSETTO:+0230\nTZNAME:HEST\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n"

// TestTimetable works each case out by hand. The floating zone is Europe/Berlin: clocks go from
// 02:00 +01:00 to 03:00 +02:00 on 29 March 2026 and from 03:00 to 02:00 on 25 October 2026.
func TestTimetable(t *testing.T) {
	tests := []struct {
		name  string
		kind  *Kind  // nil is Events
		lines string // of the master, or a whole text
		from  string // default: the year 1
		want  string // starts, with /end where one is asked for
	}{
		{"a gap takes the offset from before", nil,
			"DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3", "",
			"2026-03-28 02:30+01 2026-03-29 03:30+02 2026-03-30 02:30+02"},
		{"an overlap is the first", nil,
			"DTSTART;TZID=Europe/Berlin:20261024T023000\nRRULE:FREQ=DAILY;COUNT=3", "",
			"2026-10-24 02:30+02 2026-10-25 02:30+02 2026-10-26 02:30+01"},
		{"an hourly rule over a gap: 02:00 and 03:00 are one instant", nil,
			"DTSTART;TZID=Europe/Berlin:20260329T010000\nRRULE:FREQ=HOURLY;UNTIL=20260329T030000Z", "",
			"2026-03-29 01:00+01 2026-03-29 03:00+02 2026-03-29 04:00+02 2026-03-29 05:00+02"},
		{"half hours over a gap stay in order", nil,
			"DTSTART;TZID=Europe/Berlin:20260329T014500\nRRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=5", "",
			"2026-03-29 01:45+01 2026-03-29 03:15+02 2026-03-29 03:45+02"},
		{"DTEND is exact over a change", nil,
			"DTSTART;TZID=Europe/Berlin:20260327T220000\nDTEND;TZID=Europe/Berlin:20260328T060000\nRRULE:FREQ=DAILY;COUNT=2", "",
			"2026-03-27 22:00+01/2026-03-28 06:00+01 2026-03-28 22:00+01/2026-03-29 07:00+02"},
		{"DURATION in hours is exact", nil,
			"DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT24H", "",
			"2026-03-28 12:00+01/2026-03-29 13:00+02"},
		{"DURATION in days is nominal", nil,
			"DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1D", "",
			"2026-03-28 12:00+01/2026-03-29 12:00+02"},
		{"DURATION in both: days first", nil,
			"DTSTART;TZID=Europe/Berlin:20260328T010000\nDURATION:P1DT2H", "",
			"2026-03-28 01:00+01/2026-03-29 04:00+02"},
		{"EXDATE lists, in UTC and local", nil,
			"DTSTART;TZID=Europe/Berlin:20260101T090000\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE:20260102T080000Z,20260103T080000Z\nEXDATE;TZID=Europe/Berlin:20260105T090000", "",
			"2026-01-01 09:00+01 2026-01-04 09:00+01"},
		{"EXDATE as a date takes the day", nil,
			"DTSTART;TZID=America/New_York:20260101T230000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260102", "",
			"2026-01-01 23:00-05 2026-01-03 23:00-05"},
		{"EXDATE of a floating clock", nil,
			"DTSTART;TZID=Europe/Berlin:20260101T090000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T090000", "",
			"2026-01-01 09:00+01 2026-01-03 09:00+01"},
		{"EXDATE of the start: COUNT has counted it", nil,
			"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260101T090000Z", "",
			"2026-01-02 09:00Z 2026-01-03 09:00Z"},
		{"EXDATE with a time against whole days", nil,
			"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260102T000000Z", "",
			"2026-01-01 2026-01-03"},
		{"EXRULE", nil,
			"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=7\nEXRULE:FREQ=WEEKLY;BYDAY=SA,SU", "",
			"2026-01-01 09:00Z 2026-01-02 09:00Z 2026-01-05 09:00Z 2026-01-06 09:00Z 2026-01-07 09:00Z"},
		{"RDATE and PERIOD, without a rule", nil,
			"DTSTART:20260101T090000Z\nDTEND:20260101T100000Z\nRDATE:20260110T090000Z,20260105T090000Z\nRDATE;VALUE=PERIOD:20260107T090000Z/PT3H,20260108T090000Z/20260108T093000Z", "",
			"2026-01-01 09:00Z/2026-01-01 10:00Z 2026-01-05 09:00Z/2026-01-05 10:00Z 2026-01-07 09:00Z/2026-01-07 12:00Z 2026-01-08 09:00Z/2026-01-08 09:30Z 2026-01-10 09:00Z/2026-01-10 10:00Z"},
		{"RDATE that the rule gives too", nil,
			"DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=2\nRDATE:20260102T090000Z", "",
			"2026-01-01 09:00Z 2026-01-02 09:00Z"},
		{"UNTIL as a date holds that whole local day", nil,
			"DTSTART;TZID=America/New_York:20260101T230000\nRRULE:FREQ=DAILY;UNTIL=20260102", "",
			"2026-01-01 23:00-05 2026-01-02 23:00-05"},
		{"UNTIL in UTC against a local start", nil,
			"DTSTART;TZID=America/New_York:20260101T230000\nRRULE:FREQ=DAILY;UNTIL=20260103T035959Z", "",
			"2026-01-01 23:00-05"},
		{"UNTIL in UTC on the very instant", nil,
			"DTSTART;TZID=America/New_York:20260101T230000\nRRULE:FREQ=DAILY;UNTIL=20260103T040000Z", "",
			"2026-01-01 23:00-05 2026-01-02 23:00-05"},
		{"UNTIL as local time", nil,
			"DTSTART;TZID=America/New_York:20260101T230000\nRRULE:FREQ=DAILY;UNTIL=20260102T230000", "",
			"2026-01-01 23:00-05 2026-01-02 23:00-05"},
		{"UNTIL with a time against whole days", nil,
			"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;UNTIL=20260102T000000Z", "",
			"2026-01-01 2026-01-02"},
		{"DTSTART beside its rule comes first and counts", nil,
			"DTSTART:20260101T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3", "",
			"2026-01-01 09:00Z 2026-01-05 09:00Z 2026-01-12 09:00Z"},
		{"the 31st skips short months", nil,
			"DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;COUNT=4", "",
			"2026-01-31 2026-03-31 2026-05-31 2026-07-31"},
		{"dates that end in Z", nil,
			"DTSTART:20260101Z\nDTEND:20260102Z\nRDATE:20260105Z", "",
			"2026-01-01/2026-01-02 2026-01-05/2026-01-06"},
		{"29 February", nil,
			"DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY;COUNT=3", "",
			"2024-02-29 2028-02-29 2032-02-29"},
		{"the year 2100 has no 29 February", nil,
			"DTSTART;VALUE=DATE:20960229\nRRULE:FREQ=YEARLY;COUNT=2", "",
			"2096-02-29 2104-02-29"},
		{"every Monday and the last Friday of the month", nil,
			"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=MONTHLY;BYDAY=MO,-1FR;COUNT=6", "",
			"2026-01-05 2026-01-12 2026-01-19 2026-01-26 2026-01-30 2026-02-02"},
		{"week 1 every other year begins in December", nil,
			"DTSTART;VALUE=DATE:20241230\nRRULE:FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=MO;COUNT=3", "",
			"2024-12-30 2027-01-04 2029-01-01"},
		{"a fifth Monday beyond the month's end", nil,
			"DTSTART;VALUE=DATE:20260330\nRRULE:FREQ=MONTHLY;BYDAY=5MO,53MO;COUNT=2", "",
			"2026-03-30 2026-06-29"},
		{"whole days at midnights of where one is", nil,
			"DTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260331", "",
			"2026-03-29/2026-03-31"},
		{"floating times", nil,
			"DTSTART:20260329T023000\nDURATION:PT1H", "",
			"2026-03-29 03:30+02/2026-03-29 04:30+02"},
		{"a Windows zone", nil,
			"DTSTART;TZID=\"W. Europe Standard Time\":20260701T090000\nDURATION:PT1H", "",
			"2026-07-01 09:00+02/2026-07-01 10:00+02"},
		{"the display name of Exchange", nil,
			"DTSTART;TZID=\"(UTC+07:00) Bangkok, Hanoi, Jakarta\":20260701T090000", "",
			"2026-07-01 09:00+07"},
		{"a name with a prefix", nil,
			"DTSTART;TZID=/freeassociation.sourceforge.net/Tzfile/Asia/Kolkata:20260701T090000", "",
			"2026-07-01 09:00+0530"},
		{"a zone that only the file knows, over its own change", nil,
			"BEGIN:VCALENDAR\n" + customZone + "BEGIN:VEVENT\nUID:u\nDTSTART;TZID=Half East:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-03-28 02:30+0130 2026-03-29 03:30+0230 2026-03-30 02:30+0230"},
		{"a zone that nobody knows floats", nil,
			"DTSTART;TZID=Nowhere/Land:20260701T090000", "", "2026-07-01 09:00+02"},
		{"a moved occurrence", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T100000\nRRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT\n" +
				"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260112T080000Z\nDTSTART;TZID=Europe/Berlin:20260113T140000\nDTEND;TZID=Europe/Berlin:20260113T143000\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-01-05 09:00+01/2026-01-05 10:00+01 2026-01-13 14:00+01/2026-01-13 14:30+01 2026-01-19 09:00+01/2026-01-19 10:00+01"},
		{"moved into the window from far before it", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260105T090000Z\nRRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT\n" +
				"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260105T090000Z\nDTSTART:20270105T090000Z\nEND:VEVENT\nEND:VCALENDAR", "2026-06-01",
			"2027-01-05 09:00Z"},
		{"a cancelled occurrence", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260105T090000Z\nRRULE:FREQ=WEEKLY;COUNT=3\nEND:VEVENT\n" +
				"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260112T090000Z\nSTATUS:CANCELLED\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-01-05 09:00Z 2026-01-19 09:00Z"},
		{"an override whose id is a date", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT\n" +
				"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;VALUE=DATE:20260112\nDTSTART;TZID=Europe/Berlin:20260112T110000\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-01-05 09:00+01 2026-01-12 11:00+01"},
		{"an override that fits no occurrence is one", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260105T090000Z\nEND:VEVENT\n" +
				"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260301T090000Z\nDTSTART:20260302T090000Z\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-01-05 09:00Z 2026-03-02 09:00Z"},
		{"overrides alone", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nRECURRENCE-ID:20260301T090000Z\nDTSTART:20260302T090000Z\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-03-02 09:00Z"},
		{"this and what follows: later, longer, and over a change", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART;TZID=Europe/Berlin:20260313T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=4\nEND:VEVENT\n" +
				"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260327T090000\nDTSTART;TZID=Europe/Berlin:20260328T100000\nDURATION:PT2H\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-03-13 09:00+01/2026-03-13 10:00+01 2026-03-20 09:00+01/2026-03-20 10:00+01 2026-03-28 10:00+01/2026-03-28 12:00+01 2026-04-04 10:00+02/2026-04-04 12:00+02"},
		{"what follows was moved far ahead, into the window", nil,
			"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:u\nDTSTART:20260105T090000Z\nRRULE:FREQ=DAILY;COUNT=4\nEND:VEVENT\n" +
				"BEGIN:VEVENT\nUID:u\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260107T090000Z\nDTSTART:20270107T090000Z\nEND:VEVENT\nEND:VCALENDAR", "2026-06-01",
			"2027-01-07 09:00Z 2027-01-08 09:00Z"},
		{"a task with a DUE that is a date", Tasks,
			"BEGIN:VTODO\nUID:u\nDTSTART;VALUE=DATE:20260105\nDUE;VALUE=DATE:20260106\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VTODO", "",
			"2026-01-05/2026-01-07 2026-01-12/2026-01-14"},
		{"a task with a DUE alone", Tasks,
			"BEGIN:VTODO\nUID:u\nDUE;TZID=Europe/Berlin:20260106T170000\nRRULE:FREQ=WEEKLY;COUNT=2\nEND:VTODO", "",
			"2026-01-06 17:00+01/2026-01-06 17:00+01 2026-01-13 17:00+01/2026-01-13 17:00+01"},
		{"a rule of vCalendar 1.0", nil,
			"BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nDTSTART:20260105T090000Z\nRRULE:W2 MO WE #3\nEXDATE:20260107T090000Z;20260119T090000Z\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-01-05 09:00Z"},
		{"times of day of vCalendar 1.0", nil,
			"BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nDTSTART:20260106T120000Z\nRRULE:W1 TU 1200 TH 1130 20260115T000000Z\nEND:VEVENT\nEND:VCALENDAR", "",
			"2026-01-06 12:00Z 2026-01-08 11:30Z 2026-01-13 12:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, text := tt.kind, tt.lines
			if k == nil {
				k = Events
			}
			if !strings.HasPrefix(text, "BEGIN:") {
				text = "BEGIN:VEVENT\nUID:u\n" + text + "\nEND:VEVENT\n"
			}
			tab, err := k.Timetable([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			from := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
			if tt.from != "" {
				if from, err = time.Parse(time.DateOnly, tt.from); err != nil {
					t.Fatal(err)
				}
			}
			if got := occurrences(t, tab, from, strings.Contains(tt.want, "/")); got != tt.want {
				t.Errorf("\n got %s\nwant %s\nproblems %q", got, tt.want, tab.Problems)
			}
		})
	}
}

func berlinZone(t testing.TB) *recur.Zone {
	t.Helper()
	z, ok := recur.LoadZone("Europe/Berlin")
	if !ok {
		t.Fatal("no Europe/Berlin")
	}
	return z
}

// occurrences writes up to 20 of them.
func occurrences(t *testing.T, tab *Timetable, from time.Time, ends bool) string {
	t.Helper()
	var out []string
	for o, err := range tab.Occurrences(context.Background(), from, time.Time{}, berlinZone(t)) {
		if err != nil {
			t.Fatal(err)
		}
		show := func(at time.Time) string {
			if o.Date {
				return at.Format(time.DateOnly)
			}
			return strings.Replace(strings.TrimSuffix(at.Format("2006-01-02 15:04Z0700"), "00"), "+00", "Z", 1)
		}
		s := show(o.Start)
		if ends {
			s += "/" + show(o.End)
		}
		if out = append(out, s); len(out) == 20 {
			break
		}
	}
	return strings.Join(out, " ")
}

func TestTimetableProblems(t *testing.T) {
	tests := []struct {
		name, lines string
		want        []string
	}{
		{"a rule that is none", "DTSTART:20260101T090000Z\nRRULE:FREQ=FORTNIGHTLY",
			[]string{`line 4: RRULE is left out: FREQ=FORTNIGHTLY in "FREQ=FORTNIGHTLY": want SECONDLY to YEARLY: not a recurrence rule`}},
		{"a date that is none", "DTSTART:20260101T090000Z\nEXDATE:20260231T090000Z",
			[]string{`line 4: EXDATE is left out: "20260231T090000Z": not a date or time; write 20261231 or 20261231T235900`}},
		{"a zone that nobody knows", "DTSTART;TZID=Nowhere/Land:20260101T090000\nDTEND;TZID=Nowhere/Land:20260101T100000",
			[]string{`line 3: nobody knows the time zone "Nowhere/Land": its times are shown as the clock of the place where you are`}},
		{"nothing wrong", "DTSTART:20260101T090000Z\nDURATION:P1W", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tab, err := Events.Timetable([]byte("BEGIN:VEVENT\nUID:u\n" + tt.lines + "\nEND:VEVENT\n"))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, tab.Problems); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestOverlaps(t *testing.T) {
	loc := berlinZone(t).Location()
	day := func(s string) time.Time {
		d, err := time.ParseInLocation(time.DateOnly, s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	tests := []struct {
		name     string
		kind     *Kind
		text     string
		from, to string
		want     bool
	}{
		{"ends as the window begins", Events, "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:20260301\nEND:VEVENT", "2026-03-02", "2026-03-05", false},
		{"begins as the window ends", Events, "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:20260305\nEND:VEVENT", "2026-03-02", "2026-03-05", false},
		{"around the window", Events, "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20261231\nEND:VEVENT", "2026-03-02", "2026-03-05", true},
		{"no length, at the beginning", Events, "BEGIN:VEVENT\nUID:u\nDTSTART;TZID=Europe/Berlin:20260302T000000\nEND:VEVENT", "2026-03-02", "2026-03-05", true},
		{"a series that passes over the window", Events, "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:20250301\nRRULE:FREQ=YEARLY\nEND:VEVENT", "2026-03-02", "2026-03-05", false},
		{"a series for ever", Events, "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:19700301\nRRULE:FREQ=DAILY\nEND:VEVENT", "2926-03-02", "2926-03-03", true},
		{"a task without a time", Tasks, "BEGIN:VTODO\nUID:u\nSUMMARY:x\nEND:VTODO", "2026-03-02", "2026-03-05", true},
		{"a task due on the day", Tasks, "BEGIN:VTODO\nUID:u\nDUE;VALUE=DATE:20260304\nEND:VTODO", "2026-03-04", "2026-03-05", true},
		{"a rule that can't be used leaves the start", Events, "BEGIN:VEVENT\nUID:u\nDTSTART;VALUE=DATE:20260301\nRRULE:FREQ=HOURLY\nEND:VEVENT", "2026-04-02", "2026-04-05", true},
		{"a contact", Contacts, "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD", "2026-03-02", "2026-03-05", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			item, err := tt.kind.New([]byte(tt.text), "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := tt.kind.Overlaps(context.Background(), item, day(tt.from), day(tt.to), loc)
			if err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// TestOldRulesAgree: the normal form of a rule of vCalendar 1.0, by which items are compared, and
// the rule by which it is expanded mean the same.
func TestOldRulesAgree(t *testing.T) {
	for _, v := range []string{"D1 #10", "D2", "D1 19971224T000000", "W1 #0", "W2 MO WE FR #5", "MP1 1+ 1- FR #0", "MP6 1+ MO 2- TU TH #5", "MD1 2 15 3- LD #0",
		"YM1 6 7 #3", "YM1 #4", "YD3 1 100 200 #0", "MD1 31+ #2"} {
		m := modernRule(v)
		if m == v {
			t.Errorf("%q has no normal form", v)
			continue
		}
		want, err := recur.ParseRule(m)
		if err != nil {
			t.Errorf("%q: normal form %q: %v", v, m, err)
			continue
		}
		got, err := recur.ParseRules(v)
		if err != nil || len(got) != 1 || got[0].String() != want.String() {
			t.Errorf("%q: expanded as %v, %v, compared as %v", v, got, err, want)
		}
	}
}
