package simple_test

import (
	"context"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

func TestConflicts(t *testing.T) {
	both(t, func(t *testing.T, p *pair) {
		p.fill(1)
		p.sync(1, 0)
		p.mem.put("k001", Item("i0", "by place", ""))
		p.edit("i0", Item("i0", "by peer", ""))
		// First there, then here: it is the peer that settles it, the place that takes it in.
		if x := p.sync(1, 1); x.ToB[scope].Conflicts != 1 {
			t.Errorf("%d conflicts, want 1", x.ToB[scope].Conflicts)
		}
		p.sync(0, 0)
		// The other way round it is settled and logged here.
		p.mem.put("k001", Item("i0", "2 by place", ""))
		p.edit("i0", Item("i0", "2 by peer", ""))
		x, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Preset: engine.Desktop})
		if err != nil || x.ToB[scope].Conflicts != 1 {
			t.Fatalf("%v, %+v", err, x.ToB[scope])
		}
		p.names("2 by peer")
		p.restart()
		log, err := p.prov.Conflicts(context.Background())
		if err != nil || len(log) != 1 || log[0].Unit != "name" || log[0].State != engine.Settled || len(log[0].LostText) != 1 || log[0].LostText[0] != "2 by place" {
			t.Errorf("the log has %+v, %v", log, err)
		}
		// One that waits is found again, not logged twice, and ends with an edit.
		p.mem.put("k001", Item("i0", "3 by place", ""))
		p.edit("i0", Item("i0", "3 by peer", ""))
		for range 2 {
			if _, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Preset: engine.Ask}); err != nil {
				t.Fatal(err)
			}
		}
		waiting := func() (n int) {
			t.Helper()
			log, err := p.prov.Conflicts(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range log {
				if c.State == engine.Waiting {
					n++
				}
			}
			return n
		}
		if n := waiting(); n != 1 {
			t.Errorf("%d conflicts wait, want 1", n)
		}
		p.edit("i0", Item("i0", "3 settled", ""))
		if _, err := engine.Exchange(context.Background(), p.peer.Full(), p.prov, []string{scope}, engine.ExchangeOptions{Preset: engine.Desktop}); err != nil {
			t.Fatal(err)
		}
		p.names("3 settled")
		if n := waiting(); n != 0 {
			t.Errorf("%d conflicts wait, want none", n)
		}
	})
}
