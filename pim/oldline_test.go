package pim

import (
	"slices"
	"strings"
	"testing"
)

const overrideID = "RECURRENCE-ID:20260608T080000Z\r\n"

// movedOne is an event with an override.
func movedOne(version, lines, moved string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:" + version + "\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a\r\n" + lines + "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\n" + overrideID + moved + "END:VEVENT\r\nEND:VCALENDAR\r\n"
}

// What vCalendar 1.0 hasn't (lengths, further zones, alarms in overrides) is said in
// the way that its readers know, and comes back as it was.
func TestConvertOldLines(t *testing.T) {
	const utc = "DTSTART:20260601T080000Z\r\n"
	const berlinStart = "DTSTART;TZID=Europe/Berlin:20260601T100000\r\n"
	tests := []struct {
		name     string
		in, want string // the master's lines
	}{
		{"a length", utc + "DURATION:PT1H30M\r\n", utc + "DTEND:20260601T093000Z\r\n"},
		{"a length in the start's zone", berlinStart + "DURATION:PT1H\r\n", berlinStart + "DTEND;TZID=Europe/Berlin:20260601T110000\r\n"},
		{"days over a change of the clock", "DTSTART;TZID=Europe/Berlin:20260328T100000\r\nDURATION:P1D\r\n", "DTSTART;TZID=Europe/Berlin:20260328T100000\r\nDTEND;TZID=Europe/Berlin:20260329T100000\r\n"},
		{"hours over it", "DTSTART;TZID=Europe/Berlin:20260328T100000\r\nDURATION:PT24H\r\n", "DTSTART;TZID=Europe/Berlin:20260328T100000\r\nDTEND;TZID=Europe/Berlin:20260329T110000\r\n"},
		{"whole days", "DTSTART;VALUE=DATE:20260601\r\nDURATION:P2D\r\n", "DTSTART;VALUE=DATE:20260601\r\nDTEND;VALUE=DATE:20260603\r\n"},
		{"floating", "DTSTART:20260601T100000\r\nDURATION:PT1H\r\n", "DTSTART:20260601T100000\r\nDTEND:20260601T110000\r\n"},
		{"a flight", berlinStart + "DTEND;TZID=America/New_York:20260601T130000\r\n", berlinStart + "DTEND:20260601T170000Z\r\n"},
		{"exceptions in another zone", berlinStart + "EXDATE;TZID=Europe/London:20260602T090000,20260603T090000\r\n", berlinStart + "EXDATE:20260602T080000Z;20260603T080000Z\r\n"},
		{"the same zone by another name", berlinStart + "DTEND;TZID=/mozilla.org/20050126_1/Europe/Berlin:20260601T110000\r\n", berlinStart + "DTEND;TZID=/mozilla.org/20050126_1/Europe/Berlin:20260601T110000\r\n"},
		{"a length and no start", "DURATION:PT1H\r\n", "DURATION:PT1H\r\n"},
		{"a length and an end", utc + "DTEND:20260601T090000Z\r\nDURATION:PT1H\r\n", utc + "DTEND:20260601T090000Z\r\nDURATION:PT1H\r\n"},
		{"no length", utc + "DURATION:soon\r\n", utc + "DURATION:soon\r\n"},
		{"a zone that nobody knows", berlinStart + "DTEND;TZID=Moon:20260601T110000\r\n", berlinStart + "DTEND;TZID=Moon:20260601T110000\r\n"},
		{"periods in another zone", berlinStart + "RDATE;VALUE=PERIOD;TZID=Europe/London:20260602T090000/20260602T110000\r\n", berlinStart + "RDATE:20260602T080000Z\r\n"},
		{"periods in the start's zone", berlinStart + "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20260602T090000/PT1H\r\n", berlinStart + "RDATE;TZID=Europe/Berlin:20260602T090000\r\n"},
		{"periods in UTC", utc + "RDATE;VALUE=PERIOD:20260602T090000Z/PT1H\r\n", utc + "RDATE:20260602T090000Z\r\n"},
		{"no periods, though it says so", utc + "RDATE;VALUE=PERIOD:20260602T090000Z\r\n", utc + "RDATE;VALUE=PERIOD:20260602T090000Z\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			item := mustNew(t, Events, v2("", tt.in))
			got, err := Events.Convert(item, VCalendar1)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, l := range strings.SplitAfter(shown(Events.Text(got)), "\r\n") {
				if !strings.HasPrefix(l, "TZ:") && !strings.HasPrefix(l, "DAYLIGHT:") {
					lines = append(lines, l)
				}
			}
			if s := strings.Join(lines, ""); s != v1("", tt.want) {
				t.Errorf("got  %q\nwant %q", s, v1("", tt.want))
			}
			back, err := Events.Convert(got, ICalendar2)
			if err != nil || string(Events.Text(back)) != v2("", tt.in) {
				t.Errorf("back %q (%v)", Events.Text(back), err)
			}
			checkConverted(t, Events, item)
		})
	}
	task := mustNew(t, Tasks, strings.ReplaceAll(v2("", utc+"DURATION:PT1H\r\n"), "VEVENT", "VTODO"))
	if got, err := Tasks.Convert(task, VCalendar1); err != nil || !strings.Contains(string(Tasks.Text(got)), "DUE:20260601T090000Z\r\n") {
		t.Errorf("a task's length: %q (%v)", Tasks.Text(got), err)
	}
}

func TestConvertOverride(t *testing.T) {
	const start = "DTSTART;TZID=Europe/Berlin:20260601T100000\r\nRRULE:FREQ=WEEKLY\r\n"
	const alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Go\r\nX-MINE:kept\r\nEND:VALARM\r\n"
	item := mustNew(t, Events, movedOne("2.0", start, "DTSTART;TZID=America/New_York:20260608T050000\r\nDURATION:PT2H\r\nSUMMARY:Moved\r\n"+alarm))
	old, err := Events.Convert(item, VCalendar1)
	if err != nil {
		t.Fatal(err)
	}
	text := string(Events.Text(old))
	for _, want := range []string{"DTSTART:20260608T090000Z\r\n", "DTEND:20260608T110000Z\r\n", "DALARM:20260608T084500Z;;;Go\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %q", want, text)
		}
	}
	if strings.Contains(text, "VALARM\r\n") || strings.Contains(text, "DURATION:") {
		t.Errorf("%q", text)
	}
	checkConverted(t, Events, item)
	if back, err := Events.Convert(old, ICalendar2); err != nil || string(Events.Text(back)) != string(Events.Text(item)) {
		t.Errorf("back\n%q, was\n%q (%v)", Events.Text(back), Events.Text(item), err)
	}

	// What the phone's user changes in it leaves the rest of it as it was.
	edited := mustNew(t, Events, strings.Replace(text, "SUMMARY:Moved", "SUMMARY:Told", 1))
	if u := changedUnits(Events, old, edited); !slices.Equal(u, []string{"overrides"}) {
		t.Fatalf("units %v", u)
	}
	merged, err := Events.Replace(item, edited, []string{"overrides"})
	want := strings.Replace(string(Events.Text(item)), "SUMMARY:Moved", "SUMMARY:Told", 1)
	if err != nil || string(Events.Text(merged)) != want {
		t.Errorf("merged\n%q, want\n%q (%v)", Events.Text(merged), want, err)
	}
	later := mustNew(t, Events, strings.Replace(text, "DALARM:20260608T084500Z", "DALARM:20260608T083000Z", 1))
	if merged, err = Events.Replace(item, later, []string{"overrides"}); err != nil || !strings.Contains(string(Events.Text(merged)), "TRIGGER:-PT30M\r\n") || strings.Contains(string(Events.Text(merged)), "DALARM") {
		t.Errorf("merged %q (%v)", Events.Text(merged), err)
	}

	// The occurrence that it changes may be said in another zone than the series'.
	away := strings.Replace(string(Events.Text(item)), overrideID, "RECURRENCE-ID;TZID=America/New_York:20260608T040000\r\n", 1)
	item = mustNew(t, Events, away)
	if old, err = Events.Convert(item, VCalendar1); err != nil || !strings.Contains(string(Events.Text(old)), overrideID) {
		t.Errorf("no %q in %q (%v)", overrideID, Events.Text(old), err)
	}
	checkConverted(t, Events, item)
	edited = mustNew(t, Events, strings.Replace(string(Events.Text(old)), "DTSTART:20260608T090000Z", "DTSTART:20260608T093000Z", 1))
	merged, err = Events.Replace(item, edited, []string{"overrides"})
	if err != nil || !strings.Contains(string(Events.Text(merged)), "RECURRENCE-ID;TZID=America/New_York:20260608T040000\r\n") || !strings.Contains(string(Events.Text(merged)), "DTSTART:20260608T093000Z\r\n") {
		t.Errorf("moved there: %q (%v)", Events.Text(merged), err)
	}

	// And from an old text.
	item = mustNew(t, Events, movedOne("1.0", "DTSTART:20260601T080000Z\r\n", "DTSTART:20260608T090000Z\r\nDALARM:20260608T084500Z;;;Go\r\n"))
	late, err := Events.Convert(item, ICalendar2)
	if err != nil || !strings.Contains(string(Events.Text(late)), "TRIGGER:-PT15M\r\n") {
		t.Errorf("%q (%v)", Events.Text(late), err)
	}
	checkConverted(t, Events, item)
}

// An end that a phone leaves where it is, while it moves the start, is no length.
func TestOldLineEdited(t *testing.T) {
	item := mustNew(t, Events, v2("", "DTSTART:20260601T080000Z\r\nDURATION:PT1H\r\n"))
	old, err := Events.Convert(item, VCalendar1)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, from, to, want string }{
		{"start alone", "DTSTART:20260601T080000Z", "DTSTART:20260601T073000Z", "DTSTART:20260601T073000Z\r\nDTEND:20260601T090000Z\r\n"},
		{"end alone", "DTEND:20260601T090000Z", "DTEND:20260601T100000Z", "DTSTART:20260601T080000Z\r\nDTEND:20260601T100000Z\r\n"},
	} {
		edited := mustNew(t, Events, strings.Replace(string(Events.Text(old)), tt.from, tt.to, 1))
		merged, err := Events.Replace(item, edited, changedUnits(Events, old, edited))
		if want := v2("", tt.want); err != nil || string(Events.Text(merged)) != want {
			t.Errorf("%s: %q, want %q (%v)", tt.name, Events.Text(merged), want, err)
		}
	}
}
