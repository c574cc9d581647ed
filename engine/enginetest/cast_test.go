package enginetest_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// cast is a set of replicas named A, B, C … with items i1, i2 ….
type cast struct {
	t      *testing.T
	stores map[string]*MemStore
	now    int64
	copies map[byte]int // how many IDs each was given
}

// actors makes empty replicas, one a letter.
func actors(t *testing.T, names string) *cast {
	c := &cast{t: t, stores: map[string]*MemStore{}, now: startDay, copies: map[byte]int{}}
	for i := range names {
		letter := names[i]
		c.stores[string(letter)] = NewMemStore(func() engine.ReplicaID {
			// The first is the store's own, the second its scope's; further ones are marks.
			if c.copies[letter]++; c.copies[letter] > 2 {
				return engine.ReplicaID{letter, byte(c.copies[letter])}
			}
			return engine.ReplicaID(bytes.Repeat([]byte{letter - 'A' + 0xa0}, 16))
		}, Toy{scope})
	}
	return c
}

func item(n byte) engine.ItemID { return engine.ItemID{n} }

// edit saves an item; "" deletes it. A later edit has a later time.
func (c *cast) edit(who string, n byte, name string) {
	c.now += 10_000
	if name == "" {
		c.stores[who].Edit(scope, item(n), nil, c.now)
		return
	}
	c.stores[who].Edit(scope, item(n), Item(fmt.Sprintf("u%d", n), name, ""), c.now)
}

// note sets the other unit of an item.
func (c *cast) note(who string, n byte, note string) {
	c.now += 10_000
	c.stores[who].Edit(scope, item(n), With(c.stores[who].Live(scope)[item(n)], KeyNote, note), c.now)
}

func (c *cast) exchange(a, b string, opt engine.ExchangeOptions) *engine.Exchanged {
	c.t.Helper()
	x, err := c.try(a, b, opt)
	if err != nil {
		c.t.Fatalf("%s to %s: %v", a, b, err)
	}
	return x
}

func (c *cast) try(a, b string, opt engine.ExchangeOptions) (*engine.Exchanged, error) {
	opt.Now = func() time.Time { return time.UnixMilli(c.now) }
	return engine.Exchange(context.Background(), c.stores[a].Full(), c.stores[b].Full(), []string{scope}, opt)
}

// sync exchanges both ways and wants the numbers of items sent and of conflicts.
func (c *cast) sync(a, b string, opt engine.ExchangeOptions, toB, toA, conflicts int) {
	c.t.Helper()
	x := c.exchange(a, b, opt)
	sent, back, clashes := x.ToB[scope].Sent, 0, x.ToB[scope].Conflicts
	if t := x.ToA[scope]; t != nil {
		back, clashes = t.Sent, clashes+t.Conflicts
	}
	if sent != toB || back != toA || clashes != conflicts {
		c.t.Errorf("%s and %s: sent %d and %d with %d conflicts, want %d and %d with %d", a, b, sent, back, clashes, toB, toA, conflicts)
	}
}

var itemName = regexp.MustCompile(`0([0-9a-f])000000-0000-0000-0000-000000000000`)

// know wants a replica's knowledge; exceptions as in engine.Knowledge.String.
func (c *cast) know(want string, who ...string) {
	c.t.Helper()
	for _, w := range who {
		r, _ := c.stores[w].Replica(context.Background(), scope)
		got := r.Knowledge.String()
		for i := range 6 {
			got = strings.ReplaceAll(got, strings.Repeat(fmt.Sprintf("a%d", i), 4)+":", string(rune('A'+i)))
		}
		got = itemName.ReplaceAllString(got, "i$1")
		if got != want {
			c.t.Errorf("K of %s is %s, want %s", w, got, want)
		}
	}
}

// names wants the live items of replicas as "1=name 2=name".
func (c *cast) names(want string, who ...string) {
	c.t.Helper()
	for _, w := range who {
		var got []string
		live := c.stores[w].Live(scope)
		for n := range byte(20) {
			if v := live[item(n)]; v != nil {
				s := Str(v, KeyName)
				if note := Str(v, KeyNote); note != "" {
					s += "/" + note
				}
				got = append(got, fmt.Sprintf("%d=%s", n, s))
			}
		}
		if s := strings.Join(got, " "); s != want {
			c.t.Errorf("%s holds %q, want %q", w, s, want)
		}
	}
}

var (
	plain   = engine.ExchangeOptions{}
	sourceA = engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.AThenB}
	destB   = engine.ExchangeOptions{Preset: engine.Phone, Direction: engine.AThenB}
)
