package devprovider

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
)

// TestStepWithoutState leaves an old object and the one that was to replace it on a
// phone whose state is gone: what the view knows counts, then the times.
func TestStepWithoutState(t *testing.T) {
	const old = personal + "a.vcf"
	early, late := time.Duration(0), time.Hour
	cases := []struct {
		name     string
		uid      string
		oldText  string // the NOTE of the old object
		oldTime  time.Duration
		view     []string // NOTEs that this computer's view has at the old path; "+" announced
		stepView bool     // the view has the step's name as the item's own
		want     []string // NOTEs that are left
	}{
		{"no view, the old one is older", "u", "1", early, nil, false, []string{"2"}},
		{"no view, the old one is newer", "u", "1", late, nil, false, []string{"1", "2"}},
		{"the old one as known, and newer", "u", "1", late, []string{"+2", "1"}, false, []string{"2"}},
		{"another computer's step", "u", "1", late, []string{"1"}, false, []string{"2"}},
		{"the old one edited, and older", "u", "3", early, []string{"+2", "1"}, false, []string{"3"}},
		{"the old one edited, and newer", "u", "3", late, []string{"+2", "1"}, false, []string{"3"}},
		{"edited, and another computer's step", "u", "3", late, []string{"1"}, false, []string{"2", "3"}},
		{"both the same", "u", "2", late, nil, false, []string{"2"}},
		{"the step's name was its own", "u", "3", early, nil, true, []string{"2", "3"}},
		{"without UID, no view", "", "1", early, nil, false, []string{"1", "2"}},
		{"without UID, as known", "", "1", late, []string{"+2", "1"}, false, []string{"2"}},
		{"without UID, edited", "", "3", early, []string{"+2", "1"}, false, []string{"3"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			clock := newTestClock()
			m := newMemStore(clock.now)
			opt := Options{Serial: "S", Now: clock.now}
			text := func(note string) string { return card(c.uid, "Ada", "NOTE:"+note) }
			id := uidOf(c.uid)
			if c.uid == "" {
				id = engine.ItemID{1, 2, 3, 4}
			}
			body := bodyDigest([]byte(text("2")))
			step := personal + stepName{stem: stem("ada", id, idLength), digest: digestPart(body, 0), ext: ".vcf"}.String()
			m.put(old, text(c.oldText))
			m.put(step, text("2"))
			m.storages[0].files[old].modified += c.oldTime.Milliseconds()
			clock.pass(2 * late)
			p := newPC(t, 'A')
			for _, note := range c.view {
				note, announced := strings.CutPrefix(note, "+")
				p.views[old] = append(p.views[old], engine.ViewRow{
					Scope: "contacts", Path: old, Body: bodyDigest([]byte(text(note))), Announced: announced, Meta: engine.ItemMeta{ID: id},
				})
			}
			if c.stepView {
				p.views[step] = []engine.ViewRow{{Scope: "contacts", Path: step, Body: body, Meta: engine.ItemMeta{ID: id}}}
			}
			p.sync(m, opt)
			var left []string
			for _, text := range m.tree() {
				if _, note, ok := strings.Cut(text, "NOTE:"); ok {
					left = append(left, note[:1])
				}
			}
			slices.Sort(left)
			if !slices.Equal(left, c.want) {
				t.Errorf("left: got %v, want %v in %v", left, c.want, slices.Sorted(maps.Keys(m.tree())))
			}
			if n := p.live("contacts"); n != len(c.want) {
				t.Errorf("items: got %d, want %d", n, len(c.want))
			}
			// An edited one without UID is known by its path alone, which the engine looks up.
			if len(c.view) > 0 && len(c.want) == 1 && (c.uid != "" || c.oldText == "1") && p.onlyID() != id {
				t.Errorf("ID: got %s, want %s", p.onlyID(), id)
			}
		})
	}
}
