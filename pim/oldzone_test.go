package pim

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/valuebag"
)

const (
	berlinTZ     = "TZ:+01:00\r\nDAYLIGHT:TRUE;+02:00;20260329T020000;20261025T030000;CET;CEST\r\n"
	madeOfBerlin = "BEGIN:VTIMEZONE\r\nTZID:@\r\n" +
		"BEGIN:DAYLIGHT\r\nDTSTART:20260329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n" +
		"BEGIN:STANDARD\r\nDTSTART:20261025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)

// zoneNamed puts the TZID that Cradle made into a text that says @.
func zoneNamed(got, want string) string {
	i := strings.Index(got, "TZID:"+madeZone)
	if i < 0 {
		return want
	}
	id, _, _ := strings.Cut(got[i+len("TZID:"):], "\r\n")
	return strings.ReplaceAll(want, "@", id)
}

func TestConvertZonesToICalendar(t *testing.T) {
	fixed := func(offset string) string {
		return "BEGIN:VTIMEZONE\r\nTZID:@\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:" + offset + "\r\nTZOFFSETTO:" + offset + "\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
	}
	tests := []struct {
		name                       string
		calendar, lines            string // of vCalendar 1.0
		wantCalendar, want, instnt string // of iCalendar 2.0, and when it starts in UTC
	}{
		{"summer and winter", berlinTZ, "DTSTART:20260601T100000\r\nDTEND:20260601T110000\r\nEXDATE:20260602T100000;20260603T100000\r\n",
			berlinTZ + madeOfBerlin, "DTSTART;TZID=@:20260601T100000\r\nDTEND;TZID=@:20260601T110000\r\nEXDATE;TZID=@:20260602T100000,20260603T100000\r\n", "20260601T080000Z"},
		{"in winter", berlinTZ, "DTSTART:20261201T100000\r\n", berlinTZ + madeOfBerlin, "DTSTART;TZID=@:20261201T100000\r\n", "20261201T090000Z"},
		{"next summer", berlinTZ, "DTSTART:20270601T100000\r\n", berlinTZ + madeOfBerlin, "DTSTART;TZID=@:20270601T100000\r\n", "20270601T080000Z"},
		{"no summer", "TZ:-05:30\r\nDAYLIGHT:FALSE\r\n", "DTSTART:20260601T100000\r\n", "TZ:-05:30\r\nDAYLIGHT:FALSE\r\n" + fixed("-0530"), "DTSTART;TZID=@:20260601T100000\r\n", "20260601T153000Z"},
		{"hours alone", "TZ:-5\r\n", "DTSTART:20260601T100000\r\n", "TZ:-5\r\n" + fixed("-0500"), "DTSTART;TZID=@:20260601T100000\r\n", "20260601T150000Z"},
		{"UTC stays", berlinTZ, "DTSTART:20260601T100000Z\r\n", berlinTZ, "DTSTART:20260601T100000Z\r\n", "20260601T100000Z"},
		{"a day stays", berlinTZ, "DTSTART:20260601\r\n", berlinTZ, "DTSTART:20260601\r\n", "20260601T000000Z"},
		{"floating stays", "", "DTSTART:20260601T100000\r\n", "", "DTSTART:20260601T100000\r\n", "20260601T100000Z"},
		{"no offset", "TZ:EST\r\n", "DTSTART:20260601T100000\r\n", "TZ:EST\r\n", "DTSTART:20260601T100000\r\n", "20260601T100000Z"},
		{"in the entry", "", "TZ:+02\r\nDTSTART:20260601T100000\r\n", fixed("+0200"), "TZ:+02\r\nDTSTART;TZID=@:20260601T100000\r\n", "20260601T080000Z"},
		{"with an alarm", berlinTZ, "DTSTART:20260601T100000\r\nDALARM:20260601T074500Z;;;Go\r\n", berlinTZ + madeOfBerlin,
			"DTSTART;TZID=@:20260601T100000\r\n" + valarm("ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:Go\r\n"), "20260601T080000Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			item := mustNew(t, Events, v1(tt.calendar, tt.lines))
			got, err := Events.Convert(item, ICalendar2)
			if err != nil {
				t.Fatal(err)
			}
			s := shown(Events.Text(got))
			if want := zoneNamed(s, v2(tt.wantCalendar, tt.want)); s != want {
				t.Errorf("got  %q\nwant %q", s, want)
			}
			for _, i := range []*valuebag.Values{item, got} {
				tab, err := Events.Timetable(Events.Text(i))
				if err != nil || len(tab.Problems) > 0 {
					t.Fatalf("%v %v", err, tab.Problems)
				}
				if at := tab.Start.In(nil).UTC().Format("20060102T150405Z"); at != tt.instnt {
					t.Errorf("starts at %s, want %s, in %q", at, tt.instnt, Events.Text(i))
				}
				if w, _ := Events.WPD(i, nil).GetDate(valuebag.WPDCommonInformationStartDatetime); w.Format("20060102T150405Z") != tt.instnt {
					t.Errorf("the device is told %v, want %s", w, tt.instnt)
				}
			}
			checkConverted(t, Events, item)
			back, err := Events.Convert(got, VCalendar1)
			if err != nil || string(Events.Text(back)) != v1(tt.calendar, tt.lines) {
				t.Errorf("back %q (%v)", Events.Text(back), err)
			}
		})
	}
}

func TestConvertZonesToVCalendar(t *testing.T) {
	tests := []struct {
		name, zone, lines string
		want              string // the lines that say the zone
	}{
		{"one summer", "Europe/Berlin", "DTSTART;TZID=Europe/Berlin:20260601T100000\r\n", "TZ:+01:00\r\nDAYLIGHT:TRUE;+02:00;20260329T020000;20261025T030000;CET;CEST\r\n"},
		{"in winter", "", "DTSTART;TZID=Europe/Berlin:20261201T100000\r\n", "TZ:+01:00\r\n"},
		{"south", "", "DTSTART;TZID=Australia/Sydney:20260115T100000\r\n", "TZ:+10:00\r\nDAYLIGHT:TRUE;+11:00;20251005T020000;20260405T030000;AEST;AEDT\r\nDAYLIGHT:TRUE;+11:00;20261004T020000;20270404T030000;AEST;AEDT\r\n"},
		{"no summer", "", "DTSTART;TZID=Asia/Kolkata:20260601T100000\r\n", "TZ:+05:30\r\n"},
		{"floating", "", "DTSTART:20260601T100000\r\n", ""},
		{"UTC", "", "DTSTART:20260601T100000Z\r\n", ""},
		{"a day", "", "DTSTART;VALUE=DATE:20260601\r\n", ""},
		{"nobody's", "", "DTSTART;TZID=Nowhere:20260601T100000\r\n", ""},
		{"its own", "", "TZ:+03\r\nDTSTART;TZID=Europe/Berlin:20260601T100000\r\n", "TZ:+03\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			item := mustNew(t, Events, v2("", tt.lines))
			got, err := Events.Convert(item, VCalendar1)
			if err != nil {
				t.Fatal(err)
			}
			var zone []string
			for _, l := range strings.SplitAfter(string(Events.Text(got)), "\r\n") {
				if strings.HasPrefix(l, "TZ:") || strings.HasPrefix(l, "DAYLIGHT:") {
					zone = append(zone, l)
				}
			}
			if s := strings.Join(zone, ""); s != tt.want {
				t.Errorf("got  %q\nwant %q", s, tt.want)
			}
			checkConverted(t, Events, item)
			back, err := Events.Convert(got, ICalendar2)
			if err != nil || shown(Events.Text(back)) != v2("", tt.lines) {
				t.Errorf("back %q (%v)", Events.Text(back), err)
			}
		})
	}
	series := mustNew(t, Events, v2("", "DTSTART;TZID=Europe/Berlin:20260601T100000\r\nRRULE:FREQ=WEEKLY\r\n"))
	got, err := Events.Convert(series, VCalendar1)
	if n := strings.Count(string(Events.Text(got)), "DAYLIGHT:"); err != nil || n != maxSummers {
		t.Errorf("%d summers of a series, want %d (%v)", n, maxSummers, err)
	}
	// A time moved on the phone is a time moved in the store, in its zone.
	one := mustNew(t, Events, v2("", tests[0].lines))
	if got, err = Events.Convert(one, VCalendar1); err != nil {
		t.Fatal(err)
	}
	moved := mustNew(t, Events, strings.Replace(string(Events.Text(got)), "T100000", "T120000", 1))
	if u := changedUnits(Events, got, moved); !slices.Equal(u, []string{"when"}) {
		t.Errorf("units %v", u)
	}
	merged, err := Events.Replace(one, moved, []string{"when"})
	if want := v2("", "DTSTART;TZID=Europe/Berlin:20260601T120000\r\n"); err != nil || string(Events.Text(merged)) != want {
		t.Errorf("merged %q, want %q (%v)", Events.Text(merged), want, err)
	}
	old := mustNew(t, Events, v1(berlinTZ, "DTSTART:20260601T100000\r\n"))
	if got, err = Events.Convert(old, ICalendar2); err != nil {
		t.Fatal(err)
	}
	moved = mustNew(t, Events, strings.Replace(string(Events.Text(got)), "T100000", "T120000", 1))
	merged, err = Events.Replace(old, moved, []string{"when"})
	if want := v1(berlinTZ, "DTSTART:20260601T120000\r\n"); err != nil || string(Events.Text(merged)) != want {
		t.Errorf("merged %q, want %q (%v)", Events.Text(merged), want, err)
	}
}

// The instants of a zone made of a file's TZ and DAYLIGHT lines are those of the
// zone that the lines were made of, in the years that they were made for.
func TestZoneLinesLaw(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Sao_Paulo", "Asia/Kolkata", "Europe/Dublin", "America/St_Johns"} {
		item := mustNew(t, Events, v2("", "DTSTART;TZID="+name+":20260115T100000\r\nRRULE:FREQ=DAILY\r\n"))
		got, err := Events.Convert(item, VCalendar1)
		if err != nil {
			t.Fatal(err)
		}
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		var tz string
		for _, l := range strings.SplitAfter(string(Events.Text(got)), "\r\n") {
			if strings.HasPrefix(l, "TZ:") || strings.HasPrefix(l, "DAYLIGHT:") {
				tz += l
			}
		}
		for day := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC); day.Year() < 2032; day = day.AddDate(0, 0, 9) {
			tab, err := Events.Timetable([]byte(v1(tz, "DTSTART:"+day.Format("20060102T150405")+"\r\n")))
			if err != nil {
				t.Fatal(err)
			}
			want := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, loc)
			if at := tab.Start.In(nil); !at.Equal(want) {
				t.Fatalf("%s: %s is %v, want %v, by\n%s", name, day, at.UTC(), want.UTC(), tz)
			}
		}
	}
}
