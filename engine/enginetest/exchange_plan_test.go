package enginetest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cradle/engine"
	"cradle/valuebag"
)

// A preview is a value: saved and read again it is carried out as it was seen, once;
// when anything else would be done by now, nothing is.
func TestExchangePlan(t *testing.T) {
	c := actors(t, "AB")
	c.edit("A", 1, "x")
	c.edit("A", 2, "y")
	c.sync("A", "B", plain, 2, 0, 0)
	c.edit("A", 1, "x2")
	c.edit("B", 2, "")
	c.edit("B", 3, "z")
	preview := plain
	preview.Preview = true
	seen := c.exchange("A", "B", preview).Plan
	var lines []string
	for _, a := range seen.Actions {
		lines = append(lines, string(a.To)+" "+string(a.Verb)+" "+a.Item[:2])
	}
	if got := strings.Join(lines, ", "); got != "phone update 01, store delete 02, store create 03" {
		t.Errorf("the plan: %s", got)
	}
	c.names("1=x2 2=y", "A")
	if again := c.exchange("A", "B", preview).Plan; again.Digest() != seen.Digest() {
		t.Errorf("made again the plan is %s, was %s", again.Digest(), seen.Digest())
	}

	b, err := seen.Values().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	bag := new(valuebag.Values)
	if err := bag.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	saved, err := engine.PlanFromValues(bag)
	if err != nil || saved.Digest() != seen.Digest() {
		t.Fatalf("the saved plan is %v, %v, want %s", saved, err, seen.Digest())
	}

	apply := plain
	apply.Apply = saved
	c.edit("A", 4, "meanwhile")
	x, err := c.try("A", "B", apply)
	if !errors.Is(err, engine.ErrPlanChanged) || x.Plan == nil || len(x.Plan.Actions) != 4 {
		t.Errorf("after an edit: %v with %v, want ErrPlanChanged with the plan as it is now", err, x.Plan)
	}
	c.names("1=x 3=z", "B")
	apply.Apply = x.Plan
	apply.Preset = engine.Desktop // another rule is another plan
	if _, err := c.try("A", "B", apply); !errors.Is(err, engine.ErrPlanChanged) {
		t.Errorf("under another preset: %v, want ErrPlanChanged", err)
	}
	apply.Preset = ""
	if _, err := c.try("A", "B", apply); err != nil {
		t.Fatal(err)
	}
	c.names("1=x2 3=z 4=meanwhile", "A", "B")
	if _, err := c.try("A", "B", apply); !errors.Is(err, engine.ErrPlanChanged) {
		t.Errorf("a second time: %v, want ErrPlanChanged", err)
	}
	rep, err := c.stores["B"].Replica(context.Background(), scope)
	if err != nil || rep.Tick != 2 {
		t.Errorf("B minted %d ticks, %v, want its own two edits' alone", rep.Tick, err)
	}
}
