package cmd

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"cradle/cmd/config"
	"cradle/engine"
	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

// undoDocument is undo's JSON.
type undoDocument struct {
	Version int                      `json:"version"`
	Run     int64                    `json:"run"` // the undo's own, which undo takes back
	Undoes  int64                    `json:"undoes"`
	Of      undoneRun                `json:"of"` // the run that was taken back
	Kinds   map[string]countDocument `json:"kinds"`
	Phone   string                   `json:"phone"`  // done, later (at the next sync) or nothing (to do there)
	Held    int                      `json:"held"`   // units in which the sides are now left apart
	Left    []itemDocument           `json:"left"`   // items that were changed since, and stay
	Apart   []apartDocument          `json:"apart"`  // items that are back on one side alone
	Unsent  int                      `json:"unsent"` // items with changes made here that the phone hasn't got: they stay
	Failed  []failedDocument         `json:"failed"`
	Error   *failure                 `json:"error"`
}

// undoneRun says which run it was.
type undoneRun struct {
	Phone string `json:"phone"` // its name
	At    string `json:"at"`    // RFC 3339, UTC
	Items int    `json:"items"` // that the run moved
}

// apartDocument is an item that one side has again, and the other as little as before
// the run: its deletion there was a person's, which the run only carried over.
type apartDocument struct {
	Item     string `json:"item"`
	Summary  string `json:"summary"`
	On       string `json:"on"`       // phone or store
	Conflict int64  `json:"conflict"` // what resolve takes
}

// What became of the phone's part of an undo.
const (
	phoneDone    = "done"
	phoneLater   = "later"
	phoneNothing = "nothing"
)

func undoCommand(g *globals) *cobra.Command {
	sel := ""
	c := &cobra.Command{
		Use:   "undo [RUN]",
		Short: "Take a sync back, in the store and on the phone",
		Long: `Undo gives each item that a run moved the value, or absence, that it had before,
on each side: in the store at once, on the phone at once if it is there, else at
its next sync. Items that were changed since stay and are listed. Where the sides
differ then, they are left apart until one is edited. What somebody deleted on one
side before the run comes back on the other alone: the run only carried that over;
such items are listed with the command that brings them back on both. Without RUN it
is the last run; an undo is a run too (cradle history) and can be taken back.

Only what a sync moved is taken back. What import, edit, delete or SQL did to the
store is no run: a sync that carried it to the phone is taken back there, and the
store keeps it.`,
		Example: "  cradle undo\n  cradle undo 12",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			run := int64(0)
			if len(args) > 0 {
				var err error
				if run, err = number("run", args[0]); err != nil {
					return err
				}
			}
			return g.runUndo(c.Context(), run, sel, c.Flags().Changed("phone"))
		},
	}
	c.Flags().StringVar(&sel, "phone", "usb", "which phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	return c
}

func (g *globals) runUndo(ctx context.Context, run int64, sel string, asked bool) error {
	p, err := g.phoneIfThere(ctx, sel, asked)
	if err != nil {
		return err
	}
	d, err := g.desk(ctx, p, "cradle undo")
	if err != nil {
		return err
	}
	defer d.close()
	u, err := d.store.Undo(ctx, run)
	if err != nil {
		return g.noSuch(err, "run", "history")
	}
	doc := &undoDocument{Version: 1, Run: u.Run, Phone: phoneNothing, Held: u.Held, Unsent: u.Unsent, Left: []itemDocument{}, Apart: []apartDocument{}, Failed: []failedDocument{}}
	for _, it := range u.Left {
		doc.Left = append(doc.Left, document(it))
	}
	stats := u.Stats
	if len(u.Phone) > 0 {
		doc.Phone = phoneLater
		read, serr := g.onlyRead(d.phone)
		if serr != nil {
			return serr
		}
		if d.folder != nil && d.folder.Facts().ID == u.Peer && !read {
			var res *engine.Result
			res, err = g.putBack(ctx, d)
			doc.phonePart(res, err, stats)
		}
	}
	doc.Kinds = countsOf(stats)
	runs, herr := d.store.History(context.WithoutCancel(ctx))
	for _, r := range runs {
		if r.ID == u.Run {
			doc.Undoes = r.Undoes
		}
	}
	for _, r := range runs {
		if r.ID == doc.Undoes {
			doc.Of = undoneRun{Phone: r.Phone, At: r.At.UTC().Format(time.RFC3339), Items: movedItems(r.Stats)}
		}
	}
	if err == nil {
		err = herr
	}
	if aerr := doc.apart(context.WithoutCancel(ctx), d.store); err == nil {
		err = aerr
	}
	if err != nil {
		doc.Error = g.explain(err)
	}
	return g.undone(doc, stats)
}

// apart lists the items that this undo brings back on one side alone.
func (doc *undoDocument) apart(ctx context.Context, s *hostprovider.Store) error {
	list, err := s.Conflicts(ctx, false)
	for _, c := range list {
		if c.Run != doc.Run || c.State != engine.Held || c.Unit != engine.UnitDeleted {
			continue
		}
		a := apartDocument{Item: c.Item.String(), Conflict: c.ID, On: string(engine.ToStore), Summary: nameOf(c, "")}
		if len(c.LostText) > 0 {
			a.On = string(engine.ToPhone)
		}
		doc.Apart = append(doc.Apart, a)
	}
	return err
}

// onlyRead reports whether the settings say that nothing is written to a phone.
func (g *globals) onlyRead(p *phone) (bool, error) {
	if p == nil {
		return false, nil
	}
	s, err := g.phoneSettings(p)
	return s.Direction == config.FromPhone, err
}

// putBack gives the phone what it had, and nothing else.
func (g *globals) putBack(ctx context.Context, d *desk) (*engine.Result, error) {
	schemas, _ := allSchemas()
	bar := newProgress(g)
	s := engine.NewSession(d.store, d.folder, schemas, engine.Options{
		Exempt: true, PutBackOnly: true, Now: g.now, Log: g.log(), Progress: bar.update,
	})
	res, err := s.Run(ctx)
	bar.done()
	if cerr := d.cache.Flush(context.WithoutCancel(ctx)); cerr != nil {
		g.log().Warn("the cache of the phone isn't kept", "err", cerr)
	}
	if err == nil {
		err = ctx.Err()
	}
	return res, err
}

// phonePart takes in what came of the phone's part.
func (doc *undoDocument) phonePart(res *engine.Result, err error, stats map[string]engine.Stats) {
	for name, st := range res.Stats {
		was := stats[name]
		was.ToPhone = st.ToPhone
		if was != (engine.Stats{}) {
			stats[name] = was
		}
	}
	for _, f := range res.Failed {
		doc.Failed = append(doc.Failed, failedDocument{Item: f.Item.String(), Path: f.Path, Side: string(f.Side), Reason: f.Err.Error()})
	}
	for _, o := range res.Overtaken {
		doc.Left = append(doc.Left, itemDocument{ID: o.Item.String(), Kind: o.Scope, Summary: o.Path})
	}
	if err == nil && len(res.Failed) == 0 {
		doc.Phone = phoneDone
	}
}

// undone prints the report and gives the exit code as an error.
func (g *globals) undone(doc *undoDocument, stats map[string]engine.Stats) error {
	if g.json {
		if err := g.print(doc); err != nil {
			return err
		}
	} else {
		g.undoneText(doc, stats)
	}
	var codes []int
	if doc.Error != nil {
		codes = append(codes, doc.Error.exit)
	}
	if len(doc.Failed) > 0 {
		codes = append(codes, exitItemsFailed)
	}
	if code := worst(codes...); code != exitDone {
		return quiet(code)
	}
	return nil
}

// sayApart tells of the items that are now on one side alone.
func (g *globals) sayApart(list []apartDocument, on engine.Side, where, resolve string) {
	const named = 3
	var names []string
	first, n := int64(0), 0
	for _, a := range list {
		if a.On != string(on) {
			continue
		}
		if n++; n == 1 {
			first = a.Conflict
		}
		if n <= named {
			names = append(names, plain(a.Summary))
		}
	}
	if n == 0 {
		return
	}
	if n > named {
		names = append(names, "…")
	}
	g.say("Only %s, as before that run: %s (%s).", where, count(n, "item", "items"), strings.Join(names, ", "))
	g.say("  To have one on both sides: %s", g.command(fmt.Sprintf("conflicts resolve %d %s", first, resolve)))
}

// movedItems counts what a run did to either side.
func movedItems(stats map[string]engine.Stats) int {
	n := 0
	for _, st := range stats {
		n += st.ToStore.Total() + st.ToPhone.Total()
	}
	return n
}

// which names the run for a person.
func (r undoneRun) which() string {
	at, err := time.Parse(time.RFC3339, r.At)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (%s, %s, %s moved)", plain(r.Phone), at.Local().Format(time.DateTime), count(r.Items, "item", "items"))
}

func (g *globals) undoneText(doc *undoDocument, stats map[string]engine.Stats) {
	what := countsLine(stats)
	if what == nothingMoved && doc.Phone == phoneLater {
		what = "nothing to do in the store"
	}
	if what == nothingMoved && len(doc.Left) > 0 && doc.Held == 0 && doc.Error == nil {
		g.say("Nothing of run %d%s is left to take back: all of it was changed since.", doc.Undoes, doc.Of.which())
	} else {
		g.say("Took back run %d%s: %s. (Run %d; %s does it again.)", doc.Undoes, doc.Of.which(), what, doc.Run, g.command(fmt.Sprintf("undo %d", doc.Run)))
	}
	if doc.Unsent > 0 {
		g.say("%s changed on this computer and not synced since (import, edit, delete, SQL): that is no part of a run, and stays.", count(doc.Unsent, "item was", "items were"))
	}
	if doc.Phone == phoneLater {
		g.say("The phone gets its part back at its next sync.")
	}
	if n := doc.Held - len(doc.Apart); n > 0 {
		g.say("%s: %s", count(n, "field is left apart", "fields are left apart"), g.command("conflicts list"))
	}
	g.sayApart(doc.Apart, engine.ToPhone, "on the phone", "lost")
	g.sayApart(doc.Apart, engine.ToStore, "in the store", "kept")
	for i, it := range doc.Left {
		if i == maxShown {
			g.say("… and %d more (--json lists all)", len(doc.Left)-maxShown)
			break
		}
		g.say("changed since, left as it is: %s  %s", it.ID[:8], plain(cmp.Or(it.Summary, it.UID)))
	}
	for _, f := range doc.Failed {
		fmt.Fprintf(g.stderr, "left out: %s: %s\n", plain(f.Path), plain(f.Reason))
	}
	if doc.Error != nil {
		fmt.Fprintf(g.stderr, "cradle: %s\n", plain(doc.Error.Error()))
		if doc.Error.Next != "" {
			fmt.Fprintf(g.stderr, "  next: %s\n", doc.Error.Next)
		}
	}
}
