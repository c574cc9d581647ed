package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"cradle/devprovider"
	"cradle/engine"
)

// maxShown is how many lines of a plan or of failed items a person is shown.
const maxShown = 40

func (r *syncReport) text(ctx context.Context, doc *syncDocument) {
	g := r.g
	name := plain(doc.Phone.Name)
	moved, adopted := 0, 0
	for _, d := range doc.Kinds {
		moved += d.ToStore.Total() + d.ToPhone.Total()
		adopted += d.Adopted
	}
	stopped := isStopped(r.err)
	if r.opt.dryRun || stopped {
		r.planText(ctx, doc)
	}
	switch {
	case r.opt.dryRun && len(doc.Plan) == 0, !r.opt.dryRun && moved == 0 && r.err == nil && r.res.Left == 0:
		if adopted > 0 {
			g.say("%s and the store hold the same: %s now known to each other%s.", name, count(adopted, "item is", "items are"), r.apart())
		} else {
			g.say("%s and the store are in sync: nothing to do%s.", name, r.apart())
		}
	case !r.opt.dryRun && !stopped:
		r.countsText(doc, name)
	}
	if !stopped || r.opt.dryRun {
		r.filterText(doc)
	}
	if n := r.res.Mended; n > 0 {
		g.say("%s put back whole.", count(n, "file of the phone, cut off there, was", "files of the phone, cut off there, were"))
	}
	if r.res.Left > 0 {
		fmt.Fprintf(g.stderr, "%s while they were synced: run %s again\n", count(r.res.Left, "item changed", "items changed"), g.sync)
	}
	failed, notStored := r.failed()
	r.notStoredText(ctx, notStored)
	shown := failed[:min(len(failed), maxShown)]
	known := r.summaries(ctx, shown)
	for _, f := range shown {
		where := cmp.Or(f.Path, known[f.Item], f.Item.String())
		why := strings.TrimPrefix(f.Err.Error(), where+": ")
		if errors.Is(f.Err, engine.ErrTorn) && f.Side == engine.ToPhone {
			why += ": copy it there again, or delete it there"
		}
		fmt.Fprintf(g.stderr, "left out (%s, %s): %s: %s\n", f.Scope, f.Side, plain(where), plain(why))
	}
	if n := len(failed) - maxShown; n > 0 {
		fmt.Fprintf(g.stderr, "… and %d more (cradle sync --json lists all)\n", n)
	}
	if r.waiting > 0 {
		g.say("%s for you: %s", count(r.waiting, "conflict waits", "conflicts wait"), g.command("conflicts list"))
	}
	if n := settled(doc); r.waiting == 0 && n > 0 && !r.opt.dryRun && !stopped {
		g.say("See what lost, and how to get it back: %s", g.command("conflicts list"))
	} else if r.waiting == 0 && r.held > 0 {
		g.say("See what an undo left apart: %s", g.command("conflicts list"))
	}
	if r.opt.accept != "" && !stopped && r.err == nil && !r.res.Agreed {
		fmt.Fprintf(g.stderr, "--accept %s is for another plan; this one needed no approval\n", plain(r.opt.accept))
	}
	if doc.Error != nil {
		fmt.Fprintf(g.stderr, "cradle: %s\n", plain(doc.Error.Error()))
		if doc.Error.Next != "" {
			fmt.Fprintf(g.stderr, "  next: %s\n", doc.Error.Next)
		}
		if doc.Brake != nil && stopped {
			r.otherWays(doc)
		}
	}
	if r.saved {
		fmt.Fprintf(g.stderr, "The plan is in %s. To carry it out, it and nothing else: %s --apply %s\n", plain(r.opt.save), g.sync, quoteArg(r.opt.save))
	}
}

// otherWays says what else there is to do than to carry out a plan that a brake
// stopped.
func (r *syncReport) otherWays(doc *syncDocument) {
	g := r.g
	way := func(command, what string) { fmt.Fprintf(g.stderr, "    or: %s   (%s)\n", command, what) }
	if len(doc.Plan) > maxShown {
		way(g.sync+" --dry-run --json", "the whole plan; nothing is written")
	}
	gone := planned(doc.Plan, engine.ToPhone).Deleted + planned(doc.Plan, engine.ToStore).Deleted
	if gone > 0 {
		way(g.command("reset")+" && "+g.sync, count(gone, "item that would be deleted comes", "items that would be deleted come")+" back instead: both sides are matched anew")
	}
	if !r.res.First {
		way(g.command("undo"), "if the last sync is to blame: it is taken back")
	}
}

// settled counts the conflicts of the run.
func settled(doc *syncDocument) int {
	n := 0
	for _, k := range doc.Kinds {
		n += k.Conflicts
	}
	return n
}

// apart says what keeps an in-sync phone and store from being equal.
func (r *syncReport) apart() string {
	var parts []string
	failed, notStored := r.failed()
	if n := len(failed); n > 0 {
		parts = append(parts, count(n, "item", "items")+" left out")
	}
	if n := len(notStored); n > 0 {
		parts = append(parts, count(n, "item", "items")+" that the phone doesn't store")
	}
	if n := r.waitingHere; n > 0 {
		parts = append(parts, count(n, "conflict that waits", "conflicts that wait"))
	}
	if n := r.res.Withheld; n > 0 {
		parts = append(parts, count(n, "item", "items")+" of the store that this phone isn't given, since it is only read")
	}
	if n := r.res.WithheldStore; n > 0 {
		parts = append(parts, count(n, "item", "items")+" that changed on the phone and that this store isn't given, since the phone is only written")
	}
	if n := r.held; n > 0 {
		parts = append(parts, count(n, "difference", "differences")+" that an undo left apart")
	}
	if len(parts) == 0 {
		return ""
	}
	return ", but for " + strings.Join(parts, ", and for ")
}

func (r *syncReport) countsText(doc *syncDocument, name string) {
	g := r.g
	head := fmt.Sprintf("%-10s %22s   %22s", "", "phone → store", "store → phone")
	for _, k := range r.kinds {
		d := doc.Kinds[k.Name()]
		if d.ToStore.Total()+d.ToPhone.Total()+d.Conflicts+d.Adopted+len(d.Failed) == 0 {
			continue
		}
		var extra []string
		if d.Adopted > 0 {
			extra = append(extra, fmt.Sprintf("%d the same on both", d.Adopted))
		}
		if d.Conflicts > 0 {
			extra = append(extra, count(d.Conflicts, "conflict", "conflicts"))
		}
		if len(d.Failed) > 0 {
			extra = append(extra, fmt.Sprintf("%d left out", len(d.Failed)))
		}
		if head != "" {
			g.say("%s", head)
			head = ""
		}
		g.sayRow("%-10s %22s   %22s   %s", k.Name(), moves(d.ToStore), moves(d.ToPhone), strings.Join(extra, ", "))
	}
	switch {
	case r.err == nil && doc.Run != nil:
		g.say("%s is in sync with the store%s. (Run %d; %s takes it back.)", name, r.apart(), *doc.Run, g.command("undo"))
	case r.err == nil:
		g.say("%s is in sync with the store%s.", name, r.apart())
	}
}

// moves is how many items were created, changed and deleted: +3 ~1 -2.
func moves(m engine.Moves) string {
	if m.Total() == 0 {
		return "–"
	}
	var parts []string
	if m.Created > 0 {
		parts = append(parts, fmt.Sprintf("%d new", m.Created))
	}
	if m.Updated > 0 {
		parts = append(parts, fmt.Sprintf("%d changed", m.Updated))
	}
	if m.Deleted > 0 {
		parts = append(parts, fmt.Sprintf("%d deleted", m.Deleted))
	}
	if m.Left > 0 {
		parts = append(parts, fmt.Sprintf("%d taken off", m.Left))
	}
	return strings.Join(parts, ", ")
}

// notStoredText names the items of which the phone's program stores nothing.
func (r *syncReport) notStoredText(ctx context.Context, items []engine.Failure) {
	shown := items[:min(len(items), keptShown)]
	var names []engine.Failure
	for _, f := range shown {
		f.Path = ""
		names = append(names, f)
	}
	known := r.summaries(ctx, names)
	for _, f := range shown {
		name := cmp.Or(known[f.Item], f.Item.String())
		fmt.Fprintf(r.g.stderr, "note: %s (%s): %s\n", plain(name), f.Scope, devprovider.ErrNotStored)
	}
	if n := len(items) - keptShown; n > 0 {
		fmt.Fprintf(r.g.stderr, "note: … and %d more of which the phone's program stores nothing\n", n)
	}
}

// summaries are those of failed items that no path names.
func (r *syncReport) summaries(ctx context.Context, failed []engine.Failure) map[engine.ItemID]string {
	known := map[engine.ItemID]string{}
	for _, k := range r.kinds {
		var ids []engine.ItemID
		for _, f := range failed {
			if f.Path == "" && f.Scope == k.Name() && !f.Item.IsZero() {
				ids = append(ids, f.Item)
			}
		}
		heads, err := r.store.Heads(ctx, k.Name(), ids)
		if err != nil {
			r.g.log().Warn("what failed goes without names", "err", err)
		}
		for id, h := range heads {
			known[id] = h.Summary
		}
	}
	return known
}
