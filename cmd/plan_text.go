package cmd

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cradle/engine"
)

func (r *syncReport) plans(v engine.Verb) bool {
	for _, a := range r.res.Plan.Actions {
		if a.Verb == v {
			return true
		}
	}
	return false
}

// obstacle says why the run that a dry run stands for would end without writing
// to the phone: it can't be written, or has no room.
func (r *syncReport) obstacle(ctx context.Context) error {
	writes, bytes := 0, int64(0)
	ids := map[string][]engine.ItemID{}
	for _, a := range r.res.Plan.Actions {
		if a.To != engine.ToPhone || a.Verb == engine.VerbAdopt || a.Verb == engine.VerbConflict {
			continue
		}
		writes++
		if id, err := engine.ParseItemID(a.Item); err == nil && a.Verb != engine.VerbDelete && a.Verb != engine.VerbLeave {
			ids[a.Scope] = append(ids[a.Scope], id)
		}
	}
	if writes == 0 {
		return nil
	}
	if err := r.folder.ReadOnly(); err != nil {
		return err
	}
	for _, k := range r.kinds {
		heads, err := r.store.Heads(ctx, k.Name(), ids[k.Name()])
		if err != nil {
			return err
		}
		for _, h := range heads {
			bytes += h.Size
		}
	}
	return r.folder.Room(writes, bytes)
}

// planText prints the plan by side, kind and name, and what it comes to.
func (r *syncReport) planText(ctx context.Context, doc *syncDocument) {
	g := r.g
	names := r.names(ctx)
	paired := map[string]string{}
	for _, p := range doc.Pairs {
		paired[p.Scope+p.Item] = p.Reason
	}
	list := make([]int, len(doc.Plan)) // the plan's own order is by item
	for i := range list {
		list[i] = i
	}
	slices.SortStableFunc(list, func(i, j int) int {
		a, b := &doc.Plan[i], &doc.Plan[j]
		return cmp.Or(cmp.Compare(a.To, b.To), cmp.Compare(a.Scope, b.Scope), cmp.Compare(names[i], names[j]))
	})
	for n, i := range list {
		if n == maxShown {
			g.say("… and %d more (--json lists all)", len(doc.Plan)-maxShown)
			break
		}
		a := &doc.Plan[i]
		units := ""
		if len(a.Units) > 0 {
			units = " (" + strings.Join(a.Units, ", ") + ")"
		}
		why := ""
		if p := paired[a.Scope+a.Item]; p != "" {
			why = ", paired: " + p
		}
		g.say("%-8s %-9s %-13s %s%s%s", a.Verb, a.Scope, side(a.To)+":", plain(names[i]), units, why)
	}
	r.pairsText(ctx, doc)
	r.perhapsText(doc.Perhaps)
	for _, to := range []engine.Side{engine.ToPhone, engine.ToStore} {
		if m := planned(doc.Plan, to); m.Total() > 0 {
			g.say("To the %s: %s.", to, moves(m))
		}
	}
}

// planned counts the items that a plan moves to one side.
func planned(plan []engine.Action, to engine.Side) (m engine.Moves) {
	for _, a := range plan {
		if a.To != to {
			continue
		}
		switch a.Verb {
		case engine.VerbCreate:
			m.Created++
		case engine.VerbUpdate, engine.VerbMove:
			m.Updated++
		case engine.VerbDelete:
			m.Deleted++
		case engine.VerbLeave:
			m.Left++
		}
	}
	return m
}

// names are what a person knows the plan's items by: the name in the store, else on
// the phone, else the file or UID.
func (r *syncReport) names(ctx context.Context) []string {
	ids := map[string][]engine.ItemID{}
	for _, a := range r.res.Plan.Actions {
		if id, err := engine.ParseItemID(a.Item); err == nil {
			ids[a.Scope] = append(ids[a.Scope], id)
		}
	}
	known := map[string]string{}
	for _, k := range r.kinds {
		heads, err := r.store.Heads(ctx, k.Name(), ids[k.Name()])
		if err != nil {
			r.g.log().Warn("the plan goes without names", "err", err)
		}
		for id, h := range heads {
			known[id.String()] = h.Summary
		}
	}
	names := make([]string, len(r.res.Plan.Actions))
	for i, a := range r.res.Plan.Actions {
		names[i] = cmp.Or(known[a.Item], a.Summary(), a.Path, a.UID, a.Item)
	}
	return names
}
