package simple_test

import (
	"testing"

	. "cradle/engine/enginetest"
)

// Items without a UID are known by their key, a new key by content.
func TestWithoutUID(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		for range 2 {
			p.mem.put("", Item("", "twin", ""))
		}
		p.mem.put("", Item("", "single", ""))
		p.sync(3, 0)
		p.names("single", "twin", "twin")
		p.mem.put("k001", Item("", "was a twin", ""))
		v := p.mem.objects["k003"].Value
		p.mem.drop("k003")
		p.mem.put("moved", v)
		p.sync(1, 0)
		p.names("single", "twin", "was a twin")
		p.mem.drop("k002")
		p.sync(1, 0)
		p.names("single", "was a twin")
		// Edited since it was first seen, then moved.
		v = p.mem.objects["k001"].Value
		p.mem.drop("k001")
		p.mem.put("moved too", v)
		p.sync(0, 0)
	})
}

func TestMovedKey(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(2)
		p.sync(2, 0)
		p.mem.drop("k001")
		p.mem.put("elsewhere", Item("i0", "i0", "edited on the way"))
		p.sync(1, 0)
		p.names("i0/edited on the way", "i1")
		// A second object of a UID is an item of its own.
		p.mem.put("second", Item("i1", "i1 again", ""))
		p.sync(1, 0)
		p.names("i0/edited on the way", "i1", "i1 again")
		p.edit("i0", nil)
		p.sync(0, 1)
		p.names("i1", "i1 again")
	})
}
