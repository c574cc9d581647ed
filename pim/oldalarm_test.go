package pim

import (
	"strings"
	"testing"

	"cradle/valuebag"
)

// v1 is an event of vCalendar 1.0, v2 one of iCalendar 2.0; calendar lines first.
func v1(calendar, lines string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:1.0\r\nPRODID:x\r\n" + calendar + "BEGIN:VEVENT\r\nUID:a\r\n" + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n"
}

func v2(calendar, lines string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + calendar + "BEGIN:VEVENT\r\nUID:a\r\n" + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n"
}

// shown is a text without the lines of Cradle's own, and unfolded.
func shown(text []byte) string {
	var b strings.Builder
	for _, l := range strings.SplitAfter(strings.ReplaceAll(string(text), "\r\n ", ""), "\r\n") {
		if !strings.HasPrefix(l, "X-CRADLE-") {
			b.WriteString(l)
		}
	}
	return b.String()
}

func valarm(lines string) string { return "BEGIN:VALARM\r\n" + lines + "END:VALARM\r\n" }

func TestConvertAlarms(t *testing.T) {
	const start = "DTSTART:20260601T100000\r\n"
	tests := []struct {
		name     string
		old, new string // the entry's lines
		only     string // "1→2" or "2→1" if it isn't the same the other way
	}{
		{name: "shown", old: start + "DALARM:20260601T094500;PT5M;2;Go\r\n",
			new: start + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDURATION:PT5M\r\nREPEAT:2\r\nDESCRIPTION:Go\r\n")},
		{name: "a sound", old: start + "AALARM:20260531T100000;;;file:///mmedia/taps.wav\r\n",
			new: start + valarm("ACTION:AUDIO\r\nTRIGGER:-P1D\r\nATTACH:file:///mmedia/taps.wav\r\n")},
		{name: "at the start", old: start + "AALARM:20260601T100000;;;\r\n", new: start + valarm("ACTION:AUDIO\r\nTRIGGER:PT0S\r\n")},
		{name: "after the start", old: start + "DALARM:20260601T113001;;;Go\r\n", new: start + valarm("ACTION:DISPLAY\r\nTRIGGER:PT1H30M1S\r\nDESCRIPTION:Go\r\n")},
		{name: "mail", old: start + "MALARM:20260601T094500;;;ada@example.org;Come\\; now\r\n",
			new:  start + "SUMMARY:S\r\n" + valarm("ACTION:EMAIL\r\nTRIGGER:-PT15M\r\nATTENDEE:mailto:ada@example.org\r\nSUMMARY:S\r\nDESCRIPTION:Come\\; now\r\n"),
			only: "2→1"},
		{name: "mail without a summary", old: start + "MALARM:20260601T094500;;;ada@example.org;Come\r\n",
			new: start + valarm("ACTION:EMAIL\r\nTRIGGER:-PT15M\r\nATTENDEE:mailto:ada@example.org\r\nSUMMARY:Alarm\r\nDESCRIPTION:Come\r\n"), only: "1→2"},
		{name: "a program", old: start + "PALARM:20260601T094500;;;file:///bin/true\r\n",
			new: start + valarm("ACTION:PROCEDURE\r\nTRIGGER:-PT15M\r\nATTACH:file:///bin/true\r\n")},
		{name: "a program without a URI", old: start + "PALARM:20260601T094500;;;true\r\n", new: start + "PALARM:20260601T094500;;;true\r\n"},
		{name: "in UTC", old: "DTSTART:20260601T100000Z\r\nDALARM:20260601T094500Z;;;Go\r\n",
			new: "DTSTART:20260601T100000Z\r\n" + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Go\r\n")},
		{name: "absolute", old: "DALARM:20260601T094500Z;;;Go\r\n", new: valarm("ACTION:DISPLAY\r\nTRIGGER;VALUE=DATE-TIME:20260601T094500Z\r\nDESCRIPTION:Go\r\n")},
		{name: "of no start", old: "DALARM:20260601T094500;;;Go\r\n", new: "DALARM:20260601T094500\\;\\;\\;Go\r\n", only: "stays"},
		{name: "on different clocks", old: "DTSTART:20260601T100000Z\r\nDALARM:20260601T094500;;;Go\r\n", new: "", only: "stays"},
		{name: "quoted-printable", old: start + "DALARM;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:20260601T094500;;;=C3=BC\r\n",
			new: start + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:ü\r\n")},
		{name: "no text", old: start + "SUMMARY:Lunch\r\nDALARM:20260601T094500\r\n",
			new: start + "SUMMARY:Lunch\r\n" + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Lunch\r\n"), only: "1→2"},
		{name: "from the end", old: "DTSTART:20260601T100000Z\r\nDTEND:20260601T110000Z\r\nDALARM:20260601T105000Z;;;Go\r\n",
			new: "DTSTART:20260601T100000Z\r\nDTEND:20260601T110000Z\r\n" + valarm("ACTION:DISPLAY\r\nTRIGGER;RELATED=END:-PT10M\r\nDESCRIPTION:Go\r\n"), only: "2→1"},
		{name: "a whole day", old: "DTSTART:20260601\r\nDALARM:20260531T200000;;;Go\r\n", new: "DTSTART:20260601\r\n" + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT4H\r\nDESCRIPTION:Go\r\n")},
		{name: "two alarms", old: start + "DALARM:20260601T094500;;;Go\r\nDALARM:20260601T095500;;;Run\r\n",
			new: start + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Go\r\n") + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nDESCRIPTION:Run\r\n")},
		{name: "two alike", old: start + "DALARM:20260601T094500;;;Go\r\nDALARM:20260601T094500;;;Go\r\n",
			new: start + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Go\r\n") + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Go\r\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old, late := mustNew(t, Events, v1("", tt.old)), mustNew(t, Events, v2("", tt.new))
			if tt.only != "2→1" {
				got, err := Events.Convert(old, ICalendar2)
				if err != nil {
					t.Fatal(err)
				}
				if tt.only == "stays" {
					if strings.Contains(string(Events.Text(got)), "VALARM") {
						t.Errorf("became %q", Events.Text(got))
					}
				} else if s := shown(Events.Text(got)); s != v2("", tt.new) {
					t.Errorf("1.0 to 2.0\ngot  %q\nwant %q", s, v2("", tt.new))
				}
				checkConverted(t, Events, old)
			}
			if tt.only == "" || tt.only == "2→1" {
				got, err := Events.Convert(late, VCalendar1)
				if err != nil {
					t.Fatal(err)
				}
				want := v1("", tt.old)
				if strings.Contains(tt.new, "SUMMARY") {
					want = strings.Replace(want, start, start+"SUMMARY:S\r\n", 1)
				}
				if s := shown(Events.Text(got)); s != want {
					t.Errorf("2.0 to 1.0\ngot  %q\nwant %q", s, want)
				}
				checkConverted(t, Events, late)
			}
		})
	}
}

// What a phone does to a converted alarm comes back as an edit of that alarm.
func TestConvertedAlarmEdited(t *testing.T) {
	const alarm = "ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Go\r\nX-MINE:kept\r\n"
	item := mustNew(t, Events, v2("", "DTSTART;TZID=Europe/Berlin:20260601T100000\r\n"+valarm(alarm)+valarm("ACTION:AUDIO\r\nTRIGGER:-PT1H\r\n")))
	old, err := Events.Convert(item, VCalendar1)
	if err != nil {
		t.Fatal(err)
	}
	onPhone := func(from, to string) *valuebag.Values {
		text := string(Events.Text(old))
		if !strings.Contains(text, from) {
			t.Fatalf("no %q in %q", from, text)
		}
		return mustNew(t, Events, strings.Replace(text, from, to, 1))
	}
	merged := func(edited *valuebag.Values) string {
		got, err := Events.Replace(item, edited, changedUnits(Events, old, edited))
		if err != nil {
			t.Fatal(err)
		}
		return string(Events.Text(got))
	}
	const line = "DALARM:20260601T094500;;;Go\r\n"
	if got := merged(onPhone(line, "")); strings.Contains(got, "DISPLAY") || !strings.Contains(got, "ACTION:AUDIO") {
		t.Errorf("deleted: %q", got)
	}
	got := merged(onPhone(line, "DALARM:20260601T093000;;;Go\r\n"))
	if !strings.Contains(got, "TRIGGER:-PT30M") || strings.Contains(got, "-PT15M") || !strings.Contains(got, "ACTION:AUDIO\r\nTRIGGER:-PT1H\r\nEND") {
		t.Errorf("moved: %q", got)
	}
	if got := merged(onPhone(line, line+"DALARM:20260601T095500;;;Run\r\n")); !strings.Contains(got, alarm) || !strings.Contains(got, "TRIGGER:-PT5M") {
		t.Errorf("added: %q", got)
	}

	// And the other way: a phone of iCalendar, a store of vCalendar.
	item = mustNew(t, Events, v1("", "DTSTART:20260601T100000\r\nAALARM;TYPE=X-EPOCSOUND:20260601T094500;;0;\r\nDALARM:20260601T090000;;;Go\r\n"))
	if old, err = Events.Convert(item, ICalendar2); err != nil {
		t.Fatal(err)
	}
	got = merged(onPhone("TRIGGER:-PT1H\r\n", "TRIGGER:-PT2H\r\n"))
	if !strings.Contains(got, "AALARM;TYPE=X-EPOCSOUND:20260601T094500;;0;\r\n") || !strings.Contains(got, "DALARM:20260601T080000;;;Go\r\n") || strings.Contains(got, "20260601T090000") {
		t.Errorf("moved in iCalendar: %q", got)
	}
}

// TestAlarmOnAnotherClock: an alarm goes off at the same instant in vCalendar 1.0, whichever
// zone its end is in, and where the clocks change before it.
func TestAlarmOnAnotherClock(t *testing.T) {
	zone := func(id, offset string) string {
		return "BEGIN:VTIMEZONE\r\nTZID:" + id + "\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:" + offset + "\r\nTZOFFSETTO:" + offset + "\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	}
	zones := zone("East", "+0200") + zone("West", "-0400")
	alarm := valarm("ACTION:DISPLAY\r\nTRIGGER;RELATED=END:-PT15M\r\nDESCRIPTION:Go\r\n")
	tests := []struct{ name, lines, want string }{
		{"of an end in another zone", "DTSTART;TZID=East:20260629T230000\r\nDTEND;TZID=West:20260630T040000\r\n", "20260630T074500Z"},
		{"of an end in the start's zone", "DTSTART;TZID=East:20260629T230000\r\nDTEND;TZID=East:20260630T040000\r\n", "20260630T034500"},
		{"of an end in UTC", "DTSTART;TZID=East:20260629T230000\r\nDTEND:20260630T040000Z\r\n", "20260630T034500Z"},
		{"of a length over a change of the clocks", "DTSTART;TZID=Europe/Berlin:20260328T230000\r\nDURATION:PT8H\r\n", "20260329T074500"},
		{"of days over a change of the clocks", "DTSTART;TZID=Europe/Berlin:20260328T230000\r\nDURATION:P1DT2H\r\n", "20260330T004500"},
	}
	for _, c := range tests {
		item, err := Events.New([]byte(v2(zones, c.lines+alarm)), "")
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		old, err := Events.Convert(item, VCalendar1)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := string(Events.Text(old)); !strings.Contains(got, "\r\nDALARM:"+c.want+";;;Go\r\n") {
			t.Errorf("%s: want DALARM:%s in\n%s", c.name, c.want, shown([]byte(got)))
		}
		if back, err := Events.Convert(old, ICalendar2); err != nil || !strings.Contains(string(Events.Text(back)), alarm) {
			t.Errorf("%s: back: the alarm isn't what it was: %v", c.name, err)
		}
	}
}
