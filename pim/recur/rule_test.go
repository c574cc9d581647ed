package recur

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseRule(t *testing.T) {
	tests := []struct{ name, in, want, err string }{
		{"canonical order", "BYDAY=WE,MO;INTERVAL=2;FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;COUNT=3;INTERVAL=2;BYDAY=MO,WE", ""},
		{"any case, blanks, empty parts", " freq=daily ;;INTERVAL=; byhour=9,", "FREQ=DAILY;BYHOUR=9", ""},
		{"repeated and signed values", "FREQ=MONTHLY;BYDAY=+2TU,2TU,-1FR;BYMONTHDAY=-1,1,1", "FREQ=MONTHLY;BYDAY=-1FR,2TU;BYMONTHDAY=-1,1", ""},
		{"the leap second", "FREQ=MINUTELY;BYSECOND=59,60", "FREQ=MINUTELY;BYSECOND=59", ""},
		{"no interval at all", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY", ""},
		{"WKST of Monday says nothing", "FREQ=WEEKLY;WKST=MO", "FREQ=WEEKLY", ""},
		{"WKST", "FREQ=WEEKLY;WKST=SU", "FREQ=WEEKLY;WKST=SU", ""},
		{"UNTIL in ISO 8601's long form", "FREQ=DAILY;UNTIL=2026-12-31T23:59:60Z", "FREQ=DAILY;UNTIL=20261231T235959Z", ""},
		{"parts of other programs", "FREQ=DAILY;X-FOO=1;RSCALE=GREGORIAN;SKIP=OMIT", "FREQ=DAILY", ""},
		{"no frequency", "INTERVAL=2", "", "has no FREQ"},
		{"no value", "FREQ", "", "has no value"},
		{"twice", "FREQ=DAILY;FREQ=DAILY", "", "FREQ twice"},
		{"unknown frequency", "FREQ=FORTNIGHTLY", "", "want SECONDLY to YEARLY"},
		{"unknown part", "FREQ=DAILY;BYFOO=1", "", "no such part"},
		{"a month too many", "FREQ=DAILY;BYMONTH=13", "", `"13": want 1 to 12`},
		{"no day 0", "FREQ=DAILY;BYMONTHDAY=0", "", `want 1 to 31 or -31 to -1`},
		{"no such day", "FREQ=DAILY;BYDAY=XX", "", "want MO, -1FR"},
		{"an empty list element is none", "FREQ=DAILY;BYDAY=,MO", "FREQ=DAILY;BYDAY=MO", ""},
		{"too far", "FREQ=YEARLY;BYDAY=54MO", "", "want 1 to 53"},
		{"never", "FREQ=DAILY;COUNT=0", "", "want 1 to"},
		{"another calendar", "FREQ=DAILY;RSCALE=CHINESE", "", "only the Gregorian calendar"},
		{"no such date", "FREQ=DAILY;UNTIL=20260230", "", "not a date or time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseRule(tt.in)
			if tt.err != "" {
				if !errors.Is(err, ErrRule) || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("%q: got %v, want an ErrRule with %q", tt.in, err, tt.err)
				}
				return
			}
			if err != nil || r.String() != tt.want {
				t.Errorf("%q: got %q, %v, want %q", tt.in, r.String(), err, tt.want)
			}
		})
	}
}

// TestOldRules has the examples of vCalendar 1.0, section 2.1.6, and what phones write.
func TestOldRules(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"daily for ten", "D1 #10", "FREQ=DAILY;COUNT=10"},
		{"daily until", "D1 19971224T000000", "FREQ=DAILY;UNTIL=19971224T000000"},
		{"no end is twice", "D2", "FREQ=DAILY;COUNT=2;INTERVAL=2"},
		{"for ever", "W1 #0", "FREQ=WEEKLY"},
		{"days of the week", "W2 MO WE FR #0", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR"},
		{"an end mark", "W2 MO WE$ FR #5", "FREQ=WEEKLY;COUNT=5;INTERVAL=2;BYDAY=MO,WE,FR"},
		{"a time of its own for each day", "W1 TU 1200 TH 1130 #0",
			"FREQ=WEEKLY;BYMINUTE=30;BYHOUR=11;BYDAY=TH FREQ=WEEKLY;BYMINUTE=0;BYHOUR=12;BYDAY=TU"},
		{"one time for all", "D1 0930 #4", "FREQ=DAILY;COUNT=4;BYMINUTE=30;BYHOUR=9"},
		{"places in the month", "MP1 1+ 1- FR #0", "FREQ=MONTHLY;BYDAY=-1FR,1FR"},
		{"places and days", "MP6 1+ MO 2- TU TH #5", "FREQ=MONTHLY;COUNT=5;INTERVAL=6;BYDAY=-2TU,-2TH,1MO"},
		{"days of the month", "MD1 2 15 3- LD #0", "FREQ=MONTHLY;BYMONTHDAY=-3,-1,2,15"},
		{"months", "YM1 6 7 #3", "FREQ=YEARLY;COUNT=3;BYMONTH=6,7"},
		{"days of the year", "YD3 1 100 200 #0", "FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200"},
		{"a place inside months", "YM1 6 7 #0 MP1 1+ SU #1", "FREQ=YEARLY;BYDAY=1SU;BYMONTH=6,7"},
		{"a place inside a month, counted", "YM1 6 #3 MP1 1+ SU #1", "FREQ=YEARLY;COUNT=3;BYDAY=1SU;BYMONTH=6"},
		{"every quarter of an hour", "D1 0600 #0 M15 #3",
			"FREQ=DAILY;BYMINUTE=0;BYHOUR=6 FREQ=DAILY;BYMINUTE=15;BYHOUR=6 FREQ=DAILY;BYMINUTE=30;BYHOUR=6"},
		{"iCalendar passes", "FREQ=DAILY;COUNT=2", "FREQ=DAILY;COUNT=2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := ParseRules(tt.in)
			var got []string
			for _, r := range rules {
				got = append(got, r.String())
			}
			if err != nil || strings.Join(got, " ") != tt.want {
				t.Errorf("%q: got %q, %v, want %q", tt.in, strings.Join(got, " "), err, tt.want)
			}
		})
	}
	for _, in := range []string{"", "D", "D0", "X1", "W1 XX", "MP1 1+", "MP1 MO", "MD1 32", "D1 #x", "D1 2500", "D1 0600 0900 #4",
		"D1 #2 W1 #2", "D1 #0 M15 #3", "YM1 13 #0", "D1 20269999"} {
		if r, err := ParseRules(in); !errors.Is(err, ErrRule) {
			t.Errorf("%q: got %v, %v, want ErrRule", in, r, err)
		}
	}
}

func TestWords(t *testing.T) {
	zone, ok := LoadZone("Europe/Berlin")
	if !ok {
		t.Fatal("no Europe/Berlin")
	}
	start, err := ParseStamp("20261120T090000", zone) // a Friday
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ rule, want string }{
		{"FREQ=DAILY", "every day"},
		{"FREQ=DAILY;INTERVAL=3;COUNT=5", "every 3rd day, 5 times"},
		{"FREQ=WEEKLY", "every Friday"},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20261231T225959Z", "every 2nd Tuesday until 31 December 2026"},
		{"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "every weekday (Monday to Friday)"},
		{"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TH,TU", "every 2nd week on Tuesday, Thursday and Sunday"},
		{"FREQ=MONTHLY", "every month on the 20th"},
		{"FREQ=MONTHLY;BYMONTHDAY=1,15,-1", "every month on the last, 1st and 15th"},
		{"FREQ=MONTHLY;BYDAY=2TU,-1FR", "every month on the last Friday and the 2nd Tuesday"},
		{"FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "every month on the 2nd Tuesday"},
		{"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "every month on Monday, Tuesday, Wednesday, Thursday and Friday, of these the last"},
		{"FREQ=YEARLY", "every year on 20 November"},
		{"FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", "every year on the 4th Thursday in November"},
		{"FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO", "every year on Monday in week 1 and 53"},
		{"FREQ=DAILY;BYHOUR=9,17;COUNT=1", "every day at 09:00 and 17:00, once"},
		{"FREQ=HOURLY;INTERVAL=6", "every 6th hour"},
		{"FREQ=DAILY;UNTIL=20261130T070000Z", "every day until 30 November 2026, 08:00"},
		{"FREQ=DAILY;INTERVAL=11", "every 11th day"},
		{"FREQ=DAILY;INTERVAL=22", "every 22nd day"},
	}
	for _, tt := range tests {
		r, err := ParseRule(tt.rule)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Words(start); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.rule, got, tt.want)
		}
	}
}

func TestLoadZone(t *testing.T) {
	tests := []struct{ id, want string }{
		{"Europe/Berlin", "Europe/Berlin"},
		{"europe/berlin", "Europe/Berlin"},
		{"Europe/Kyiv", "Europe/Kyiv"}, // younger than the table
		{"US/Eastern", "US/Eastern"},
		{"UTC", "UTC"},
		{"Etc/UTC", "UTC"},
		{"CET", "CET"},
		{"W. Europe Standard Time", "Europe/Berlin"},
		{"Eastern Standard Time", "America/New_York"},
		{`"Tokyo Standard Time"`, "Asia/Tokyo"},
		{"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"},
		{"(GMT+01.00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"},
		{"/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "Europe/Berlin"},
		{"/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
		{"/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"},
		{"tzone://Microsoft/Utc", "UTC"},
		{"tzone://Microsoft/Custom", ""},
		{"Local", ""},
		{"", ""},
		{"../../etc/passwd", ""},
		{"Customized Time Zone", ""},
	}
	for _, tt := range tests {
		z, ok := LoadZone(tt.id)
		if ok != (tt.want != "") || ok && z.Name() != tt.want {
			t.Errorf("%q: got %v, %v, want %q", tt.id, z, ok, tt.want)
		}
	}
	for _, m := range []map[string]string{windowsNames, windowsPlaces, tzNames} {
		for k, tz := range m {
			if loadZone(tz) == nil {
				t.Errorf("%q names %q, which the tz database doesn't have", k, tz)
			}
			if zoneKey(k) != k {
				t.Errorf("the key %q isn't folded", k)
			}
		}
	}
}

// TestResolve tries each half hour around the changes of zones with odd ones.
func TestResolve(t *testing.T) {
	tests := []struct{ zone, wall, want string }{
		{"Europe/Berlin", "20260329T015959", "2026-03-29T00:59:59Z"},
		{"Europe/Berlin", "20260329T020000", "2026-03-29T01:00:00Z"}, // a gap: as +01:00
		{"Europe/Berlin", "20260329T025959", "2026-03-29T01:59:59Z"},
		{"Europe/Berlin", "20260329T030000", "2026-03-29T01:00:00Z"},
		{"Europe/Berlin", "20261025T020000", "2026-10-25T00:00:00Z"}, // twice: the first
		{"Europe/Berlin", "20261025T030000", "2026-10-25T02:00:00Z"},
		{"Australia/Lord_Howe", "20261004T021500", "2026-10-03T15:45:00Z"}, // half an hour is left out
		{"Australia/Lord_Howe", "20260405T014500", "2026-04-04T14:45:00Z"},
		{"Pacific/Apia", "20111230T120000", "2011-12-30T22:00:00Z"}, // a whole day is left out
		{"Pacific/Apia", "20111231T120000", "2011-12-30T22:00:00Z"},
		{"America/St_Johns", "20260308T023000", "2026-03-08T06:00:00Z"},
		{"Europe/Berlin", "20401231T120000", "2040-12-31T11:00:00Z"}, // the last day of a leap year beyond the table
		{"Europe/Berlin", "20410101T003000", "2040-12-31T23:30:00Z"},
		{"Asia/Kolkata", "20260701T090000", "2026-07-01T03:30:00Z"},
	}
	for _, tt := range tests {
		z, ok := LoadZone(tt.zone)
		if !ok {
			t.Fatalf("no %s", tt.zone)
		}
		s, err := ParseStamp(tt.wall, z)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.In(nil).UTC().Format(time.RFC3339); got != tt.want {
			t.Errorf("%s in %s: got %s, want %s", tt.wall, tt.zone, got, tt.want)
		}
	}
}
