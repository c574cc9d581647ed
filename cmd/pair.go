package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"cradle/cmd/config"
	"cradle/engine"
	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

// The ways of pairing.
const (
	pairMerge   = "merge"
	pairPhone   = "phone"
	pairDesktop = "desktop"
	pairRead    = "read-only"
	pairWrite   = "write-only"
)

// pairDirections are the ways of pairing that say which way items go from then on.
var pairDirections = map[string]config.Direction{pairRead: config.FromPhone, pairWrite: config.ToPhone}

type pairOptions struct {
	phone    string
	as       string
	only     []string
	conflict string
	auto     bool
	yes      bool
	said     func(flag string) bool
}

func pairCommand(g *globals) *cobra.Command {
	o := pairOptions{}
	c := &cobra.Command{
		Use:   "pair",
		Short: "Agree to sync a phone, now and whenever it is plugged in",
		Long: `Pair makes a phone known to the store: it shows what would be synced, backs the
store up, syncs, and writes the phone's settings down. From then on the phone is
synced by itself when it is plugged in (after cradle install, or while cradle watch
runs); a phone that isn't paired is never touched.

--as says what the first sync does:
  merge       both sides get what the other has; nothing is deleted (the default)
  phone       the store's items become the phone's: others are deleted from the store
  desktop     the phone's items become the store's: others are deleted from the phone
  read-only   the store gets what the phone has, now and later; nothing is written to
              the phone but its sync state
  write-only  the phone gets what the store has, now and later; the store's items stay as
              they are, and what changes on the phone stays there
What is deleted is in the backup, and cradle undo takes each run back.
A phone that is paired already gets its settings changed.`,
		Example: "  cradle pair\n  cradle pair --as phone --only contacts\n  cradle pair --auto=false",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.said = c.Flags().Changed
			return g.runPair(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.phone, "phone", "usb", "which phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	f.StringVar(&o.as, "as", pairMerge, "what the first sync does: merge, phone, desktop, read-only or write-only")
	completeWords(c, "as", pairMerge, pairPhone, pairDesktop, pairRead, pairWrite)
	f.StringSliceVar(&o.only, "only", nil, "sync only these kinds, now and later: contacts,events,tasks,notes")
	f.StringVar(&o.conflict, "conflict", "newest", "who wins where one field changed on both sides, now and later: newest, phone, desktop, both or ask")
	completeWords(c, "conflict", "newest", "phone", "desktop", "both", "ask")
	f.BoolVar(&o.auto, "auto", true, "sync the phone by itself when it is plugged in")
	f.BoolVarP(&o.yes, "yes", "y", false, "don't ask")
	return c
}

// firstLook is what a look at phone and store showed.
type firstLook struct {
	name, serial, selector string
	met                    bool // the store knows the phone
	oneWay                 bool // the settings say that it is only read, or only written
	meet                   engine.Meet
	phone, store           int // items of the kinds
}

func (g *globals) runPair(ctx context.Context, o pairOptions) error {
	if !slices.Contains([]string{pairMerge, pairPhone, pairDesktop, pairRead, pairWrite}, o.as) {
		return usageError("--as %q: want merge, phone, desktop, read-only or write-only", o.as)
	}
	kinds, err := kindsOf(o.only)
	if err != nil {
		return err
	}
	if _, err := engine.ParsePreset(o.conflict); err != nil {
		return usageError("--%v", err)
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name())
	}
	sync := syncOptions{phone: o.phone, only: o.only, conflict: o.conflict, said: func(flag string) bool { return flag == "conflict" && o.said("conflict") }}
	sync.direction = pairDirections[o.as]
	oneWay := sync.direction != ""
	look, err := g.firstLook(ctx, sync)
	if err != nil {
		return err
	}
	if look.met && (o.as == pairMerge || oneWay) {
		if err := g.writeSettings(look, o); err != nil {
			return err
		}
		fmt.Fprintf(g.stderr, "%s is paired already.\n", plain(look.name))
		return runSync(ctx, g, sync)
	}
	if err := g.agreeToPair(look, o); err != nil {
		return err
	}
	g.running = "pair"
	// That a phone is only read, or only written, must be known to a sync that comes in between.
	if oneWay {
		err = g.writeSettings(look, o)
	}
	if err == nil {
		err = g.firstSync(ctx, o, sync, names)
	}
	if err == nil && !oneWay {
		err = g.writeSettings(look, o)
	}
	if err != nil {
		return err
	}
	if on, _ := g.triggers(ctx); len(on) == 0 && look.serial != "" && o.auto {
		fmt.Fprintf(g.stderr, "To have it synced when it is plugged in: cradle install\n")
	}
	return nil
}

// firstLook plans a sync and writes nothing.
func (g *globals) firstLook(ctx context.Context, o syncOptions) (firstLook, error) {
	var l firstLook
	o.dryRun = true
	o.pairing = func(*phone, engine.Meet) bool { return true }
	o.done = func(ctx context.Context, r *syncReport) error {
		if r.err != nil && !errors.Is(r.err, engine.ErrBraked) {
			return r.err
		}
		l = firstLook{name: r.phone.name, serial: r.phone.serial, selector: r.phone.selector, meet: r.res.Meet}
		settings, err := g.phoneSettings(r.phone)
		if err != nil {
			return err
		}
		l.oneWay = settings.Direction != "" && settings.Direction != config.TwoWay
		known, err := r.store.Phones(ctx)
		for _, k := range known {
			l.met = l.met || k.ID == r.folder.Facts().ID
		}
		for _, k := range r.kinds {
			items, lerr := r.store.List(ctx, hostprovider.Query{Kind: k.Name()})
			l.store += len(items)
			err = errors.Join(err, lerr)
		}
		return err
	}
	err := runSync(ctx, g, o)
	l.phone = l.meet.Pair + l.meet.ToStore
	return l, err
}

// agreeToPair asks the person. Merging needs no question where none can be asked: the
// command says it; replacing does.
func (g *globals) agreeToPair(l firstLook, o pairOptions) error {
	var what string
	switch o.as {
	case pairMerge:
		what = fmt.Sprintf("%d items are on both, %d go to the phone, %d come to the store.", l.meet.Pair, l.meet.ToPhone, l.meet.ToStore)
	case pairRead:
		what = fmt.Sprintf("%d items are on both, %d come to the store; nothing is written to the phone.", l.meet.Pair, l.meet.ToStore)
	case pairWrite:
		what = fmt.Sprintf("%d items are on both, %d go to the phone; the store's items stay as they are.", l.meet.Pair, l.meet.ToPhone)
	case pairPhone:
		what = fmt.Sprintf("The store's %s are replaced by the phone's: %s of the store are deleted.", strings.Join(kindWords(o.only), ", "), count(l.meet.ToPhone, "item", "items"))
	case pairDesktop:
		what = fmt.Sprintf("The phone's %s are replaced by the store's: %s of the phone are deleted.", strings.Join(kindWords(o.only), ", "), count(l.meet.ToStore, "item", "items"))
	}
	fmt.Fprintf(g.stderr, "%s\n", plain(l.name+": "+what))
	if o.yes {
		return nil
	}
	if g.json || !isTerminal(g.stdin) || !isTerminal(g.stderr) {
		if o.as == pairMerge || pairDirections[o.as] != "" {
			return nil
		}
		return &failure{exit: exitBraked, Code: "not-paired", What: "nothing was written", Why: what, Next: o.command(g) + " --yes"}
	}
	fmt.Fprint(g.stderr, "Pair them? [y/N] ")
	line, err := bufio.NewReader(g.stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err != nil || answer != "y" && answer != "yes" {
		return &failure{exit: exitBraked, Code: "not-paired", What: "nothing was written", Why: "not agreed to", Next: o.command(g)}
	}
	return nil
}

func kindWords(only []string) []string {
	if len(only) > 0 {
		return only
	}
	return []string{"contacts", "events", "tasks", "notes"}
}

// command is the command line of this pairing.
func (o pairOptions) command(g *globals) string {
	c := "cradle pair --as " + o.as
	if o.phone != "usb" {
		c += " --phone " + quoteArg(o.phone)
	}
	if len(o.only) > 0 {
		c += " --only " + strings.Join(o.only, ",")
	}
	if o.said("conflict") {
		c += " --conflict " + o.conflict
	}
	if o.said("auto") {
		c += " --auto=" + strconv.FormatBool(o.auto)
	}
	if g.store != "" {
		c += " --store " + quoteArg(g.store)
	}
	return c
}

// firstSync backs the store up and syncs. Replacing is made of ordinary edits and
// syncs, so that each of its steps may be cut off: what is left then is a merge.
func (g *globals) firstSync(ctx context.Context, o pairOptions, sync syncOptions, kinds []string) error {
	before, err := g.standing(ctx, kinds)
	if err != nil {
		return err
	}
	sync.pair = true
	switch o.as {
	case pairPhone:
		// An item that the phone has comes back with the phone's values alone.
		if err := g.clear(ctx, before, nil); err != nil {
			return err
		}
		sync.conflict, sync.exempt, sync.said = string(engine.Phone), true, conflictSaid
	case pairDesktop:
		// First all of the phone comes to the store, so that nothing is lost; then the
		// store is made again what it was.
		first := sync
		first.conflict, first.exempt, first.said = string(engine.Desktop), true, conflictSaid
		first.done = func(_ context.Context, r *syncReport) error { return r.err }
		if err := runSync(ctx, g, first); err != nil {
			return err
		}
		after, err := g.standing(ctx, kinds)
		if err != nil {
			return err
		}
		if err := g.clear(ctx, after, before); err != nil {
			return err
		}
		sync.exempt = true
	}
	return runSync(ctx, g, sync)
}

// conflictSaid makes a preset count over the settings'.
func conflictSaid(flag string) bool { return flag == "conflict" }

// standing backs the store up and returns the items that are in it, by ID.
func (g *globals) standing(ctx context.Context, kinds []string) (map[engine.ItemID]hostprovider.Item, error) {
	items := map[engine.ItemID]hostprovider.Item{}
	if _, err := os.Stat(g.storePath()); errors.Is(err, os.ErrNotExist) {
		return items, nil
	}
	s, done, err := g.changeStore(ctx, "cradle pair")
	if err != nil {
		return nil, err
	}
	defer done()
	path, err := g.backup(ctx, s)
	if err != nil {
		return nil, err
	}
	if path != "" {
		fmt.Fprintf(g.stderr, "The store is backed up: %s\n", path)
	}
	for _, k := range kinds {
		err := s.Export(ctx, hostprovider.Query{Kind: k}, func(it hostprovider.Item) error {
			items[it.ID] = it
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return items, nil
}

// clear makes the store's items, which are now, those that they were before; nil: none.
func (g *globals) clear(ctx context.Context, now, before map[engine.ItemID]hostprovider.Item) error {
	if len(now)+len(before) == 0 {
		return nil
	}
	s, done, err := g.changeStore(ctx, "cradle pair")
	if err != nil {
		return err
	}
	defer done()
	var gone []string
	for id := range now {
		if _, was := before[id]; !was {
			gone = append(gone, id.String())
		}
	}
	slices.Sort(gone)
	if _, err := s.Delete(ctx, gone...); err != nil {
		return err
	}
	for id, was := range before {
		is, there := now[id]
		switch {
		case !there:
			_, err = s.Create(ctx, was.Kind, was.Collection, was.Text)
		case string(is.Text) != string(was.Text):
			_, _, err = s.Edit(ctx, id.String(), was.Text)
		}
		if err == nil && there && is.Collection != was.Collection {
			err = s.Move(ctx, id.String(), was.Collection)
		}
		if err != nil {
			return fmt.Errorf("giving %s its value again: %w", id, err)
		}
	}
	return nil
}

// writeSettings writes down what was asked for; what wasn't stays as it is.
func (g *globals) writeSettings(l firstLook, o pairOptions) error {
	var set []config.Setting
	if o.said("auto") {
		set = append(set, config.Setting{Key: "auto", Value: strconv.FormatBool(o.auto)})
	}
	if o.said("only") {
		var kinds []string
		for _, k := range o.only {
			kinds = append(kinds, config.Quote(k))
		}
		set = append(set, config.Setting{Key: "kinds", Value: "[" + strings.Join(kinds, ", ") + "]"})
	}
	if o.said("conflict") {
		set = append(set, config.Setting{Key: "conflict", Value: config.Quote(o.conflict)})
	}
	switch {
	case pairDirections[o.as] != "":
		set = append(set, config.Setting{Key: "direction", Value: config.Quote(string(pairDirections[o.as]))})
	case o.said("as") && l.oneWay:
		set = append(set, config.Setting{Key: "direction", Value: config.Quote(string(config.TwoWay))})
	}
	if len(set) == 0 {
		return nil
	}
	name := l.serial
	if name == "" {
		name = l.selector
	}
	path, _ := config.Locate(g.config)
	if err := config.Edit(path, name, l.name, set...); err != nil {
		return err
	}
	g.read = nil
	fmt.Fprintf(g.stderr, "Its settings are in %s\n", path)
	return nil
}
