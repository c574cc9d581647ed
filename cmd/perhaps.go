package cmd

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/valuebag"
)

// perhapsDocument is an item of the phone and one of the store that may be the same
// thing, and stay two.
type perhapsDocument struct {
	Kind   string `json:"kind"`
	Item   string `json:"item"` // the store's
	Path   string `json:"path"` // the phone's
	Reason string `json:"reason"`

	names [2]string // of the phone's and the store's
}

// perhaps looks in the plan of a first sync for items that each side would get from
// the other although they may be the same: no UID and no equal content says so, but
// their names and numbers do.
func (r *syncReport) perhaps(ctx context.Context) []perhapsDocument {
	var out []perhapsDocument
	for _, k := range r.kinds {
		var phone, store []*engine.Action
		var theirs, ours []*valuebag.Values
		var ids []engine.ItemID
		for i := range r.res.Plan.Actions {
			a := &r.res.Plan.Actions[i]
			if a.Scope != k.Name() || a.Verb != engine.VerbCreate {
				continue
			}
			if v := a.Value(); a.To == engine.ToStore && v != nil {
				phone, theirs = append(phone, a), append(theirs, v)
			} else if id, err := engine.ParseItemID(a.Item); err == nil && a.To == engine.ToPhone {
				store, ids = append(store, a), append(ids, id)
			}
		}
		if len(phone) == 0 || len(store) == 0 {
			continue
		}
		values, err := r.store.Load(ctx, k.Name(), ids)
		if err != nil {
			r.g.log().Warn("the plan goes without what may be the same", "err", err)
			continue
		}
		kept := store[:0]
		for i, id := range ids {
			if v := values[id]; v != nil {
				kept, ours = append(kept, store[i]), append(ours, v)
			}
		}
		for _, m := range k.Matches(theirs, ours) {
			out = append(out, perhapsDocument{Kind: k.Name(), Item: kept[m.B].Item, Path: phone[m.A].Path, Reason: m.Reason,
				names: [2]string{k.Summary(theirs[m.A]), k.Summary(ours[m.B])}})
		}
	}
	return out
}

// perhapsText tells of them.
func (r *syncReport) perhapsText(list []perhapsDocument) {
	for n, p := range list {
		if n == maxShown {
			r.g.say("… and %d more that may be the same (--json lists all)", len(list)-maxShown)
			return
		}
		r.g.say("perhaps the same, and kept as two: %s (%s) and %s of the store: %s", plain(p.names[0]), plain(p.Path), plain(p.names[1]), p.Reason)
	}
}

// pairsText tells of the pairs that the plan has nothing to do with, and how all
// came to be.
func (r *syncReport) pairsText(ctx context.Context, doc *syncDocument) {
	g := r.g
	if len(doc.Pairs) == 0 {
		return
	}
	busy := map[string]bool{}
	for i := range doc.Plan {
		busy[doc.Plan[i].Scope+doc.Plan[i].Item] = true
	}
	ids, by := map[string][]engine.ItemID{}, map[string]int{}
	var same []engine.Pair
	for _, p := range doc.Pairs {
		by[p.Reason]++
		if busy[p.Scope+p.Item] {
			continue
		}
		if same = append(same, p); len(same) <= maxShown {
			if id, err := engine.ParseItemID(p.Item); err == nil {
				ids[p.Scope] = append(ids[p.Scope], id)
			}
		}
	}
	known := map[string]string{}
	for scope, list := range ids {
		heads, err := r.store.Heads(ctx, scope, list)
		if err != nil {
			g.log().Warn("the pairs go without names", "err", err)
		}
		for id, h := range heads {
			known[id.String()] = h.Summary
		}
	}
	for n, p := range same {
		if n == maxShown {
			g.say("… and %s that are the same on both sides (--json lists all)", count(len(same)-maxShown, "more item", "more items"))
			break
		}
		g.say("%-8s %-9s on both sides: %s, paired: %s", "same", p.Scope, plain(cmp.Or(known[p.Item], p.Path, p.UID, p.Item)), p.Reason)
	}
	var parts []string
	for _, why := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d (%s)", by[why], why))
	}
	g.say("Pairs: %s.", strings.Join(parts, ", "))
}
