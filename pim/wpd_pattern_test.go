package pim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// patternText is a bag's pattern in short.
func patternText(vs *valuebag.Values) string {
	out := ""
	for _, k := range ServiceKeys {
		if vs.Has(k.Key) && slices.Contains(patternKeys, k.Key) {
			out += fmt.Sprint(" ", k.Name[len("MessageObj.Pattern"):], "=", number(vs, k.Key))
		}
	}
	return out
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		rule, want string
		back       string // "" the rule
		day        string // of the start; "" the first of June, a Monday
	}{
		{"FREQ=DAILY;INTERVAL=3", " Type=1 Period=3", "", ""},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", " Type=2 Period=2 DayOfWeek=10", "", ""},
		{"FREQ=WEEKLY", " Type=2 Period=1 DayOfWeek=2", "FREQ=WEEKLY;BYDAY=MO", ""},
		{"FREQ=MONTHLY;BYMONTHDAY=15", " Type=3 Period=1 DayOfMonth=15", "", "20260615"},
		{"FREQ=MONTHLY", " Type=3 Period=1 DayOfMonth=1", "FREQ=MONTHLY;BYMONTHDAY=1", ""},
		{"FREQ=MONTHLY;BYMONTHDAY=-1", " Type=3 Period=1 DayOfMonth=31", "", "20260630"},
		{"FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", " Type=3 Period=1 DayOfMonth=30", "", "20260630"},
		{"FREQ=MONTHLY;BYDAY=2TU", " Type=3 Period=1 DayOfWeek=4 Instance=2", "", "20260609"},
		{"FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", " Type=3 Period=1 DayOfWeek=4 Instance=2", "FREQ=MONTHLY;BYDAY=2TU", "20260609"},
		{"FREQ=MONTHLY;BYDAY=-1FR", " Type=3 Period=1 DayOfWeek=32 Instance=5", "", "20260626"},
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", " Type=3 Period=1 DayOfWeek=62 Instance=5", "", "20260630"},
		{"FREQ=YEARLY", " Type=4 Period=1 DayOfMonth=1 MonthOfYear=6", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1", ""},
		{"FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=4TH", " Type=4 Period=2 DayOfWeek=16 MonthOfYear=11 Instance=4", "", "20261126"},
		{"FREQ=DAILY;COUNT=10", " Type=1 ValidEndDate=20260610 Period=1", "FREQ=DAILY;UNTIL=20260610T215959Z", ""},
		{"FREQ=WEEKLY;BYDAY=MO;UNTIL=20260621T000000Z", " Type=2 ValidEndDate=20260615 Period=1 DayOfWeek=2", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260615T215959Z", ""},
		{rule: "FREQ=WEEKLY;BYDAY=TU"}, {rule: "FREQ=MONTHLY;BYMONTHDAY=15"}, {rule: "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1"}, // the start is none of these
		{rule: "FREQ=YEARLY;BYMONTHDAY=1"}, {rule: "FREQ=MONTHLY;BYMONTHDAY=31", day: "20260731"}, {rule: "FREQ=MONTHLY;BYMONTHDAY=1,15"}, {rule: "FREQ=MONTHLY;BYMONTHDAY=-2"}, {rule: "FREQ=HOURLY"},
		{rule: "FREQ=YEARLY;BYYEARDAY=100"}, {rule: "FREQ=YEARLY;BYWEEKNO=20"}, {rule: "FREQ=YEARLY;BYDAY=20MO"}, {rule: "FREQ=YEARLY;BYMONTH=1,6"},
		{rule: "FREQ=MONTHLY;BYDAY=MO,TU"}, {rule: "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=5"}, {rule: "FREQ=DAILY;BYHOUR=9,10"},
		{rule: "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU"}, {rule: "FREQ=DAILY;BYDAY=MO"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			day := cmp.Or(c.day, "20260601")
			start := "DTSTART;TZID=Europe/Berlin:" + day + "T100000|DURATION:PT90M|RRULE:"
			item := mustItem(t, Events, eventText(start+c.rule))
			vs := Events.WPD(item, nil)
			if got := patternText(vs); got != c.want {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			if c.want == "" {
				if vs.Has(CalendarObjPatternStartTime) {
					t.Error("half a pattern")
				}
				return
			}
			first, _ := vs.GetString(MessageObjPatternValidStartDate)
			at, _ := vs.GetString(CalendarObjPatternStartTime)
			if n, _ := vs.GetUint32(CalendarObjPatternDuration); first != day || at != "100000.0" || n != 90 {
				t.Errorf("from %s, at %s, %d minutes", first, at, n)
			}
			tab, err := Events.Timetable(Events.Text(item))
			if err != nil {
				t.Fatal(err)
			}
			back, err := ruleOf(vs, tab.Start)
			want := c.back
			if want == "" {
				want = c.rule
			}
			if err != nil || back != want {
				t.Errorf("back %q, want %q (%v)", back, want, err)
			}
			// Whichever way it is said, it happens at the same times.
			other, err := Events.Timetable([]byte(eventText(start + back)))
			if err != nil {
				t.Fatal(err)
			}
			times := func(s *recur.Series) (out []time.Time) {
				for o, err := range s.Occurrences(context.Background(), time.Time{}, time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC), recur.UTC) {
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, o.Start.UTC())
				}
				return out
			}
			if a, b := times(&tab.Series), times(&other.Series); !slices.Equal(a, b) {
				t.Errorf("%d times, by way of the pattern %d", len(a), len(b))
			}
		})
	}
}

func TestPatternExceptions(t *testing.T) {
	item := mustItem(t, Events, eventText("DTSTART;TZID=Europe/Berlin:20260601T003000|SUMMARY:s|RRULE:FREQ=DAILY|EXDATE:20260602T223000Z|EXDATE;VALUE=DATE:20260607|END:VEVENT|"+
		"BEGIN:VEVENT|UID:u|RECURRENCE-ID;TZID=Europe/Berlin:20260604T003000|DTSTART;TZID=Europe/Berlin:20260604T120000|SUMMARY:later|END:VEVENT|"+
		"BEGIN:VEVENT|UID:u|RECURRENCE-ID;TZID=Europe/Berlin:20260605T003000|STATUS:CANCELLED"))
	vs := Events.WPD(item, nil)
	if s, _ := vs.GetString(MessageObjPatternDeleteDates); s != "20260603;20260605;20260607" {
		t.Errorf("dates that don't happen: %q", s)
	}
	moved := Events.WPDOccurrences(item, nil)
	if len(moved) != 1 {
		t.Fatalf("%d changed occurrences", len(moved))
	}
	at, _ := moved[0].GetString(MessageObjPatternOriginalDateTime)
	begins, _ := moved[0].GetString(CalendarObjBeginDateTime)
	if s, _ := moved[0].GetString(valuebag.WPDCommonInformationSubject); at != "20260603T223000Z" || begins != "20260604T100000Z" || s != "later" || patternText(moved[0]) != "" {
		t.Errorf("%q of %s at %s", s, at, begins)
	}
	for _, bad := range []func(*valuebag.Values){
		func(vs *valuebag.Values) { vs.SetUint32(MessageObjPatternType, 9) }, func(vs *valuebag.Values) { vs.SetString(MessageObjPatternValidEndDate, "soon") },
		func(vs *valuebag.Values) { vs.SetUint8(MessageObjPatternInstance, 6) },
	} {
		now := vs.Clone()
		bad(now)
		if _, err := Events.FromWPD(item, nil, now, editedAt, nil); err == nil {
			t.Errorf("taken: %s", patternText(now))
		}
	}
}

// number is a key's value, whichever type it has.
func number(vs *valuebag.Values, k valuebag.PropertyKey) any {
	if n, err := vs.GetUint32(k); err == nil {
		return n
	}
	if n, err := vs.GetUint16(k); err == nil {
		return n
	}
	if n, err := vs.GetUint8(k); err == nil {
		return n
	}
	s, _ := vs.GetString(k)
	return s
}
