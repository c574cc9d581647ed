package pim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// noon is the moment at which the windows of the tests stand.
var noon = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func TestWindow(t *testing.T) {
	ev := func(lines ...string) string {
		return "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\n"
	}
	todo := func(lines ...string) string {
		return "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:x\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VTODO\r\n"
	}
	for _, tt := range []struct {
		name   string
		kind   *Kind
		body   string
		window string // days back, days ahead
		want   bool
	}{
		{"today", Events, ev("DTSTART:20260615T090000Z"), "0,0", true},
		{"the day before yesterday", Events, ev("DTSTART:20260613T090000Z"), "0,0", false},
		{"within the days back", Events, ev("DTSTART:20260601T090000Z"), "30,365", true},
		{"before them", Events, ev("DTSTART:20260401T090000Z", "DTEND:20260401T100000Z"), "30,365", false},
		{"begun before them, ends in them", Events, ev("DTSTART:20260401T090000Z", "DTEND:20260601T100000Z"), "30,365", true},
		{"a duration that reaches in", Events, ev("DTSTART:20260401T090000Z", "DURATION:P60D"), "30,365", true},
		{"a duration that doesn't", Events, ev("DTSTART:20260401T090000Z", "DURATION:P2D"), "30,365", false},
		{"after the days ahead", Events, ev("DTSTART:20270801T090000Z"), "30,365", false},
		{"all the way ahead", Events, ev("DTSTART:20370801T090000Z"), "30,", true},
		{"all the way back", Events, ev("DTSTART:19970801T090000Z"), ",30", true},
		{"all day, on the edge", Events, ev("DTSTART;VALUE=DATE:20260515"), "30,365", true},
		{"all day, before it", Events, ev("DTSTART;VALUE=DATE:20260510"), "30,365", false},
		{"a series without an end", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=WEEKLY"), "30,365", true},
		{"a series with a count that is over", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=WEEKLY;COUNT=3"), "30,365", false},
		{"a series with a count that goes on", Events, ev("DTSTART:20260101T090000Z", "RRULE:FREQ=WEEKLY;COUNT=300"), "30,365", true},
		{"once a year, at another time", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=YEARLY"), "30,30", false},
		{"once a year, all the way ahead", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=YEARLY"), "30,", true},
		{"once a year, all the way back", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=YEARLY"), ",30", true},
		{"a series that ended", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=WEEKLY;UNTIL=20110101T000000Z"), "30,365", false},
		{"a series that ends in it", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=WEEKLY;UNTIL=20260610"), "30,365", true},
		{"a series that begins later", Events, ev("DTSTART:20300101T090000Z", "RRULE:FREQ=WEEKLY"), "30,365", false},
		{"an end that can't be read", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=WEEKLY;UNTIL=soon"), "30,365", true},
		{"dates that reach in", Events, ev("DTSTART:20100101T090000Z", "RDATE:20110101T090000Z,20260614T090000Z"), "30,365", true},
		{"dates that don't", Events, ev("DTSTART:20100101T090000Z", "RDATE;VALUE=PERIOD:20110101T090000Z/PT1H"), "30,365", false},
		{"an occurrence that was moved in", Events, ev("DTSTART:20100101T090000Z", "RRULE:FREQ=WEEKLY;UNTIL=20110101T000000Z") +
			ev("RECURRENCE-ID:20100108T090000Z", "DTSTART:20260614T090000Z"), "30,365", true},
		{"no start", Events, ev("LOCATION:x"), "30,365", true},
		{"a start that can't be read", Events, ev("DTSTART:never"), "30,365", true},
		{"a task that isn't done", Tasks, todo("DUE:20100101T090000Z"), "30,365", true},
		{"done lately", Tasks, todo("STATUS:COMPLETED", "COMPLETED:20260610T090000Z"), "30,365", true},
		{"done long ago", Tasks, todo("STATUS:COMPLETED", "COMPLETED:20250610T090000Z"), "30,365", false},
		{"done, who knows when", Tasks, todo("STATUS:COMPLETED"), "30,365", true},
		{"done, due long ago", Tasks, todo("STATUS:completed", "DUE:20250610T090000Z"), "30,365", false},
		{"due far ahead", Tasks, todo("DUE:20400101T090000Z"), "30,365", true},
		{"done, but it comes again", Tasks, todo("STATUS:COMPLETED", "COMPLETED:20250610T090000Z", "RRULE:FREQ=YEARLY"), "30,365", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			item, err := tt.kind.New([]byte(calendar(tt.body)), "personal")
			if err != nil {
				t.Fatal(err)
			}
			params := strings.Split(tt.window, ",")
			if err := tt.kind.CheckRule(RuleWindow, params); err != nil {
				t.Fatal(err)
			}
			if got := tt.kind.Passes(item, RuleWindow, params, noon); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

// What passes a window passes a wider one.
func TestWindowMonotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := func(name string) string {
			return noon.AddDate(0, 0, rapid.IntRange(-800, 800).Draw(t, name)).Format("20060102T150405Z")
		}
		body := "BEGIN:VEVENT\r\nUID:a\r\nDTSTART:" + day("start") + "\r\nDTEND:" + day("end") + "\r\n"
		if rapid.Bool().Draw(t, "series") {
			body += "RRULE:FREQ=" + rapid.SampledFrom([]string{"DAILY", "MONTHLY", "YEARLY"}).Draw(t, "freq") + ";UNTIL=" + day("until") + "\r\n"
		}
		text := []byte(calendar(body + "END:VEVENT\r\n"))
		back, ahead := rapid.IntRange(0, 900).Draw(t, "back"), rapid.IntRange(0, 900).Draw(t, "ahead")
		narrow := []string{fmt.Sprint(back), fmt.Sprint(ahead)}
		wide := []string{fmt.Sprint(back + rapid.IntRange(0, 90).Draw(t, "more back")), fmt.Sprint(ahead + rapid.IntRange(0, 90).Draw(t, "more ahead"))}
		if Events.PassesText(text, "", RuleWindow, narrow, noon) && !Events.PassesText(text, "", RuleWindow, wide, noon) {
			t.Errorf("passes %v, not %v\n%s", narrow, wide, text)
		}
	})
}

func TestLeaveOut(t *testing.T) {
	item, err := Contacts.New([]byte(v30("FN:Ada\r\n")), "Work")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"Work": false, "work": true, "Home": true} {
		if got := Contacts.Passes(item, RuleLeaveOut, []string{"Old", name}, noon); got != want {
			t.Errorf("leaving out %q: got %t, want %t", name, got, want)
		}
	}
}

func TestCheckRule(t *testing.T) {
	for _, tt := range []struct {
		kind   *Kind
		name   string
		params []string
		ok     bool
	}{
		{Contacts, RuleLeaveOut, []string{"a", "b"}, true},
		{Contacts, RuleLeaveOut, nil, false},
		{Contacts, RuleLeaveOut, []string{""}, false},
		{Contacts, RuleWindow, []string{"1", "1"}, false},
		{Notes, RuleWindow, []string{"1", "1"}, false},
		{Events, RuleWindow, []string{"90", ""}, true},
		{Events, RuleWindow, []string{"90"}, false},
		{Events, RuleWindow, []string{"-1", "1"}, false},
		{Events, RuleWindow, []string{"007", "1"}, false},
		{Events, RuleWindow, []string{"99999999999999999999", "1"}, false},
		{Tasks, RuleWindow, []string{"", "36525"}, true},
		{Events, "colour", []string{"red"}, false},
	} {
		if err := tt.kind.CheckRule(tt.name, tt.params); (err == nil) != tt.ok {
			t.Errorf("%s %s %q: got %v", tt.kind.Name(), tt.name, tt.params, err)
		}
	}
}

// Stripping takes the lines of the units away and nothing else, in any dialect.
func TestStrip(t *testing.T) {
	for _, tt := range []struct {
		name  string
		kind  *Kind
		text  string
		units []string
		want  string
	}{
		{"a photo", Contacts, v30("FN:Ada\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\nTEL:1\r\n"), []string{"photo"}, v30("FN:Ada\r\nTEL:1\r\n")},
		{"nothing to strip", Contacts, v30("FN:Ada\r\nTEL:1\r\n"), []string{"photo"}, v30("FN:Ada\r\nTEL:1\r\n")},
		{"numbers with their labels", Contacts, v30("FN:Ada\r\nitem1.TEL:1\r\nitem1.X-ABLabel:boat\r\nTEL:2\r\nNOTE:n\r\n"), []string{"tel"}, v30("FN:Ada\r\nNOTE:n\r\n")},
		{"an old photo", Contacts, "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Ada\r\nPHOTO;ENCODING=BASE64;JPEG:/9j/4AAQ\r\n\r\nTEL:1\r\nEND:VCARD\r\n", []string{"photo"}, "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Ada\r\nTEL:1\r\nEND:VCARD\r\n"},
		{"alarms", Events, calendar("BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260101T000000Z\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n"), []string{"alarms", "links"},
			calendar("BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260101T000000Z\r\nEND:VEVENT\r\n")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			item, err := tt.kind.New([]byte(tt.text), "personal")
			if err != nil {
				t.Fatal(err)
			}
			got, err := tt.kind.Strip(item, tt.units)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(tt.kind.Text(got)); text != tt.want || tt.kind.Collection(got) != "personal" {
				t.Errorf("got\n%s\nwant\n%s", text, tt.want)
			}
			for _, u := range tt.units {
				if tt.kind.Digest(got, u) != [16]byte{} {
					t.Errorf("unit %s isn't empty", u)
				}
			}
		})
	}
	item, err := Contacts.New([]byte(v30("FN:Ada\r\n")), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Contacts.Strip(item, []string{"name"}); err == nil {
		t.Error("a contact without a name: got no error")
	}
}
