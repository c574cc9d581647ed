package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// Rules between full participants that no golden scenario shows by itself.

var oneWay = engine.ExchangeOptions{Direction: engine.OnlyAB}

// unit is the metadata of a unit at a replica.
func (c *cast) unit(who string, n byte, unit string) *engine.UnitMeta {
	c.t.Helper()
	m, err := c.stores[who].Metas(context.Background(), scope, []engine.ItemID{item(n)})
	if err != nil || m[item(n)].Unit(unit) == nil {
		c.t.Fatalf("%s has no %s of item %d: %v", who, unit, n, err)
	}
	return m[item(n)].Unit(unit)
}

// tags sets the list unit of an item.
func (c *cast) tags(who string, n byte, tags ...string) {
	c.now += 10_000
	c.stores[who].Edit(scope, item(n), WithTags(c.stores[who].Live(scope)[item(n)], tags...), c.now)
}

// A receiver that is killed before its first commit knows nothing of what it lost.
func TestKnowledgeNeverComesBeforeData(t *testing.T) {
	for kill := 1; ; kill++ {
		c := actors(t, "AB")
		for n := range byte(4) {
			c.edit("A", n+1, "x")
		}
		n := 0
		c.stores["B"].Crash = func() bool { n++; return n == kill }
		opt := oneWay
		opt.BatchSize = 2
		_, err := c.try("A", "B", opt)
		c.stores["B"].Crash = nil
		if err == nil {
			if kill < 3 {
				t.Fatalf("there were %d commits, want one a batch", kill-1)
			}
			return
		}
		if !errors.Is(err, ErrCrash) {
			t.Fatal(err)
		}
		c.exchange("A", "B", oneWay)
		c.names("1=x 2=x 3=x 4=x", "B")
		c.know("{A4}", "B")
	}
}

// Two replicas settled one conflict in opposite ways: whatever presets they meet
// under, the two resolutions come to the same, and to an end.
func TestResolutionsDontAnswerEachOther(t *testing.T) {
	for _, opt := range []engine.ExchangeOptions{sourceA, destB} {
		t.Run(string(opt.Preset), func(t *testing.T) {
			c := actors(t, "ABC")
			c.edit("A", 1, "x")
			c.sync("A", "B", plain, 1, 0, 0)
			c.sync("A", "C", plain, 1, 0, 0)
			c.edit("A", 1, "a")
			c.sync("A", "C", plain, 1, 0, 0)
			c.edit("B", 1, "b")
			source := engine.ExchangeOptions{Preset: engine.Desktop, Direction: engine.OnlyAB}
			c.sync("B", "A", source, 1, 0, 1) // A takes b
			c.sync("C", "B", source, 1, 0, 1) // B takes a
			c.exchange("A", "B", opt)
			c.names("1=b", "A", "B")
		})
	}
}

// Equal contents that were made apart get one version, the greater, at whichever
// side they meet.
func TestEqualContentsHaveOneVersion(t *testing.T) {
	for _, to := range []string{"A", "B"} {
		t.Run("met at "+to, func(t *testing.T) {
			c := actors(t, "AB")
			c.edit("A", 1, "x")
			c.sync("A", "B", plain, 1, 0, 0)
			c.edit("A", 1, "same")
			c.edit("B", 1, "same")
			from := map[string]string{"A": "B", "B": "A"}[to]
			c.sync(from, to, oneWay, 1, 0, 0)
			if v := c.unit(to, 1, "name").Version; v.Tick != 2 {
				t.Errorf("%s keeps %s, want A2", to, v)
			}
		})
	}
}

func TestListUnitsAreObservedRemoveSets(t *testing.T) {
	for _, tt := range []struct {
		name       string
		a, b, want []string // a and b: what each makes of s, t
	}{
		{"one adds, the other removes", []string{"s", "t", "u"}, []string{"t"}, []string{"t", "u"}},
		{"both add", []string{"s", "t", "u"}, []string{"s", "t", "v"}, []string{"s", "t", "u", "v"}},
		{"both remove", []string{"s"}, []string{"t"}, nil},
		{"both add the same and remove another", []string{"s", "u"}, []string{"t", "u"}, []string{"u"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := actors(t, "AB")
			c.stores["A"].Edit(scope, item(1), Item("u1", "x", "", "s", "t"), c.now)
			c.sync("A", "B", plain, 1, 0, 0)
			c.tags("A", 1, tt.a...)
			c.tags("B", 1, tt.b...)
			c.exchange("A", "B", plain)
			for _, who := range []string{"A", "B"} {
				if got := Tags(c.stores[who].Live(scope)[item(1)]); !slices.Equal(got, tt.want) {
					t.Errorf("%s has %q, want %q", who, got, tt.want)
				}
			}
		})
	}
}

// An element that two added, and of which a third removed the earlier addition: the
// later one, which it never saw, stands.
func TestElementAddedTwiceOutlivesOneRemoval(t *testing.T) {
	c := actors(t, "ABC")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.sync("A", "C", plain, 1, 0, 0)
	c.tags("A", 1, "u")
	c.sync("A", "C", plain, 1, 0, 0)
	c.tags("C", 1, "v")
	for range 3 {
		c.edit("B", 2, fmt.Sprint("y", c.now)) // B's ticks are the later ones
	}
	c.tags("B", 1, "u")
	c.exchange("A", "B", plain) // equal: one version
	c.tags("B", 1, "u", "w")
	c.exchange("B", "C", plain)
	c.exchange("A", "B", plain)
	for _, who := range []string{"A", "B", "C"} {
		if got := fmt.Sprint(Tags(c.stores[who].Live(scope)[item(1)])); got != "[u v w]" {
			t.Errorf("%s has %s, want [u v w]", who, got)
		}
	}
}

// Who deletes an item of the very content that the other side made of it meanwhile
// has deleted all there is: no conflict, and it stays deleted.
func TestDeletionOfTheSameContent(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.sync("A", "B", plain, 1, 0, 0)
	c.edit("A", 1, "y")
	c.edit("A", 1, "")
	c.edit("B", 1, "y")
	c.sync("A", "B", plain, 1, 0, 0)
	c.names("", "A", "B")
}

// A participant mints while items of the same batch fail: its own tick is known of
// those too, or its knowledge would splinter for ever.
func TestOwnTickIsKnownOfFailedItems(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.edit("A", 2, "x")
	c.sync("A", "B", plain, 2, 0, 0)
	c.edit("A", 1, "bad")
	c.edit("A", 2, "a")
	c.edit("B", 2, "b")
	c.stores["B"].Refuse = func(id engine.ItemID, v *bag) error {
		if Str(v, KeyName) == "bad" {
			return &engine.ItemError{Item: id, Reason: errors.New("bad")}
		}
		return nil
	}
	c.sync("A", "B", oneWay, 2, 0, 1)
	c.know("{A4,B2}+i1:{A2,B2}", "B")
}

// A batch that is offered again after its parents came teaches of the items that
// waited, not of those that failed beside them.
func TestRetryTeachesItsItemsAlone(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "child")
	c.edit("A", 2, "bad")
	c.edit("A", 4, "parent")
	b := c.stores["B"]
	b.Refuse = func(id engine.ItemID, v *bag) error {
		switch {
		case Str(v, KeyName) == "bad":
			return &engine.ItemError{Item: id, Reason: errors.New("bad")}
		case Str(v, KeyName) == "child" && b.Live(scope)[item(4)] == nil:
			return &engine.ConstraintError{Reason: engine.NoParent, Item: id, With: item(4)}
		}
		return nil
	}
	opt := oneWay
	opt.BatchSize = 2
	c.exchange("A", "B", opt)
	c.names("1=child 4=parent", "B")
	c.know("{A3}+i2:{}", "B")
}

// What is older than a forgotten deletion learns nothing of it where it was edited.
func TestRecoveryLeavesAStaleEditUnlearned(t *testing.T) {
	c := outdated(t)
	c.edit("C", 1, "stale")
	c.exchange("A", "C", oneWay)
	c.names("1=stale 2=y", "C")
	c.know("{A3,C1}+i1:{A2,C1}", "C")
}

// A batch for somebody else is refused where deletions were forgotten that this one
// never heard of.
func TestOutdatedBatchIsRefused(t *testing.T) {
	c := outdated(t)
	ctx := context.Background()
	b, err := c.stores["A"].Full().Batch(ctx, scope, engine.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.stores["C"].Full().Process(ctx, scope, b, engine.Processing{}); !errors.Is(err, engine.ErrOutdated) {
		t.Errorf("got %v, want ErrOutdated", err)
	}
	c.names("1=x 2=y", "C")
}

// A preview tells and leaves everything as it is.
func TestPreviewWritesNothing(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	opt := oneWay
	opt.Preview = true
	x := c.exchange("A", "B", opt)
	if a := x.ToB[scope].Actions; len(a) != 1 || a[0].Verb != engine.VerbCreate {
		t.Errorf("actions: %+v, want one creation", a)
	}
	c.names("", "B")
	c.know("{}", "B")
}

// A conflict that was left open here and that the other side settled is over: what
// comes was made in the knowledge of both values.
func TestOpenConflictThatWasSettledElsewhere(t *testing.T) {
	c := actors(t, "AC")
	c.edit("A", 1, "at A")
	c.edit("C", 1, "at C")
	ask := engine.ExchangeOptions{Preset: engine.Ask, Direction: engine.OnlyAB}
	c.sync("A", "C", ask, 1, 0, 1)
	c.exchange("C", "A", engine.ExchangeOptions{Preset: engine.Phone, Direction: engine.OnlyAB}) // A keeps its own
	c.sync("A", "C", ask, 1, 0, 0)
	c.names("1=at A", "A", "C")
	for _, e := range c.stores["C"].Conflicts() {
		if e.State != engine.Settled {
			t.Errorf("conflict %d is still %s", e.ID, e.State)
		}
	}
}

// A deletion that stands against an edit takes that away: where the item lives on by
// another edit, it does so without it, at those who still hold it, too.
func TestDeletionThatStandsTakesTheEditAway(t *testing.T) {
	c := actors(t, "ABCD")
	c.edit("A", 1, "x")
	for _, other := range []string{"B", "C", "D"} {
		c.sync("A", other, plain, 1, 0, 0)
	}
	c.note("B", 1, "n")
	c.edit("C", 1, "")
	c.edit("D", 1, "y")
	oneWay := engine.ExchangeOptions{Direction: engine.OnlyAB}
	c.exchange("B", "A", oneWay)
	wins := oneWay
	wins.Resolve = func(engine.Clash) (engine.ConflictAction, *bag) { return engine.AcceptSource, nil }
	c.exchange("C", "A", wins)
	c.names("", "A")
	c.exchange("D", "A", oneWay)
	for range 2 {
		for _, other := range []string{"B", "C", "D"} {
			c.exchange("A", other, plain)
		}
	}
	c.names("1=y", "A", "B", "C", "D") // without the note
}

// Two delete an item of which one had seen a part more. It lives on against the one that
// hadn't, without the part: that was deleted by who saw it, at everybody who has it still.
func TestDeletionsThatSawDifferentlyMeet(t *testing.T) {
	c := actors(t, "ABCD")
	oneWay := engine.ExchangeOptions{Direction: engine.OnlyAB}
	c.edit("A", 1, "first")
	for _, who := range []string{"B", "C", "D"} {
		c.exchange("A", who, plain)
	}
	c.note("C", 1, "a part")
	c.exchange("C", "D", oneWay)
	for n := range byte(3) { // so that its deletion is the greater version
		c.edit("B", 2+n, "another")
	}
	c.edit("B", 1, "")
	c.edit("C", 1, "")
	c.edit("A", 1, "edited")
	c.exchange("B", "C", oneWay)
	c.exchange("A", "B", oneWay)
	all := []string{"A", "B", "C", "D"}
	for range 4 {
		for i, a := range all {
			for _, b := range all[i+1:] {
				c.exchange(a, b, plain)
			}
		}
	}
	c.names("1=edited 2=another 3=another 4=another", all...)
}
