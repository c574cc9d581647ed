package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cradle/cmd/config"
	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/pim"

	"github.com/spf13/cobra"
)

// syncOptions are the flags of sync.
type syncOptions struct {
	phone    string
	pair     bool
	maps     []string
	only     []string
	dryRun   bool
	conflict string
	accept   string
	save     string
	apply    string
	folders  []string
	leave    []string
	filter   filterFlags
	// direction is empty until it is known: the flag's word, else the settings'.
	direction config.Direction

	// Automatic syncs: for the phone of an event, for all paired phones.
	event  string
	paired bool
	ifIdle bool

	said    func(flag string) bool                   // a person gave this flag
	open    func(context.Context) (*phone, error)    // opens the phone; nil: the one that phone names
	done    func(context.Context, *syncReport) error // what becomes of the report; nil: it is printed
	exempt  bool                                     // a person agreed to whatever the plan is
	pairing func(p *phone, m engine.Meet) bool       // answers a first meeting; nil: a person does
}

func syncCommand(g *globals) *cobra.Command {
	o := syncOptions{}
	c := &cobra.Command{
		Use:   "sync",
		Short: "Sync a phone with the store",
		Long: `Sync compares what the phone and the store know and moves only what is missing,
both ways, field by field. Before anything is written the plan passes the brakes:
a side that suddenly lists nothing, a mass deletion, a first meeting at which
little pairs. Then nothing is written, the plan is printed, and --accept PLAN
carries out that plan if it is stopped again.`,
		Example: "  cradle sync\n  cradle sync --dry-run\n  cradle sync --phone dir:/media/stick --pair",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.said = c.Flags().Changed
			return g.runSyncCommand(c.Context(), o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.phone, "phone", "usb", "which phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	f.BoolVar(&o.pair, "pair", false, "agree to a first meeting of this phone and this store")
	f.StringArrayVar(&o.maps, "map", nil, "sync the phone's collection with another of the store: `PHONE=STORE`")
	f.StringArrayVar(&o.folders, "folder", nil, "sync this folder of the phone too, where it lies: `PATH[=COLLECTION]`, or PATH/* for each folder in it")
	f.StringArrayVar(&o.leave, "leave-folder", nil, "no longer sync the folder `PATH` where it lies; what came from it stays on both sides")
	f.StringSliceVar(&o.filter.without, "without", nil, "from now on don't send these `PARTS` of items to the phone, such as photo or alarms")
	f.StringArrayVar(&o.filter.leaveOut, "leave-out", nil, "from now on keep the collection `[KIND/]NAME` off the phone")
	f.StringVar(&o.filter.window, "window", "", "from now on only events and tasks of these `DAYS` on the phone, back..ahead: 90d..365d, 90d.., or all")
	f.BoolVar(&o.filter.none, "no-filter", false, "from now on everything on the phone, but for what the other flags say")
	f.StringSliceVar(&o.only, "only", nil, "only these kinds: contacts,events,tasks,notes")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "print the plan and write nothing")
	f.StringVar(&o.conflict, "conflict", "newest", "who wins where one field changed on both sides: newest, phone, desktop, both or ask")
	completeWords(c, "conflict", "newest", "phone", "desktop", "both", "ask")
	f.TextVar(&o.direction, "direction", o.direction, "which `WAY` items go in this sync: two-way, from-phone (nothing is written to the phone) or to-phone (the store's items stay as they are)")
	completeWords(c, "direction", string(config.TwoWay), string(config.FromPhone), string(config.ToPhone))
	f.StringVar(&o.accept, "accept", "", "carry out the `PLAN` that a brake stopped")
	f.StringVar(&o.save, "save", "", "with --dry-run: keep the plan in `FILE`, for --apply")
	f.StringVar(&o.apply, "apply", "", "carry out the plan that --save kept in `FILE`, and nothing else")
	f.StringVar(&o.event, "from-event", "", "sync the phone of this udev event, if it is paired: its `SYSPATH` below /sys")
	f.BoolVar(&o.paired, "paired", false, "sync every paired phone that is plugged in; none is nothing to do")
	f.BoolVar(&o.ifIdle, "if-idle", false, "with --paired: do nothing while somebody is at the computer")
	return c
}

// runSyncCommand is the command; most of its flags belong to one of its two ways.
func (g *globals) runSyncCommand(ctx context.Context, o syncOptions) error {
	if o.event == "" && !o.paired {
		if o.ifIdle {
			return usageError("--if-idle goes with --paired")
		}
		return runSync(ctx, g, o)
	}
	for _, flag := range []string{"phone", "pair", "map", "folder", "leave-folder", "direction", "dry-run", "accept", "save", "apply"} {
		if o.said(flag) {
			return usageError("--%s can't be given for a sync that starts by itself", flag)
		}
	}
	if o.event != "" && (o.paired || o.ifIdle) {
		return usageError("--from-event is for one phone: leave --paired and --if-idle out")
	}
	return g.runAutomatic(ctx, o)
}

func runSync(ctx context.Context, g *globals, o syncOptions) error {
	preset, err := engine.ParsePreset(o.conflict)
	if err != nil {
		return usageError("--%v", err)
	}
	kinds, err := kindsOf(o.only)
	if err != nil {
		return err
	}
	saved, err := o.savedPlan()
	if err != nil {
		return err
	}
	renamed, err := parseMaps(o.maps)
	if err != nil {
		return err
	}
	g.sync = o.command(g)
	open := o.open
	if open == nil {
		open = func(ctx context.Context) (*phone, error) { return g.openPhone(ctx, o.phone) }
	}
	p, err := open(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	settings, err := g.phoneSettings(p)
	if err != nil {
		return err
	}
	if preset, kinds, err = o.settle(settings, preset, kinds); err != nil {
		return err
	}
	g.log().Debug("phone opened", "name", p.name, "serial", p.serial, "selector", p.selector)
	name := p.serial
	if name == "" {
		name = p.selector
	}
	unlockPhone, err := lock(ctx, "phone", name, "cradle sync")
	if err != nil {
		return err
	}
	defer unlockPhone()
	unlockStore, err := g.lockStore(ctx, "cradle sync")
	if err != nil {
		return err
	}
	defer unlockStore()
	_, absent := os.Stat(g.storePath())
	store, err := g.syncStore(ctx, o.dryRun)
	if err != nil {
		return err
	}
	used := false // the run wrote, or may have written
	defer func() {
		empty := errors.Is(absent, fs.ErrNotExist) && !o.dryRun && !used && isEmpty(store)
		store.Close()
		if empty {
			unmake(store.Path())
		}
	}()
	g.log().Debug("store opened", "path", store.Path(), "made", absent != nil)
	cache := store.Cache(name)
	models := store.Cache(strings.TrimSpace("model " + p.name + " " + p.firmware))
	p.models = models
	folder, err := g.folder(ctx, p, cache)
	if err != nil {
		return err
	}
	learned := learnedOf(folder, kinds)
	for _, m := range mapped(settings, renamed) {
		folder.Map(m.from, m.to)
	}
	if err := g.useFolders(ctx, p, folder, o); err != nil {
		return err
	}
	if err := g.recallFolders(ctx, store, folder, folder.Facts()); err != nil {
		return err
	}
	found, err := g.discover(ctx, p, folder, store, o)
	if err != nil {
		return err
	}
	filters, err := g.filters(p, folder, kinds, o.filter)
	if err != nil {
		return err
	}
	bar := newProgress(g)
	var schemas []engine.Schema
	for _, k := range kinds {
		schemas = append(schemas, k)
	}
	facts := folder.Facts()
	g.log().Debug("looking through the phone", "peer", facts.ID, "state", facts.HasState, "read_only", folder.ReadOnly() != nil)
	session := engine.NewSession(store, folder, schemas, engine.Options{
		Preset: preset, DryRun: o.dryRun, Accept: o.accept, Apply: saved, Exempt: o.exempt,
		Withhold: o.direction == config.FromPhone, WithholdStore: o.direction == config.ToPhone,
		Pair: func(m engine.Meet) bool {
			if kept, err := keptHere(ctx, folder, store, kinds); err == nil && !o.dryRun {
				g.tellKept(p, kept, kinds)
			}
			if o.pairing != nil {
				return o.pairing(p, m)
			}
			return o.pair || g.askPair(p, m)
		},
		Now: g.now, Log: g.log(), Progress: bar.update, Filters: filters, ForgetAfter: g.forgetAfter(),
	})
	res, err := session.Run(ctx)
	// A plan that a brake stopped is for this store: it stays for --accept.
	used = res.Run != 0 || res.Planned && !errors.Is(err, engine.ErrNotPaired) && !errors.Is(err, engine.ErrPlanChanged)
	bar.done()
	g.notes(folder)
	if res.Planned {
		g.strays(folder, o.dryRun)
	}
	if merr := g.unmapped(context.WithoutCancel(ctx), folder, store, renamed); merr != nil {
		g.log().Warn("the collections aren't compared with --map", "err", merr)
	}
	if lerr := g.unknownLeft(context.WithoutCancel(ctx), folder, store, kinds, o.filter.leaveOut); lerr != nil {
		g.log().Warn("the collections aren't compared with --leave-out", "err", lerr)
	}
	g.log().Debug("run ended", "actions", len(res.Plan.Actions), "run", res.Run, "failed", len(res.Failed), "bodies_read", folder.BodiesRead(), "err", err)
	if cerr := errors.Join(cache.Flush(context.WithoutCancel(ctx)), models.Flush(context.WithoutCancel(ctx))); cerr != nil {
		g.log().Warn("the cache of the phone isn't kept", "err", cerr)
	}
	kept := map[string][]keptDocument{}
	if res.First || o.dryRun || learnedOf(folder, kinds) != learned {
		if kept, err = keptOr(ctx, folder, store, kinds, err); res.Planned && (o.dryRun || learnedOf(folder, kinds) != learned) {
			g.tellKept(p, kept, kinds)
		}
	}
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil && len(res.Plan.Actions) == 0 && !isStopped(err) && res.Run == 0 && !res.Planned {
		return err
	}
	keep := o.save != "" && res.Planned && (err == nil || isStopped(err))
	if keep {
		if err := savePlan(o.save, res.Plan); err != nil {
			return err
		}
	}
	if err == nil && !o.dryRun {
		if lerr := g.sayLeft(context.WithoutCancel(ctx), store, facts.ID, o.leave); lerr != nil {
			g.log().Warn("what is in the folders that were let go can't be told", "err", lerr)
		}
	}
	r := syncReport{g: g, found: found, phone: p, folder: folder, store: store, kinds: kinds, opt: o, res: res, err: err, kept: kept, saved: keep}
	var oerr error
	if r.waiting, _, oerr = store.Open(ctx, engine.PeerID{}); oerr == nil {
		r.waitingHere, r.held, oerr = store.Open(ctx, facts.ID)
	}
	if oerr == nil {
		oerr = r.failing(context.WithoutCancel(ctx), facts.ID)
	}
	if err == nil {
		r.err = oerr
	}
	if r.err == nil && o.dryRun {
		r.err = r.obstacle(ctx)
	}
	if err == nil && !o.dryRun {
		g.met(p, facts.ID)
	}
	if o.done != nil {
		return o.done(ctx, &r)
	}
	return r.finish(ctx)
}

// settle joins what the settings say of the phone to the flags, which come first.
func (o *syncOptions) settle(s config.Phone, preset engine.Preset, kinds []*pim.Kind) (engine.Preset, []*pim.Kind, error) {
	if o.direction == "" {
		o.direction = s.Direction
	}
	if s.Conflict != "" && (o.said == nil || !o.said("conflict")) {
		p, err := engine.ParsePreset(string(s.Conflict))
		if err != nil {
			return "", nil, err
		}
		o.conflict, preset = string(p), p
	}
	if len(s.Kinds) > 0 && len(o.only) == 0 {
		var names []string
		for _, k := range s.Kinds {
			names = append(names, string(k))
		}
		var err error
		if kinds, err = kindsOf(names); err != nil {
			return "", nil, err
		}
	}
	return preset, kinds, nil
}

// isEmpty reports whether nobody put anything into a store.
func isEmpty(s *hostprovider.Store) bool {
	items, err := s.List(context.Background(), hostprovider.Query{})
	return err == nil && len(items) == 0
}

// unmake takes a store away that a run made and then didn't write to: it was
// stopped before.
func unmake(path string) {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(path + suffix)
	}
}

// syncStore opens the store; a dry run doesn't make one.
func (g *globals) syncStore(ctx context.Context, dry bool) (*hostprovider.Store, error) {
	if dry {
		return g.readStore(ctx)
	}
	return g.openStore(ctx)
}

// lockStore takes the store's lock for a command that writes.
func (g *globals) lockStore(ctx context.Context, command string) (func(), error) {
	return lock(ctx, "store", g.lockedPath(), command)
}

// lockedPath is the store's file under the one name that its lock goes by.
func (g *globals) lockedPath() string {
	path := g.storePath()
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

func kindsOf(names []string) ([]*pim.Kind, error) {
	if len(names) == 0 {
		return pim.Kinds(), nil
	}
	var out []*pim.Kind
	for _, k := range pim.Kinds() {
		if slices.Contains(names, k.Name()) {
			out = append(out, k)
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(out, func(k *pim.Kind) bool { return k.Name() == n }) {
			return nil, usageError("--only %q: want contacts, events, tasks or notes", n)
		}
	}
	return out, nil
}

// mapping says that a collection of the phone is another one of the store.
type mapping struct{ from, to string }

// mapped lists the mappings of the settings and of --map, which goes before them, by name.
func mapped(settings config.Phone, said map[string]string) []mapping {
	all := maps.Clone(said)
	if all == nil {
		all = map[string]string{}
	}
	for from, to := range settings.Collections {
		if _, is := all[from]; !is {
			all[from] = string(to)
		}
	}
	var out []mapping
	for _, from := range slices.Sorted(maps.Keys(all)) {
		out = append(out, mapping{from, all[from]})
	}
	return out
}

func parseMaps(list []string) (map[string]string, error) {
	maps := map[string]string{}
	for _, m := range list {
		from, to, ok := strings.Cut(m, "=")
		if !ok || from == "" || to == "" {
			return nil, usageError("--map %q: want PHONE=STORE, two names of collections", m)
		}
		maps[from] = to
	}
	return maps, nil
}

// askPair asks a person at a terminal about a first meeting.
func (g *globals) askPair(p *phone, m engine.Meet) bool {
	return g.confirm(fmt.Sprintf("%s and this store meet for the first time.\n  %d items are on both, %d go to the phone, %d come to the store, %d are deleted.\nSync them?", plain(p.name), m.Pair, m.ToPhone, m.ToStore, m.Deleted))
}

// confirm asks a person at a terminal; without one, or when a program reads along,
// the answer is no.
func (g *globals) confirm(question string) bool {
	if g.json || !isTerminal(g.stdin) || !isTerminal(g.stderr) {
		return false
	}
	fmt.Fprintf(g.stderr, "%s [y/N] ", question)
	if g.lines == nil {
		g.lines = bufio.NewReader(g.stdin)
	}
	line, err := g.lines.ReadString('\n')
	if err != nil {
		return false
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

var _ devprovider.Cache = (*hostprovider.Cache)(nil)
