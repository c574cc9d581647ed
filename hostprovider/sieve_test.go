package hostprovider

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"cradle/engine"
	"cradle/pim"
)

// putEvent saves an event of a day as a session would.
func putEvent(t testing.TB, tx engine.Tx, uid, collection, day string) engine.ItemID {
	t.Helper()
	text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTART:" + day + "T090000Z\r\nDTEND:" + day + "T100000Z\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	v, err := pim.Events.New([]byte(text), collection)
	if err != nil {
		t.Fatal(err)
	}
	ver, err := tx.Mint()
	if err != nil {
		t.Fatal(err)
	}
	id := engine.ItemIDFromUID("events", uid, 1)
	m, _ := revision{kind: pim.Events, life: stamp{ver, 1000}}.live(id, nil, v)
	if err := tx.Put(m, v); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOutside(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	ids := map[string]engine.ItemID{}
	err := s.Update(ctx, "events", func(tx engine.Tx) error {
		for _, e := range [][3]string{{"now", "personal", "20260601"}, {"past", "personal", "20200601"}, {"work", "Work", "20260601"}, {"both", "Work", "20200601"}, {"gone", "Work", "20200601"}} {
			ids[e[0]] = putEvent(t, tx, e[0], e[1], e[2])
		}
		m, err := tx.Meta(ids["gone"])
		if err != nil {
			return err
		}
		v, err := tx.Mint()
		if err != nil {
			return err
		}
		return tx.Put(m.Tombstone(v, 0), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	leave := engine.Rule{Name: pim.RuleLeaveOut, Params: []string{"Work"}}
	window := engine.Rule{Name: pim.RuleWindow, Params: []string{"90", ""}}
	now := time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		rules []engine.Rule
		want  []string
	}{
		{"a collection", []engine.Rule{leave}, []string{"work", "both"}},
		{"a window", []engine.Rule{window}, []string{"past", "both"}},
		{"both", []engine.Rule{leave, window}, []string{"past", "work", "both"}},
	} {
		got, err := s.Outside(ctx, "events", engine.Filter{Rules: tt.rules}, now)
		if err != nil {
			t.Fatal(err)
		}
		want := map[engine.ItemID]bool{}
		for _, name := range tt.want {
			want[ids[name]] = true
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, want)
		}
	}
}

// BenchmarkOutside is what a window costs each sync of 10,000 events.
func BenchmarkOutside(b *testing.B) {
	ctx := context.Background()
	s := newTestStore(b)
	err := s.Update(ctx, "events", func(tx engine.Tx) error {
		for i := range 10_000 {
			putEvent(b, tx, fmt.Sprint("e", i), "personal", time.Date(2020, 1, i%2000, 0, 0, 0, 0, time.UTC).Format("20060102"))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	f := engine.Filter{Rules: []engine.Rule{{Name: pim.RuleWindow, Params: []string{"90", "365"}}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Outside(ctx, "events", f, time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)); err != nil {
			b.Fatal(err)
		}
	}
}
