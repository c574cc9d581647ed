package recur

import (
	"slices"
	"testing"
	"time"
)

// A written zone has the changes of the zone that it was made of, for the years that it is
// written for.
func TestObservances(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules int // yearly ones
		years int
	}{
		{"Europe/Berlin", 2, 30}, {"America/New_York", 2, 30}, {"Australia/Sydney", 2, 30}, {"Europe/Dublin", 2, 30},
		{"Asia/Tokyo", 0, 12}, {"Asia/Kolkata", 0, 12}, {"America/Sao_Paulo", 0, 12}, {"Asia/Jerusalem", 0, 11}, {"Africa/Casablanca", 0, 11},
	} {
		z, ok := LoadZone(c.name)
		if !ok {
			t.Fatalf("no %s", c.name)
		}
		for _, year := range []int{2011, 2026} {
			if year == 2011 && c.rules > 0 {
				continue // some changed their rules since 2010
			}
			from := time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC)
			parts := z.Observances(from)
			rules := 0
			for _, o := range parts {
				rules += len(o.Rules)
			}
			made, err := NewZone(c.name, parts)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Date(year-1, 1, 1, 0, 0, 0, 0, time.UTC)
			end := begin.AddDate(c.years, 0, 0)
			text := func(z *Zone) (out []string) {
				for _, at := range z.Changes(begin, end) {
					_, offset := at.Zone()
					out = append(out, at.UTC().Format(stampForm)+" "+time.Duration(offset*1e9).String())
				}
				return out
			}
			if a, b := text(z), text(made); rules != c.rules || !slices.Equal(a, b) {
				t.Errorf("%s from %d: %d rules, changes %v, want %v", c.name, year, rules, b, a)
			}
			if at := from.Unix(); z.wall(at) != made.wall(at) {
				t.Errorf("%s in %d: %d, want %d", c.name, year, made.wall(at), z.wall(at))
			}
		}
	}
}
