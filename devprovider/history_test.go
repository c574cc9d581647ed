package devprovider

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cradle/engine"
	"cradle/pim"
)

// TestHistories lets a user and two computers do at random what they may, and the
// cable be pulled, and checks after each session that every whole file is one item
// with the file's text, and every item a file.
func TestHistories(t *testing.T) {
	names := slices.Sorted(maps.Keys(shapes))
	rapid.Check(t, func(rt *rapid.T) {
		clock := newTestClock()
		m := newMemStore(clock.now)
		shapes[rapid.SampledFrom(names).Draw(rt, "shape")](m)
		pcs := []*pc{newPC(t, 'A'), newPC(t, 'B')}
		opt := Options{Serial: "S", Now: clock.now}
		folders, collections := []string{"Cradle/contacts/personal/", "Cradle/contacts/work/"}, []string{"personal", "work"}
		if rapid.Bool().Draw(rt, "vdir") {
			// One computer has it in its settings, and the other one in the state.
			m.storages[0].folders["Documents"], m.storages[0].folders["Documents/Contacts"] = true, true
			pcs[0].vdirs = []Vdir{{Folder: "Documents/Contacts", Collection: "family"}}
			folders, collections = append(folders, elsewhere), append(collections, "family")
		}
		count := 0
		text := func() string {
			count++
			uid := rapid.SampledFrom([]string{"", "u1", "u2", "u3"}).Draw(rt, "uid")
			return card(uid, fmt.Sprintf("Name%03d", count))
		}
		file := func() string {
			return rapid.SampledFrom(folders).Draw(rt, "folder") +
				rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "name") + ".vcf"
		}
		existing := func() string {
			paths := slices.Sorted(maps.Keys(m.tree()))
			if len(paths) == 0 {
				return ""
			}
			return rapid.SampledFrom(paths).Draw(rt, "path")
		}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			clock.later()
			switch rapid.SampledFrom([]string{"put", "put", "bundle", "edit", "edit", "drop", "rename", "copy", "wipe", "shift", "sync", "sync", "sync", "sync"}).Draw(rt, "step") {
			case "put":
				if p := file(); m.storages[0].files[p] == nil {
					m.put(p, text())
				}
			case "bundle":
				var b strings.Builder
				for range rapid.IntRange(2, 3).Draw(rt, "cards") {
					b.WriteString(text())
				}
				m.put(rapid.SampledFrom(folders).Draw(rt, "bundle's folder")+"all.vcf", b.String())
			case "edit":
				if p := existing(); p != "" {
					count++
					m.put(p, strings.Replace(m.tree()[p], "END:VCARD", fmt.Sprintf("NOTE:%d\r\nEND:VCARD", count), 1))
				}
			case "drop":
				if p := existing(); p != "" {
					m.drop(p)
				}
			case "rename":
				if p, q := existing(), file(); p != "" && m.storages[0].files[q] == nil {
					for f := parent(q); f != ""; f = parent(f) {
						m.storages[0].folders[f] = true
					}
					m.storages[0].files[q] = m.storages[0].files[p]
					m.drop(p)
				}
			case "copy":
				if p, q := existing(), file(); p != "" && m.storages[0].files[q] == nil {
					m.put(q, m.tree()[p])
				}
			case "wipe":
				for p := range m.storages[0].files {
					if strings.HasPrefix(p, stateFolder) {
						m.drop(p)
					}
				}
			case "shift":
				d := rapid.SampledFrom([]time.Duration{time.Hour, -time.Hour, 45 * time.Minute}).Draw(rt, "shift")
				m.skew += d
				if m.grain > 0 {
					for _, f := range m.storages[0].files {
						f.modified += d.Milliseconds()
					}
				}
			case "sync":
				p := rapid.SampledFrom(pcs).Draw(rt, "pc")
				if rapid.Bool().Draw(rt, "cut") {
					m.cut, m.bytes = m.ops+rapid.IntRange(1, 30).Draw(rt, "cut after"), rapid.IntRange(-1, 90).Draw(rt, "bytes")
				}
				err := randomSession(rt, p, m, opt, collections, text)
				m.cut, m.gone = 0, false
				if err != nil && !errors.Is(err, engine.ErrGone) {
					rt.Fatalf("session: %v", err)
				}
			}
			clock.later()
			checkSurvey(rt, pcs[0], m, opt)
		}
	})
}

// randomSession takes over what is there and writes some items.
func randomSession(rt *rapid.T, p *pc, m *memStore, opt Options, collections []string, text func() string) error {
	if err := p.open(replaceable(m), opt); err != nil {
		return err
	}
	if _, err := p.take(); err != nil {
		return err
	}
	for range rapid.IntRange(0, 3).Draw(rt, "writes") {
		var live []engine.ItemID
		for id, it := range p.next["contacts"] {
			if !it.Meta.Deleted {
				live = append(live, id)
			}
		}
		slices.SortFunc(live, engine.ItemID.Compare)
		collection := rapid.SampledFrom(collections).Draw(rt, "collection")
		var err error
		if len(live) > 0 && rapid.Bool().Draw(rt, "old") {
			id := rapid.SampledFrom(live).Draw(rt, "item")
			was := p.next["contacts"][id]
			v, lerr := p.f.Load(ctxb, "contacts", id, was.Place)
			if lerr != nil {
				return lerr
			}
			switch rapid.SampledFrom([]string{"edit", "move", "remove"}).Draw(rt, "what") {
			case "edit":
				err = p.write("contacts", id, pim.Contacts.Collection(v), strings.Replace(string(pim.Contacts.Text(v)), "END:VCARD", "TITLE:by a PC\r\nEND:VCARD", 1))
			case "move":
				err = p.write("contacts", id, collection, string(pim.Contacts.Text(v)))
			default:
				err = p.write("contacts", id, "", "")
			}
		} else {
			body := text()
			uid := pim.Read([]byte(body)).Objects[0].UID
			if uid == "" {
				continue
			}
			id := engine.ItemIDFromUID("contacts", uid, 1)
			if it, ok := p.next["contacts"][id]; ok && !it.Meta.Deleted {
				continue
			}
			err = p.write("contacts", id, collection, body)
		}
		if err != nil && !errors.Is(err, engine.ErrChanged) {
			return err
		}
	}
	return p.commit()
}

// checkSurvey surveys as a computer that only looks.
func checkSurvey(rt *rapid.T, p *pc, m *memStore, opt Options) {
	look := m.clone()
	c := *p
	c.views = maps.Clone(p.views)
	if err := c.open(replaceable(look), opt); err != nil {
		rt.Fatal(err)
	}
	if _, err := c.take(); err != nil {
		rt.Fatal(err)
	}
	var got []string
	for id, it := range c.next["contacts"] {
		if it.Meta.Deleted {
			continue
		}
		v, err := c.f.Load(ctxb, "contacts", id, it.Place)
		if err != nil {
			rt.Fatalf("%s: %v", it.Place.Path, err)
		}
		got = append(got, wholeText(v))
	}
	// What is there once the survey's steps are done, is what there is.
	if err := c.commit(); err != nil {
		rt.Fatal(err)
	}
	var want, bundled []string
	for _, text := range look.tree() {
		f := pim.Read([]byte(text))
		switch {
		case f.Torn:
		case len(f.Objects) == 1:
			want = append(want, strings.TrimRight(text, "\r\n")+"\r\n")
		default:
			for _, o := range f.Objects {
				bundled = append(bundled, strings.TrimRight(string(o.Text), "\r\n")+"\r\n")
			}
		}
	}
	// What is in a bundle may be an item, or a copy that no longer counts.
	for _, text := range bundled {
		if count(got, text) > count(want, text) {
			i := slices.Index(got, text)
			got = slices.Delete(got, i, i+1)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		rt.Fatalf("items: got\n%s\nwant\n%s\nfiles %v", strings.Join(got, "\n"), strings.Join(want, "\n"), slices.Sorted(maps.Keys(m.tree())))
	}
	again := newPC(p.t, 'Z')
	if err := again.open(replaceable(look), opt); err != nil {
		rt.Fatal(err)
	}
	sv, err := again.take()
	if err != nil {
		rt.Fatal(err)
	}
	if n := len(sv["contacts"].Objects) + len(sv["contacts"].Absent); n > 0 {
		rt.Fatalf("after a commit there are changes:\n%s", told(sv))
	}
}

func count(list []string, s string) int {
	n := 0
	for _, e := range list {
		if e == s {
			n++
		}
	}
	return n
}
