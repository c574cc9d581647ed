package recur

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func stamp(t testing.TB, v string, z *Zone) Stamp {
	t.Helper()
	s, err := ParseStamp(v, z)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func series(t testing.TB, start, zone string, rules ...string) *Series {
	t.Helper()
	z, ok := LoadZone(zone)
	if zone != "" && !ok {
		t.Fatalf("no zone %s", zone)
	}
	s := &Series{Start: stamp(t, start, z)}
	for _, v := range rules {
		r, err := ParseRules(v)
		if err != nil {
			t.Fatal(err)
		}
		s.Rules = append(s.Rules, r...)
	}
	return s
}

// TestWindows: a window shows what the whole walk shows there, wherever it lies.
func TestWindows(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Pacific/Apia", "UTC"}
	rules := []string{"FREQ=DAILY", "FREQ=DAILY;INTERVAL=3;COUNT=400", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,MO;WKST=SU", "FREQ=MONTHLY;BYDAY=-1FR,MO;BYSETPOS=1,-1",
		"FREQ=MONTHLY;BYMONTHDAY=31,-1;BYHOUR=1,2,3", "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,SU", "FREQ=HOURLY;INTERVAL=7", "FREQ=HOURLY;INTERVAL=5;COUNT=3000;BYMINUTE=0,30",
		"FREQ=MINUTELY;INTERVAL=90;BYHOUR=2,3;COUNT=900", "FREQ=MINUTELY;INTERVAL=20;BYHOUR=2,3,4;COUNT=3000", "FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,15,45;BYSETPOS=2,-1;COUNT=700", "FREQ=YEARLY;BYDAY=20MO"}
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.IntRange(0, 700)
		z, _ := LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		begin := time.Date(2010, 1, 1, rapid.IntRange(0, 23).Draw(t, "hour"), 30, 0, 0, time.UTC).AddDate(0, 0, day.Draw(t, "start"))
		s := &Series{Start: Stamp{Wall: begin, Zone: z}, Length: Length{Days: rapid.IntRange(0, 2).Draw(t, "days"), Exact: time.Duration(rapid.IntRange(0, 100).Draw(t, "minutes")) * time.Minute}}
		for range rapid.IntRange(1, 2).Draw(t, "rules") {
			r, err := ParseRule(rapid.SampledFrom(rules).Draw(t, "rule"))
			if err != nil {
				t.Fatal(err)
			}
			s.Rules = append(s.Rules, r)
		}
		at := func(name string) Stamp {
			return Stamp{Wall: begin.AddDate(0, 0, day.Draw(t, name)), Zone: z}
		}
		for range rapid.IntRange(0, 3).Draw(t, "away") {
			s.ExDates = append(s.ExDates, at("exdate"))
		}
		for range rapid.IntRange(0, 2).Draw(t, "extra") {
			s.Dates = append(s.Dates, Extra{Start: at("rdate")})
		}
		for range rapid.IntRange(0, 2).Draw(t, "changed") {
			s.Override = append(s.Override, Override{ID: at("id"), Start: at("moved"), ThisAndFuture: rapid.Bool().Draw(t, "future"), Cancelled: rapid.IntRange(0, 5).Draw(t, "cancelled") == 0})
		}
		first := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
		last := first.AddDate(3, 0, 0)
		all := walkAll(t, s, time.Time{}, last)
		if !slices.IsSortedFunc(all, func(a, b Occurrence) int { return a.Start.Compare(b.Start) }) {
			t.Fatalf("not in order: %v", all)
		}
		from := first.AddDate(0, 0, day.Draw(t, "from"))
		to := from.AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "to"))
		var want []Occurrence
		for _, o := range all {
			if o.Start.Before(to) && (o.End.After(from) || !o.Start.Before(from)) {
				want = append(want, o)
			}
		}
		got := walkAll(t, s, from, to)
		if !slices.EqualFunc(got, want, func(a, b Occurrence) bool {
			return a.Start.Equal(b.Start) && a.End.Equal(b.End) && a.ID.Equal(b.ID) && a.Override == b.Override
		}) {
			t.Fatalf("%v to %v of %+v:\n got %v\nwant %v", from, to, s, got, want)
		}
	})
}

func walkAll(t *rapid.T, s *Series, from, to time.Time) (out []Occurrence) {
	for o, err := range s.Occurrences(context.Background(), from, to, nil) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// TestHostile: work is bounded, whatever the rule, and so is the wait for a cancelled context.
func TestHostile(t *testing.T) {
	late := time.Date(2900, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		s    *Series
		want int   // occurrences among the first 3 after 2900
		err  error // or this
	}{
		{"every second for ever", series(t, "19700101T000000Z", "", "FREQ=SECONDLY"), 3, nil},
		{"never: 30 February", series(t, "20260101T000000Z", "", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"), 0, nil},
		{"never: 30 February, by year", series(t, "20260101T000000Z", "", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), 0, nil},
		{"never: an hour that the interval passes over", series(t, "20260101T040000Z", "", "FREQ=HOURLY;INTERVAL=24;BYHOUR=5"), 0, nil},
		{"never: a place that no set has", series(t, "20260101T040000Z", "", "FREQ=DAILY;BYSETPOS=2"), 0, nil},
		{"never: days and hours that don't meet", series(t, "20260101T000000Z", "", "FREQ=HOURLY;INTERVAL=49;BYMONTH=2;BYMONTHDAY=30"), 0, nil},
		{"seldom: every 2^31 years", series(t, "20260101T000000Z", "", "FREQ=YEARLY;INTERVAL=2147483648"), 0, nil},
		{"seldom: every 2^31 seconds", series(t, "20260101T000000Z", "", "FREQ=SECONDLY;INTERVAL=2147483648"), 3, nil},
		{"all and all of it away", withExRule(series(t, "20260101T000000Z", "", "FREQ=SECONDLY"), "FREQ=SECONDLY"), 0, ErrSparse},
		{"a huge count", series(t, "19700101T000000Z", "", "FREQ=SECONDLY;COUNT=2000000000"), 0, nil},
		{"a huge count that doesn't fit the day", series(t, "19700101T000000Z", "", "FREQ=SECONDLY;INTERVAL=7;COUNT=2000000000;BYHOUR=1"), 0, ErrSparse},
		{"every second of every day, by lists", series(t, "19700101T000000Z", "", "FREQ=DAILY;COUNT=2000000000;BYHOUR=0,1,2,3;BYMINUTE=0,1,2,3;BYSECOND=1,2,3,4"), 3, nil},
		{"too many rules", series(t, "19700101T000000Z", "", slices.Repeat([]string{"FREQ=DAILY"}, 200)...), 0, ErrTooMany},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			begun := time.Now()
			got, err := tt.s.Next(context.Background(), late, 3, nil)
			if len(got) != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %v, %v, want %d, %v", got, err, tt.want, tt.err)
			}
			if d := time.Since(begun); d > 10*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 2 {
		if _, err := tests[len(tests)-3].s.Next(ctx, late, 1, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: got %v", err)
		}
	}
}

func withExRule(s *Series, rule string) *Series {
	r, err := ParseRule(rule)
	if err != nil {
		panic(err)
	}
	s.ExRules = append(s.ExRules, r)
	return s
}

func TestEqual(t *testing.T) {
	const start, zone = "20260113T090000", "Europe/Berlin" // a Tuesday, the second
	tests := []struct {
		name, a, b string
		want       bool
	}{
		{"written otherwise", "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU;WKST=MO", "FREQ=WEEKLY", true},
		{"the second Tuesday", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", true},
		{"the second Tuesday isn't the 13th", "FREQ=MONTHLY;BYDAY=2TU", "FREQ=MONTHLY", false},
		{"COUNT and UNTIL", "FREQ=DAILY;COUNT=3", "FREQ=DAILY;UNTIL=20260115T080000Z", true},
		{"COUNT and UNTIL as a date", "FREQ=DAILY;COUNT=3", "FREQ=DAILY;UNTIL=20260115", true},
		{"one less", "FREQ=DAILY;COUNT=3", "FREQ=DAILY;COUNT=4", false},
		{"weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=DAILY;BYDAY=FR,TH,WE,TU,MO", true},
		{"the old grammar", "W2 TU #0", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", true},
		{"a week's beginning that matters", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU", false},
		{"a leap year's difference", "FREQ=YEARLY;BYYEARDAY=60", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=1", false},
		{"the last day", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", true},
		{"the 31st isn't the last", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYMONTHDAY=31", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 {
				got, err := Equal(context.Background(), series(t, start, zone, tt.a), series(t, start, zone, tt.b), nil, 0)
				if err != nil || got != tt.want {
					t.Errorf("%s and %s: got %v, %v, want %v", tt.a, tt.b, got, err, tt.want)
				}
				tt.a, tt.b = tt.b, tt.a
			}
		})
	}
	if got, err := Equal(context.Background(), series(t, start, zone), series(t, start, ""), nil, 0); got || err != nil {
		t.Errorf("a zone and a floating time: got %v, %v", got, err)
	}
}

// TestNewZone: Berlin by its rules is Berlin.
func TestNewZone(t *testing.T) {
	rule := func(v string) []Rule {
		r, err := ParseRule(v)
		if err != nil {
			t.Fatal(err)
		}
		return []Rule{r}
	}
	z, err := NewZone("custom", []Observance{
		{Start: stamp(t, "19961027T030000", nil), From: 7200, To: 3600, Name: "CET", Rules: rule("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10")},
		{Start: stamp(t, "19960331T020000", nil), From: 3600, To: 7200, Name: "CEST", Rules: rule("FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3")},
	})
	if err != nil {
		t.Fatal(err)
	}
	berlin, _ := LoadZone("Europe/Berlin")
	for at := time.Date(1996, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2037; at = at.Add(25 * time.Minute * 60) {
		if got, want := z.Wall(at), berlin.Wall(at); !got.Equal(want) {
			t.Fatalf("at %v the clock shows %v, want %v", at, got, want)
		}
		wall := at
		if got, want := z.Resolve(wall), berlin.Resolve(wall); !got.Equal(want) || got.Format("MST -0700") != want.Format("MST -0700") {
			t.Fatalf("%v is %v, want %v", wall, got, want)
		}
	}
	for name, parts := range map[string][]Observance{
		"nothing":     nil,
		"no start":    {{From: 0, To: 3600}},
		"a day's way": {{Start: stamp(t, "19960331T020000", nil), To: 86400}},
	} {
		if z, err := NewZone("x", parts); !errors.Is(err, ErrTime) {
			t.Errorf("%s: got %v, %v, want ErrTime", name, z, err)
		}
	}
	if z, err := NewZone("x", []Observance{{Start: stamp(t, "19960331T020000", nil), To: 3600, Rules: rule("FREQ=SECONDLY")}}); err != nil || len(z.changes) > maxChanges {
		t.Errorf("a change every second: %v", err)
	}
}
