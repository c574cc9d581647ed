package devprovider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cradle/engine"
)

// noted is a cache that keeps notes.
type noted map[string]string

func (noted) Known(engine.Place) bool      { return false }
func (noted) Remember(engine.Place)        {}
func (n noted) Note(name string) string    { return n[name] }
func (n noted) KeepNote(name, text string) { n[name] = text }
func discovered(list []Found) (lines []string) {
	for _, e := range list {
		what := "vdir"
		if e.Export {
			what = "export"
		}
		lines = append(lines, fmt.Sprintf("%s %s:%s %s %d", what, e.Storage, e.Path, strings.Join(e.Scopes, ","), e.Items))
	}
	return lines
}

func TestDiscover(t *testing.T) {
	many := func(n int, uid string) string {
		s := ""
		for i := range n {
			u := ""
			if uid != "" {
				u = fmt.Sprint(uid, i)
			}
			s += card(u, fmt.Sprint("Person ", i))
		}
		return s
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"nothing", nil, nil},
		{"a vdir", map[string]string{"Documents/Contacts/a.vcf": card("a", "A")}, []string{"vdir internal:Documents/Contacts contacts 1"}},
		{"a vdir at the root", map[string]string{"contacts/a.vcf": card("a", "A"), "contacts/b.vcf": card("b", "B")}, []string{"vdir internal:contacts contacts 2"}},
		{"calendars", map[string]string{"vdirsyncer/home/a.ics": event("a", "A"), "vdirsyncer/work/b.ics": event("b", "B")},
			[]string{"vdir internal:vdirsyncer/home events 1", "vdir internal:vdirsyncer/work events 1"}},
		{"cards without UIDs, one a file", map[string]string{"Others/Contacts/a.vcf": card("", "A"), "Others/Contacts/b.vcf": card("", "B"), "Others/Contacts/c.vcf": card("", "C")},
			[]string{"vdir internal:Others/Contacts contacts 3"}},
		{"one card that was sent", map[string]string{"Download/a.vcf": card("", "A")}, nil},
		{"an export", map[string]string{"Download/contacts.vcf": many(3, "")}, []string{"export internal:Download/contacts.vcf contacts 3"}},
		{"an export of cards with UIDs", map[string]string{"Download/contacts.vcf": many(3, "u")}, []string{"export internal:Download/contacts.vcf contacts 3"}},
		{"an export at the root", map[string]string{"00001.vcf": many(2, "")}, []string{"export internal:00001.vcf contacts 2"}},
		{"an export among cards", map[string]string{"Download/a.vcf": card("a", "A"), "Download/b.vcf": card("b", "B"), "Download/c.vcf": card("c", "C"), "Download/d.vcf": card("d", "D"), "Download/z.vcf": many(9, "")},
			[]string{"export internal:Download/z.vcf contacts 9"}},
		{"cards at the root", map[string]string{"a.vcf": card("a", "A"), "b.vcf": card("b", "B"), "c.vcf": card("c", "C")}, nil},
		{"the tree", map[string]string{personal + "a.vcf": card("a", "A")}, nil},
		{"too deep", map[string]string{"Documents/a/b/c.vcf": card("a", "A")}, nil},
		{"where nobody looks", map[string]string{"DCIM/contacts/a.vcf": card("a", "A"), "Android/data/a.vcf": card("b", "B")}, nil},
		{"hidden", map[string]string{"Documents/.trash/a.vcf": card("a", "A")}, nil},
		{"broken files", map[string]string{"Documents/a.vcf": "BEGIN:VCARD\r\nFN:x", "Documents/b.ics": "hello"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := newTestClock()
			m := newMemStore(clock.now)
			for _, path := range sortedKeys(tt.files) {
				m.put(path, tt.files[path])
			}
			before := m.tree()
			f, err := Open(ctxb, m, Options{Serial: "S", Now: clock.now})
			if err != nil {
				t.Fatal(err)
			}
			found, fresh, err := f.Discover(ctxb, false)
			if err != nil || !fresh {
				t.Fatalf("got %v, fresh %v", err, fresh)
			}
			if got, want := strings.Join(discovered(found), "\n"), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if len(m.tree()) != len(before) || m.did["create"]+m.did["mkdir"]+m.did["delete"] != 0 {
				t.Error("something was written")
			}
		})
	}
}

// What nothing changed since isn't looked through again; a folder of another time is,
// and whoever asks for it.
func TestDiscoverOnce(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	m.put("Documents/Contacts/a.vcf", card("a", "A"))
	cache := noted{}
	look := func(always bool) (list []Found, fresh bool, cost int) {
		t.Helper()
		f, err := Open(ctxb, m, Options{Serial: "S", Now: clock.now, Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		was := m.ops
		list, fresh, err = f.Discover(ctxb, always)
		if err != nil {
			t.Fatal(err)
		}
		f.RememberFound()
		return list, fresh, m.ops - was
	}
	if list, fresh, _ := look(false); len(list) != 1 || !fresh || !list[0].News {
		t.Fatalf("first: %+v, fresh %v", list, fresh)
	}
	if list, fresh, cost := look(false); len(list) != 1 || fresh || cost != 0 {
		t.Errorf("again: %v, fresh %v, %d operations, want what was found for nothing", list, fresh, cost)
	}
	if _, fresh, cost := look(true); !fresh || cost == 0 {
		t.Errorf("asked for: fresh %v, %d operations", fresh, cost)
	}
	m.put("Download/x.vcf", card("x", "X"))
	if list, fresh, _ := look(false); len(list) != 2 || !fresh || list[0].News || !list[1].News {
		t.Errorf("with a folder more: %+v, fresh %v, want the second one to be news", list, fresh)
	}
	cache[noteFound] = "{"
	if _, fresh, _ := look(false); !fresh {
		t.Error("a note that can't be read is taken")
	}
	// What is used, or was let go, is no news.
	f, err := Open(ctxb, m, Options{Serial: "S", Now: clock.now, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Use(ctxb, Vdir{Folder: "Documents/Contacts"}); err != nil {
		t.Fatal(err)
	}
	list, fresh, err := f.Discover(ctxb, false)
	if err != nil || fresh || len(list) != 1 || list[0].Path != "Download" {
		t.Errorf("beside one that is used: %v, fresh %v, %v", list, fresh, err)
	}
}

func TestDiscoverBounds(t *testing.T) {
	clock := newTestClock()
	m := newMemStore(clock.now)
	for i := range 3 * maxLooked {
		m.put(fmt.Sprintf("Download/%03d/a.vcf", i), card("a", "A"))
	}
	for i := range 500 {
		m.put(fmt.Sprintf("Documents/Contacts/%03d.vcf", i), card(fmt.Sprint("u", i), "A"))
	}
	f, err := Open(ctxb, m, Options{Serial: "S", Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	m.did = map[string]int{}
	found, _, err := f.Discover(ctxb, true)
	if err != nil {
		t.Fatal(err)
	}
	if m.did["list"] > maxLooked || m.did["read"] > maxLooked*maxSampled {
		t.Errorf("%d listings and %d reads, want at most %d and %d", m.did["list"], m.did["read"], maxLooked, maxLooked*maxSampled)
	}
	if got := discovered(found)[0]; got != "vdir internal:Documents/Contacts contacts 500" {
		t.Errorf("first found: %s", got)
	}
	m.cut = m.ops + 3
	if _, _, err := f.Discover(ctxb, true); !errors.Is(err, engine.ErrGone) {
		t.Errorf("a cable pulled: got %v", err)
	}
	ctx, stop := context.WithCancel(ctxb)
	stop()
	m.gone, m.cut = false, 0
	if _, _, err := f.Discover(ctx, true); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
}
