package demo_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-vcard"
	"github.com/google/go-cmp/cmp"

	"cradle/hwtest/demo"
)

var now = time.Date(2026, 5, 4, 10, 20, 30, 0, time.UTC)

// tree reads all files with their times.
func tree(t *testing.T, dir string) (texts map[string]string, times map[string]time.Time) {
	t.Helper()
	texts, times = make(map[string]string), make(map[string]time.Time)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		texts[filepath.ToSlash(rel)], times[filepath.ToSlash(rel)] = string(b), fi.ModTime()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts, times
}

func seed(t *testing.T, at time.Time) (map[string]string, map[string]time.Time) {
	t.Helper()
	dir := t.TempDir()
	if err := demo.Seed(dir, at); err != nil {
		t.Fatal(err)
	}
	if err := demo.Seed(dir, at); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second time: %v, want ErrExist", err)
	}
	return tree(t, dir)
}

func TestSeedIsDeterministic(t *testing.T) {
	texts, times := seed(t, now)
	again, timesAgain := seed(t, now)
	if d := cmp.Diff(texts, again); d != "" {
		t.Errorf("two runs differ:\n%s", d)
	}
	if d := cmp.Diff(times, timesAgain); d != "" {
		t.Errorf("times of two runs differ:\n%s", d)
	}
	for name, at := range times {
		if at.After(now) || at.Before(now.AddDate(-1, 0, -2)) {
			t.Errorf("%s: time %v isn't in the year before %v", name, at, now)
		}
	}
}

func TestSeedCounts(t *testing.T) {
	texts, _ := seed(t, now)
	counts := make(map[string]int)
	for name := range texts {
		counts[filepath.Dir(name)]++
	}
	cards := counts["Cradle/contacts/personal"] + counts["Cradle/contacts/work"]
	if cards != demo.Contacts || counts["Cradle/contacts/work"] < 20 {
		t.Errorf("%d cards (%v), want %d", cards, counts, demo.Contacts)
	}
	if got := counts["Cradle/calendars/personal"]; got != demo.Events {
		t.Errorf("%d events, want %d", got, demo.Events)
	}
	if got := counts["Cradle/tasks/personal"]; got != demo.Tasks {
		t.Errorf("%d tasks, want %d", got, demo.Tasks)
	}
	if len(counts) != 4 {
		t.Errorf("folders %v, want four", counts)
	}
}

// TestCards looks at the text of all cards, and reads those of vCard 3 and 4
// with a reader that knows nothing of this program.
func TestCards(t *testing.T) {
	texts, _ := seed(t, now)
	features := map[string]int{
		"VERSION:2.1": 0, "VERSION:3.0": 0, "VERSION:4.0": 0,
		"ENCODING=QUOTED-PRINTABLE": 0, "=\r\n": 0, "X-ABLabel": 0, "X-ANDROID-CUSTOM": 0, "X-MS-OL-DESIGN": 0,
		"PHOTO;ENCODING=BASE64": 0, "PHOTO;ENCODING=b": 0, "PHOTO:data:image/": 0, "iVBORw0": 0, "/9j/": 0,
		"X-CLASS:private": 0, "CATEGORIES:myContacts": 0, "\r\nUID:": 0, "BDAY": 0, "NICKNAME": 0,
	}
	names := make(map[string]string)
	for file, text := range texts {
		if !strings.HasSuffix(file, ".vcf") {
			continue
		}
		if !strings.HasPrefix(text, "BEGIN:VCARD\r\nVERSION:") || !strings.HasSuffix(text, "\r\nEND:VCARD\r\n") {
			t.Errorf("%s is no card:\n%s", file, text)
		}
		if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") {
			t.Errorf("%s: a line ends without CR", file)
		}
		for f := range features {
			if strings.Contains(text, f) {
				features[f]++
			}
		}
		if strings.Contains(text, "VERSION:2.1") {
			continue
		}
		card, err := vcard.NewDecoder(strings.NewReader(text)).Decode()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		name := card.Value(vcard.FieldFormattedName)
		if other := names[name]; other != "" {
			t.Errorf("%s and %s are both %q", file, other, name)
		}
		names[name] = file
		if !strings.Contains(card.Value(vcard.FieldTelephone), "555-") || !strings.HasSuffix(card.Value(vcard.FieldEmail), "example.org") && !strings.HasSuffix(card.Value(vcard.FieldEmail), "example.com") {
			t.Errorf("%s: %q, %q aren't made up", file, card.Value(vcard.FieldTelephone), card.Value(vcard.FieldEmail))
		}
	}
	for f, n := range features {
		if n == 0 {
			t.Errorf("no card has %q", f)
		}
	}
}

func TestCalendars(t *testing.T) {
	texts, _ := seed(t, now)
	features := map[string]int{
		"RRULE:": 0, "EXDATE": 0, "RECURRENCE-ID": 0, "BEGIN:VTIMEZONE": 0, "VALUE=DATE": 0, "BEGIN:VALARM": 0, "DURATION:": 0,
		"ATTENDEE": 0, "FREQ=YEARLY": 0, "FREQ=MONTHLY": 0, "TZID=America/New_York": 0, "STATUS:COMPLETED": 0, "\r\n ": 0,
	}
	uids := make(map[string]string)
	for file, text := range texts {
		if !strings.HasSuffix(file, ".ics") {
			continue
		}
		for _, line := range strings.Split(text, "\r\n") {
			if len(line) > 75 {
				t.Errorf("%s: a line of %d bytes: %s", file, len(line), line)
			}
		}
		for f := range features {
			if strings.Contains(text, f) {
				features[f]++
			}
		}
		cal, err := ical.NewDecoder(strings.NewReader(text)).Decode()
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		own := ""
		for _, c := range cal.Children {
			uid, err := c.Props.Text(ical.PropUID)
			if err != nil || uid == "" {
				continue
			}
			if own != "" && own != uid {
				t.Errorf("%s: two UIDs", file)
			}
			own = uid
		}
		if own == "" || uids[own] != "" {
			t.Errorf("%s: UID %q, also in %s", file, own, uids[own])
		}
		uids[own] = file
		for _, e := range cal.Events() {
			start, err := e.DateTimeStart(time.UTC)
			if err != nil || start.Before(now.AddDate(-1, 0, 0)) || start.After(now.AddDate(2, 0, 0)) {
				t.Errorf("%s: starts %v, %v", file, start, err)
			}
			if end, err := e.DateTimeEnd(time.UTC); err != nil || !end.After(start) {
				t.Errorf("%s: from %v to %v, %v", file, start, end, err)
			}
			set, err := e.RecurrenceSet(time.UTC)
			if err != nil {
				t.Errorf("%s: %v", file, err)
			} else if set != nil && len(set.Between(now.AddDate(-1, 0, 0), now.AddDate(3, 0, 0), true)) < 2 {
				t.Errorf("%s: the series has fewer than two instances", file)
			}
		}
	}
	for f, n := range features {
		if n == 0 {
			t.Errorf("no calendar has %q", f)
		}
	}
}
