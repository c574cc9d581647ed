package pim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// onPattern are the days that a device takes a pattern for, up to a day: each looked at by
// itself, from what the properties are said to mean.
func onPattern(vs *valuebag.Values, until time.Time) (days []string) {
	num := func(k valuebag.PropertyKey) int { var n int; fmt.Sscan(fmt.Sprint(number(vs, k)), &n); return n }
	first, _ := vs.GetString(MessageObjPatternValidStartDate)
	start, _ := serviceDate(first)
	if last, err := vs.GetString(MessageObjPatternValidEndDate); err == nil {
		if end, ok := serviceDate(last); ok && end.Before(until) {
			until = end
		}
	}
	gone, _ := vs.GetString(MessageObjPatternDeleteDates)
	kind, period := num(MessageObjPatternType), num(MessageObjPatternPeriod)
	bits, day, month, instance := num(MessageObjPatternDayOfWeek), num(MessageObjPatternDayOfMonth), num(MessageObjPatternMonthOfYear), num(MessageObjPatternInstance)
	monday := func(d time.Time) time.Time { return d.AddDate(0, 0, -(int(d.Weekday())+6)%7) }
	for d := start; !d.After(until); d = d.AddDate(0, 0, 1) {
		weekday := bits&(1<<d.Weekday()) != 0
		inMonth := func() bool {
			last := time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
			if day > 0 {
				return d.Day() == min(day, last)
			}
			var those []int // the days of the month that are of these days of the week
			for n := 1; n <= last; n++ {
				if bits&(1<<time.Date(d.Year(), d.Month(), n, 0, 0, 0, 0, time.UTC).Weekday()) != 0 {
					those = append(those, n)
				}
			}
			if instance == 5 {
				return those[len(those)-1] == d.Day()
			}
			return len(those) >= instance && those[instance-1] == d.Day()
		}
		months := (d.Year()-start.Year())*12 + int(d.Month()) - int(start.Month())
		in := false
		switch kind {
		case 1:
			in = int(d.Sub(start).Hours()/24)%period == 0
		case 2:
			in = weekday && int(monday(d).Sub(monday(start)).Hours()/24/7)%period == 0
		case 3:
			in = months%period == 0 && inMonth()
		case 4:
			in = (d.Year()-start.Year())%period == 0 && int(d.Month()) == month && inMonth()
		}
		if s := d.Format("20060102"); in && !slices.Contains(strings.Split(gone, ";"), s) {
			days = append(days, s)
		}
	}
	return days
}

// Whatever rule it is: a series with a pattern happens on just the days that the pattern
// says, and one without goes out as what happens.
func TestLawPattern(t *testing.T) {
	with, without := 0, 0
	zone := inBerlin(t)
	rapid.Check(t, func(t *rapid.T) {
		some := func(label string, parts ...string) string {
			if rapid.IntRange(0, 2).Draw(t, label) == 0 {
				return rapid.SampledFrom(parts).Draw(t, "the "+label)
			}
			return ""
		}
		start := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 900).Draw(t, "start"))
		rule := "FREQ=" + rapid.SampledFrom([]string{"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}).Draw(t, "freq")
		rule += some("interval", ";INTERVAL=2", ";INTERVAL=3") + some("month", ";BYMONTH=2", ";BYMONTH="+fmt.Sprint(int(start.Month())), ";BYMONTH=1,6")
		rule += some("day of month", ";BYMONTHDAY="+fmt.Sprint(start.Day()), ";BYMONTHDAY=-1", ";BYMONTHDAY=31", ";BYMONTHDAY=28,29,30;BYSETPOS=-1", ";BYMONTHDAY=1,15")
		weekday := strings.ToUpper(start.Weekday().String()[:2])
		rule += some("day of week", ";BYDAY="+weekday, ";BYDAY="+fmt.Sprint((start.Day()-1)/7+1)+weekday, ";BYDAY=-1"+weekday, ";BYDAY=MO,TU,WE,TH,FR", ";BYDAY=SA,SU;WKST=SU")
		if !strings.Contains(rule, "BYSETPOS") {
			rule += some("position", ";BYSETPOS=1", ";BYSETPOS=-1", ";BYSETPOS=3", ";BYSETPOS=5")
		}
		rule += some("end", ";COUNT=7", ";UNTIL="+start.AddDate(2, 0, 0).Format("20060102T150405Z"))
		text := "DTSTART;TZID=Europe/Berlin:" + start.Format("20060102T150405") + "|DURATION:PT1H|RRULE:" + rule + "|EXDATE;VALUE=DATE:" + start.AddDate(0, 0, 14).Format("20060102")
		item, err := Events.New([]byte(eventText(text)), "")
		if err != nil {
			t.Fatal(err)
		}
		tab, err := Events.Timetable(Events.Text(item))
		if err != nil {
			t.Fatal(err)
		}
		until := start.AddDate(3, 0, 0)
		var want, ids []string
		for o, err := range tab.Occurrences(context.Background(), time.Time{}, until, recur.UTC) {
			if err != nil {
				return // a rule that never happens again
			}
			want, ids = append(want, o.Start.Format("20060102")), append(ids, serviceTime(o.ID))
		}
		vs := Events.WPD(item, zone)
		single, err := Events.WPDExpanded(context.Background(), item, time.Time{}, until, zone)
		if err != nil {
			t.Fatal(err)
		}
		if vs.Has(MessageObjPatternType) {
			with++
			if got := onPattern(vs, until.Truncate(24*time.Hour)); len(single) > 0 || !slices.Equal(got, want) {
				t.Fatalf("%s\npattern %s: %d days %v\nrule: %d days %v", text, viewText(vs), len(got), got, len(want), want)
			}
			return
		}
		without++
		var got []string
		for _, vs := range single {
			id, _ := vs.GetString(MessageObjPatternOriginalDateTime)
			got = append(got, id)
		}
		if len(tab.Problems) == 0 && !slices.Equal(got, ids) {
			t.Fatalf("%s\nsingle %v\nwant %v", text, got, ids)
		}
	})
	if with == 0 || without == 0 {
		t.Errorf("%d rules with a pattern, %d without: the drawing shows nothing", with, without)
	}
}

// Series: what of a rule is a pattern, and what stands beside it.
func TestMappingSeries(t *testing.T) {
	const start = "DTSTART;TZID=Europe/Berlin:20260601T100000|DTEND;TZID=Europe/Berlin:20260601T113000|"
	shown := []valuebag.PropertyKey{valuebag.WPDCommonInformationStartDatetime, valuebag.WPDCommonInformationEndDatetime, CalendarObjBeginDateTime, CalendarObjEndDateTime, CalendarObjBusyStatus}
	moved := "END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID;TZID=Europe/Berlin:20260603T100000|DTSTART;TZID=Europe/Berlin:20260604T120000"
	const clock = " TimeZone=Europe/Berlin PatternStartTime=100000.0 PatternDuration=90"
	const daily = " PatternType=1 PatternValidStartDate=20260601 PatternPeriod=1"
	for _, c := range []struct{ clause, in, want string }{
		{"DTSTART: date, time of day, zone; the length in minutes", start + "RRULE:FREQ=DAILY", clock + daily},
		{"DTSTART in UTC: its clock is named", "DTSTART:20260601T100000Z|RRULE:FREQ=DAILY", " TimeZone=UTC PatternStartTime=100000.0" + daily},
		{"DTSTART without a zone: the phone's clock", "DTSTART:20260601T100000|RRULE:FREQ=DAILY", " PatternStartTime=100000.0" + daily},
		{"DTSTART as a date", "DTSTART;VALUE=DATE:20260601|RRULE:FREQ=DAILY", " PatternDuration=1440" + daily},
		{"UNTIL: the date of the last one", "DTSTART:20260601T100000Z|RRULE:FREQ=WEEKLY;UNTIL=20260620T000000Z", " TimeZone=UTC PatternStartTime=100000.0 PatternType=2 PatternValidStartDate=20260601 PatternValidEndDate=20260615 PatternPeriod=1 PatternDayOfWeek=2"},
		{"UNTIL: on its own clock", "DTSTART;TZID=Europe/Berlin:20260601T003000|RRULE:FREQ=DAILY;UNTIL=20260602T223000Z", " TimeZone=Europe/Berlin PatternStartTime=003000.0 PatternType=1 PatternValidStartDate=20260601 PatternValidEndDate=20260603 PatternPeriod=1"},
		{"COUNT: the date of the last one", "DTSTART:20260601T100000Z|RRULE:FREQ=DAILY;COUNT=3", " TimeZone=UTC PatternStartTime=100000.0 PatternType=1 PatternValidStartDate=20260601 PatternValidEndDate=20260603 PatternPeriod=1"},
		{"EXDATE: dates on the series' clock", start + "RRULE:FREQ=DAILY|EXDATE:20260602T080000Z|EXDATE;VALUE=DATE:20260605", clock + daily + " PatternDeleteDates=20260602;20260605"},
		{"EXDATE: without those that were moved", start + "RRULE:FREQ=DAILY|EXDATE:20260602T080000Z,20260603T080000Z|" + moved, clock + daily + " PatternDeleteDates=20260602"},
		{"called off: a date that doesn't happen", start + "RRULE:FREQ=DAILY|" + moved + "|STATUS:CANCELLED", clock + daily + " PatternDeleteDates=20260603"},
		{"not representable: THISANDFUTURE", start + "RRULE:FREQ=DAILY|" + strings.Replace(moved, "RECURRENCE-ID;", "RECURRENCE-ID;RANGE=THISANDFUTURE;", 1), " TimeZone=Europe/Berlin"},
		{"not representable: RDATE", start + "RRULE:FREQ=DAILY|RDATE:20260601T120000Z", " TimeZone=Europe/Berlin"},
		{"not representable: EXRULE", start + "RRULE:FREQ=DAILY|EXRULE:FREQ=WEEKLY", " TimeZone=Europe/Berlin"},
		{"not representable: two RRULEs", start + "RRULE:FREQ=DAILY|RRULE:FREQ=WEEKLY", " TimeZone=Europe/Berlin"},
		{"not representable: another calendar", start + "RRULE:RSCALE=CHINESE;FREQ=YEARLY", " TimeZone=Europe/Berlin"},
		{"not representable: SKIP", start + "RRULE:RSCALE=GREGORIAN;SKIP=FORWARD;FREQ=MONTHLY", " TimeZone=Europe/Berlin"},
		{"not representable: a start beside the rule", start + "RRULE:FREQ=WEEKLY;BYDAY=TU", " TimeZone=Europe/Berlin"},
		{"not representable: a rule that is none", start + "RRULE:FREQ=SOMETIMES", " TimeZone=Europe/Berlin"},
	} {
		t.Run(c.clause, func(t *testing.T) {
			if got := " " + viewText(Events.WPD(mustItem(t, Events, eventText(c.in)), inBerlin(t)), shown...); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// viewOf is the view of one occurrence, by its original time.
func viewOf(t *testing.T, views []*valuebag.Values, id string) *valuebag.Values {
	t.Helper()
	for _, vs := range views {
		if s, _ := vs.GetString(MessageObjPatternOriginalDateTime); s == id {
			return vs
		}
	}
	t.Fatalf("no occurrence of %s among %d", id, len(views))
	return nil
}

// A series that no pattern says goes out as single occurrences. What a device's user does to
// one comes back as a changed occurrence or an exclusion; the rule never changes.
func TestMappingExpanded(t *testing.T) {
	const berlin = "TZID=Europe/Berlin:"
	const series = "DTSTART;" + berlin + "20260601T100000|DTEND;" + berlin + "20260601T110000|SUMMARY:s|X-A:1|RRULE:FREQ=DAILY;BYDAY=MO,TH;COUNT=6|EXDATE;VALUE=DATE:20260604|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT5M|END:VALARM"
	override := func(lines string) string { return series + "|END:VEVENT|BEGIN:VEVENT|" + lines }
	const copied = "|SUMMARY:s|X-A:1|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT5M|END:VALARM"
	moved := override("UID:u|RECURRENCE-ID:20260608T080000Z|DTSTART;" + berlin + "20260609T120000|DTEND;" + berlin + "20260609T130000|SUMMARY:moved")
	future := override("UID:u|RECURRENCE-ID;RANGE=THISANDFUTURE;" + berlin + "20260608T100000|DTSTART;" + berlin + "20260608T120000|DTEND;" + berlin + "20260608T140000|SUMMARY:later")
	window := func(item *valuebag.Values) []*valuebag.Values {
		out, err := Events.WPDExpanded(context.Background(), item, instant("20260601"), instant("20270101"), inBerlin(t))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	shown := func(item *valuebag.Values) (out []string) {
		for _, vs := range window(item) {
			at, _ := vs.GetString(CalendarObjBeginDateTime)
			end, _ := vs.GetString(CalendarObjEndDateTime)
			s, _ := vs.GetString(valuebag.WPDCommonInformationSubject)
			n, _ := vs.GetUint32(CalendarObjReminderOffset)
			if vs.Has(MessageObjPatternType) || vs.Has(CalendarObjPatternStartTime) {
				t.Errorf("an occurrence with a pattern: %s", viewText(vs))
			}
			out = append(out, fmt.Sprint(at[4:11], "-", end[9:11], " ", s, " ", n))
		}
		return out
	}
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"the rule", series, []string{"0601T08-09 s 5", "0608T08-09 s 5", "0611T08-09 s 5", "0615T08-09 s 5", "0618T08-09 s 5"}},
		{"one moved", moved, []string{"0601T08-09 s 5", "0609T10-11 moved 0", "0611T08-09 s 5", "0615T08-09 s 5", "0618T08-09 s 5"}},
		{"from one on", future, []string{"0601T08-09 s 5", "0608T10-12 later 0", "0611T10-12 later 0", "0615T10-12 later 0", "0618T10-12 later 0"}},
		{"days", "DTSTART;VALUE=DATE:20260601|SUMMARY:s|RDATE;VALUE=DATE:20260610", []string{"0531T22-22 s 0", "0609T22-22 s 0"}},
		{"what a pattern says doesn't go out", "DTSTART;VALUE=DATE:20260601|RRULE:FREQ=DAILY", nil},
		{"what doesn't repeat doesn't", "DTSTART;VALUE=DATE:20260601", nil},
	} {
		if got := shown(mustItem(t, Events, eventText(c.in))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}

	// Windows' own keys say the times too, and the edits below leave that to the services' ones.
	times := []valuebag.PropertyKey{valuebag.WPDCommonInformationStartDatetime, valuebag.WPDCommonInformationEndDatetime}
	for _, c := range []struct {
		name, in, id, want string
		edit               func(*valuebag.Values) // nil: deleted
	}{
		{"a new subject", series, "20260611T080000Z", override("RECURRENCE-ID;" + berlin + "20260611T100000|UID:u|DTSTART;" + berlin + "20260611T100000|DTEND;" + berlin + "20260611T110000" + strings.Replace(copied, ":s", ":t", 1)), says(valuebag.WPDCommonInformationSubject, "t")},
		{"another time", series, "20260611T080000Z", override("RECURRENCE-ID;" + berlin + "20260611T100000|UID:u|DTSTART;" + berlin + "20260612T150000|DTEND;" + berlin + "20260612T160000" + copied),
			says(CalendarObjBeginDateTime, "20260612T130000Z", CalendarObjEndDateTime, "20260612T140000Z")},
		{"a place, and an earlier reminder", series, "20260601T080000Z", override("RECURRENCE-ID;" + berlin + "20260601T100000|UID:u|DTSTART;" + berlin + "20260601T100000|DTEND;" + berlin + "20260601T110000|SUMMARY:s|X-A:1|LOCATION:Rome|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT30M|END:VALARM"),
			says(valuebag.WPDAppointmentLocation, "Rome", CalendarObjReminderOffset, 30)},
		{"one that is changed already", moved, "20260608T080000Z", strings.Replace(moved, "SUMMARY:moved", "SUMMARY:again", 1), says(valuebag.WPDCommonInformationSubject, "again")},
		{"a first reminder of that", moved, "20260608T080000Z", moved + "|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT15M|DESCRIPTION:moved|END:VALARM", says(CalendarObjReminderOffset, 15)},
		{"one that follows a changed one", future, "20260611T080000Z", future + "|END:VEVENT|BEGIN:VEVENT|RECURRENCE-ID;" + berlin + "20260611T100000|UID:u|DTSTART;" + berlin + "20260611T120000|DTEND;" + berlin + "20260611T140000|SUMMARY:other", says(valuebag.WPDCommonInformationSubject, "other")},
		{"nothing", series, "20260611T080000Z", series, func(*valuebag.Values) {}},
		{"nothing that it can say", series, "20260611T080000Z", series, says(valuebag.WPDTaskOwner, "x")},
		{"deleted", series, "20260611T080000Z", strings.Replace(series, "|BEGIN:VALARM", "|EXDATE:20260611T080000Z|BEGIN:VALARM", 1), nil},
		{"a changed one deleted", moved, "20260608T080000Z", strings.Replace(series, "|BEGIN:VALARM", "|EXDATE:20260608T080000Z|BEGIN:VALARM", 1), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			item := mustItem(t, Events, eventText(c.in))
			was := viewOf(t, window(item), c.id)
			var now *valuebag.Values
			if c.edit != nil {
				now = was.Clone()
				c.edit(now)
			}
			got, err := Events.FromWPDOccurrence(item, was, now, editedAt, inBerlin(t))
			if err != nil || string(Events.Text(got)) != eventText(c.want) {
				t.Fatalf("got\n%s\nwant\n%s%v", Events.Text(got), eventText(c.want), err)
			}
			if c.edit != nil && !now.Has(valuebag.WPDTaskOwner) {
				if again := viewOf(t, window(got), c.id); viewText(again, times...) != viewText(now, times...) {
					t.Errorf("then it sees\n%s\nand said\n%s", viewText(again), viewText(now))
				}
			}
		})
	}
	item := mustItem(t, Events, eventText(series))
	for _, id := range []string{"20260604T080000Z", "20260602T080000Z", "soon", ""} {
		vs := valuebag.New(1)
		vs.SetString(MessageObjPatternOriginalDateTime, id)
		if _, err := Events.FromWPDOccurrence(item, vs, nil, editedAt, nil); !errors.Is(err, ErrNoOccurrence) {
			t.Errorf("%q: %v", id, err)
		}
	}
	minutely := mustItem(t, Events, eventText("DTSTART:20260601T100000Z|RRULE:FREQ=MINUTELY"))
	if _, err := Events.WPDExpanded(context.Background(), minutely, instant("20260601"), instant("20270101"), nil); !errors.Is(err, ErrLimit) {
		t.Errorf("each minute of half a year: %v", err)
	}
}

// A task's occurrences have days and reminders of their own; so has a changed occurrence of
// a series with a pattern.
func TestMappingOccurrences(t *testing.T) {
	task := mustItem(t, Tasks, asTask(eventText)("DTSTART;TZID=Europe/Berlin:20260601T100000|DUE;TZID=Europe/Berlin:20260601T110000|RRULE:FREQ=DAILY;BYDAY=MO|BEGIN:VALARM|TRIGGER:-PT15M|END:VALARM"))
	views, err := Tasks.WPDExpanded(context.Background(), task, instant("20260601"), instant("20260610"), nil)
	if err != nil || len(views) != 2 {
		t.Fatalf("%d occurrences (%v)", len(views), err)
	}
	const want = "START_DATETIME=20260608T080000 END_DATETIME=20260608T090000 PatternOriginalDateTime=20260608T080000Z REMINDER_DATE=20260608T074500 ReminderDateTime=20260608T074500Z Complete=0 BeginDate=20260608 EndDate=20260608"
	if got := viewText(views[1]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	now := views[1].Clone()
	says(TaskObjComplete, uint8(0xff))(now)
	got, err := Tasks.FromWPDOccurrence(task, views[1], now, editedAt, nil)
	if err != nil || !strings.Contains(string(Tasks.Text(got)), "DUE;TZID=Europe/Berlin:20260608T110000\r\nSTATUS:COMPLETED\r\nPERCENT-COMPLETE:100\r\n") {
		t.Errorf("one of them done:\n%s%v", Tasks.Text(got), err)
	}
	item := mustItem(t, Events, eventText("DTSTART:20260601T100000Z|SUMMARY:s|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260603T100000Z|DTSTART:20260603T120000Z|SUMMARY:o"))
	was := Events.WPDOccurrences(item, nil)[0]
	now = was.Clone()
	says(CalendarObjBeginDateTime, "20260603T130000Z")(now)
	got, err = Events.FromWPDOccurrence(item, was, now, editedAt, nil)
	if err != nil || string(Events.Text(got)) != strings.Replace(string(Events.Text(item)), "20260603T120000Z", "20260603T130000Z", 1) {
		t.Errorf("an occurrence moved on:\n%s%v", Events.Text(got), err)
	}
}
