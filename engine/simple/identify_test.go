package simple_test

import (
	"errors"
	"testing"

	. "cradle/engine/enginetest"
)

// The place's user made an object with the UID of one that a session creates there
// just before it ends. The session's is the item; the user's is one more.
func TestCreatedBesideOneOfItsUID(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(1)
		p.sync(1, 0)
		p.n += 1_000_000 // the peer's is newer
		p.edit("i9", Item("i9", "by peer", ""))
		p.mem.created = func(string) { p.mem.put("a001", Item("i9", "by user", "")) }
		p.mem.kill = -p.mem.writes - 1
		if err := p.toPlace(); !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		p.mem.kill, p.mem.created = 0, nil
		p.restart()
		for range 2 {
			if _, err := p.try(); err != nil {
				t.Fatal(err)
			}
		}
		p.names("by peer", "by user", "i0")
	})
}
