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

// brokenPhone lists objects that can't be read beside those of a MemPhone.
type brokenPhone struct {
	*MemPhone
	failed []engine.ItemError
	refuse bool // the first write
}

func (p *brokenPhone) Survey(ctx context.Context, scopes []string, views engine.Views) (map[string]*engine.Survey, error) {
	sv, err := p.MemPhone.Survey(ctx, scopes, views)
	if err == nil {
		sv[scope].Failed = append(sv[scope].Failed, p.failed...)
	}
	return sv, err
}

func (p *brokenPhone) Write(ctx context.Context, scope string, w engine.Write) (engine.Place, error) {
	if p.refuse {
		return engine.Place{}, &engine.ItemError{Item: w.ID, Reason: errors.New("refused")}
	}
	return p.MemPhone.Write(ctx, scope, w)
}

// TestRepairedIsNoFailure: an object that couldn't be read and that the same run
// then wrote is whole; only what is still as it was is a failure.
func TestRepairedIsNoFailure(t *testing.T) {
	id := engine.ItemID{0xad, 0xa0}
	value := With(Item("u-ada", "Ada", ""), KeyCollection, "personal")
	const path = "personal/u-ada" // as MemPhone names it
	torn := func(id engine.ItemID, path string) engine.ItemError {
		return engine.ItemError{Item: id, Path: path, Reason: engine.ErrTorn}
	}
	cases := []struct {
		name   string
		failed []engine.ItemError
		refuse bool
		want   []string
	}{
		{"torn, nobody knows whose", []engine.ItemError{torn(engine.ItemID{}, path)}, false, nil},
		{"another object", []engine.ItemError{torn(engine.ItemID{}, "personal/bob")}, false, []string{"personal/bob"}},
		{"both", []engine.ItemError{torn(engine.ItemID{}, path), torn(engine.ItemID{}, "personal/bob")}, false, []string{"personal/bob"}},
		{"torn and then refused", []engine.ItemError{torn(engine.ItemID{}, path)}, true, []string{path, ""}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1)
			phone := &brokenPhone{w.phones[0], c.failed, c.refuse}
			w.stores[0].Edit(scope, id, value, startDay)
			res, err := engine.NewSession(w.stores[0], phone, []engine.Schema{Toy{scope}}, engine.Options{
				Pair: func(engine.Meet) bool { return true }, Rand: zero{w},
			}).Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range res.Failed {
				got = append(got, f.Path)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("failed: got %q, want %q", got, c.want)
			}
			created, want := res.Stats[scope].ToPhone.Created, 1
			if c.refuse {
				want = 0
			}
			if created != want {
				t.Errorf("created on the phone: got %d, want %d", created, want)
			}
			if _, is := phone.Objects()[path]; is == c.refuse {
				t.Errorf("on the phone: got %s", fmt.Sprint(phone.Objects()))
			}
		})
	}
}
