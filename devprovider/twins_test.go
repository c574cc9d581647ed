package devprovider

import (
	"slices"
	"strings"
	"testing"

	"cradle/engine"
)

// TestBothTwinsEdited has the user edit both files of an item that a cut left: the
// old one and the one that was to take its place. Neither text may go.
func TestBothTwinsEdited(t *testing.T) {
	for _, uid := range []string{"u1", ""} {
		clock := newTestClock()
		device := newMemStore(clock.now)
		device.put("Cradle/contacts/personal/a.vcf", card(uid, "Ada"))
		clock.later()
		opt := Options{Serial: "S", Now: clock.now}
		a := newPC(t, 'A')
		a.sync(device, opt)
		var id string
		for _, it := range a.next["contacts"] {
			id = stem("ada", it.Meta.ID, idLength)
		}
		clock.later()
		step := "Cradle/contacts/personal/" + stepName{stem: id, digest: "00112233", ext: ".vcf"}.String()
		device.put(step, card(uid, "Ada", "NOTE:edited in the new file"))
		device.put("Cradle/contacts/personal/a.vcf", card(uid, "Ada", "NOTE:edited in the old file"))
		clock.later()
		b := newPC(t, 'B')
		b.sync(device, opt)
		b.must(b.write("contacts", uidOf("u2"), "personal", card("u2", "Bob")))
		b.must(b.commit())
		var texts []string
		for _, text := range device.tree() {
			texts = append(texts, text)
		}
		all := strings.Join(texts, "")
		for _, want := range []string{"edited in the new file", "edited in the old file"} {
			if !strings.Contains(all, want) {
				t.Errorf("uid %q: no file says %q any more:\n%s", uid, want, all)
			}
		}
		if n := b.live("contacts"); n != 3 {
			t.Errorf("uid %q: %d items, want the two and Bob", uid, n)
		}
		c := newPC(t, 'C')
		c.must(c.open(device, opt))
		sv, err := c.take()
		c.must(err)
		if n := len(sv["contacts"].Absent); n != 0 || slices.ContainsFunc(sv["contacts"].Objects, func(o engine.Surveyed) bool { return o.Value != nil }) {
			t.Errorf("uid %q: another PC finds changes:\n%s", uid, told(sv))
		}
	}
}
