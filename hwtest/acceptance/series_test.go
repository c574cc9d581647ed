package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
	"cradle/hwtest"
	"cradle/mtp/responder"
)

// series is a weekly appointment with two changed occurrences, each of its three parts
// with the number of the round that wrote it.
func series(round int) string {
	part := func(summary string, more ...string) []string {
		return append([]string{"BEGIN:VEVENT", "UID:series", "DTSTAMP:20260101T000000Z", fmt.Sprintf("SUMMARY:%s of round %d", summary, round)}, append(more, "END:VEVENT")...)
	}
	lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y"}
	lines = append(lines, part("master", "DTSTART:20260401T100000Z", "RRULE:FREQ=WEEKLY;COUNT=10")...)
	lines = append(lines, part("second", "DTSTART:20260408T110000Z", "RECURRENCE-ID:20260408T100000Z")...)
	lines = append(lines, part("third", "DTSTART:20260415T120000Z", "RECURRENCE-ID:20260415T100000Z")...)
	return fold(append(lines, "END:VCALENDAR"))
}

// TestG24ConsistencyUnit: a series whose master and two occurrences were edited goes to the
// phone as one thing. Wherever the cable is pulled, the phone shows all of the edit or nothing
// of it; the next session sends that item if it isn't there, and nothing else, and the one
// after that has nothing to do.
func TestG24ConsistencyUnit(t *testing.T) {
	for _, kind := range []hwtest.Kind{hwtest.Android, hwtest.Basic, folderKind} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tempDir(t), 24, 1)
			defer w.close()
			p, d := w.pcs[0], w.addPhone(kind, "P24")
			if kind == folderKind {
				d.serial = ""
			}
			_, err := p.open().Create(ctxb, "events", "personal", []byte(series(0)))
			w.must(err)
			w.mustSync(p, d, 1)
			old, new := 0, 0 // how often a session that was cut off had left which
			for cut, round := 1, 1; ; cut++ {
				ended := true
				for _, phase := range []responder.Phase{responder.InData, responder.After} {
					w.steps++
					_, _, err := p.open().Edit(ctxb, p.items()[0].id, []byte(series(round)))
					w.must(err)
					if _, err := w.sync(p, d, fault{cut: cut, phase: phase, bytes: 200}); err != nil {
						ended = false
					}
					// Between the upload and the removal of the old file the phone has both, whole.
					switch shown, torn := d.shows(t); {
					case slices.Equal(shown, []int{round - 1}):
						old++
					case torn == 0 && slices.Contains(shown, round) && shown[0] >= round-1:
						new++
					default:
						t.Fatalf("cut in transaction %d %v: the phone shows rounds %v and %d torn, want %d, or %d whole", cut, phase, shown, torn, round-1, round)
					}
					out, err := w.sync(p, d, fault{})
					w.must(err)
					if got := *out.res.Stats["events"]; got.ToStore != (engine.Moves{}) || got.ToPhone.Total() > 1 || got.Conflicts > 0 {
						t.Errorf("cut in transaction %d %v: the next session moves %+v", cut, phase, got)
					}
					if shown, torn := d.shows(t); !slices.Equal(shown, []int{round}) || torn > 0 {
						t.Fatalf("cut in transaction %d %v: after the next session the phone shows rounds %v and %d torn, want %d alone", cut, phase, shown, torn, round)
					}
					w.mustSync(p, d, 0)
					round++
				}
				if ended {
					break
				}
			}
			if old < 3 || new < 3 {
				t.Errorf("%d sessions were cut off before the edit came over and %d after it, want 3 and 3", old, new)
			}
		})
	}
}

// shows are the rounds of which the phone shows the series, ascending: each with all its
// parts. torn are files that end in the middle of it, which nobody takes for an appointment.
func (d *device) shows(t *testing.T) (rounds []int, torn int) {
	t.Helper()
	for _, f := range d.files(t) {
		b, err := os.ReadFile(filepath.Join(d.dir, f))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if !strings.HasSuffix(f, ".ics") || !strings.Contains(text, "UID:series") {
			continue
		}
		if !whole(text) {
			torn++
			continue
		}
		at := strings.Index(text, "SUMMARY:master of round ")
		if at < 0 {
			t.Fatalf("%s has the series without its master: %q", f, text)
		}
		var here int
		if _, err := fmt.Sscanf(text[at:], "SUMMARY:master of round %d", &here); err != nil {
			t.Fatal(err)
		}
		if strings.Count(text, fmt.Sprintf(" of round %d\r\n", here)) != 3 {
			t.Fatalf("%s shows a part of the edit: %q", f, text)
		}
		rounds = append(rounds, here)
	}
	slices.Sort(rounds)
	return rounds, torn
}

// mustSync runs a session that moves so many items.
func (w *world) mustSync(p *pc, d *device, moved int) {
	w.t.Helper()
	out, err := w.sync(p, d, fault{})
	w.must(err)
	if out.moved() != moved {
		w.t.Errorf("moved %d, want %d: %v", out.moved(), moved, out)
	}
}
