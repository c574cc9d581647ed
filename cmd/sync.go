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
	folders  []string
	leave    []string
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
		RunE:    func(c *cobra.Command, _ []string) error { return runSync(c.Context(), g, o) },
	}
	f := c.Flags()
	f.StringVar(&o.phone, "phone", "usb", "which phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH or virtual:KIND:DIR")
	f.BoolVar(&o.pair, "pair", false, "agree to a first meeting of this phone and this store")
	f.StringArrayVar(&o.maps, "map", nil, "sync the phone's collection with another of the store: `PHONE=STORE`")
	f.StringArrayVar(&o.folders, "folder", nil, "sync this folder of the phone too, where it lies: `PATH[=COLLECTION]`, or PATH/* for each folder in it")
	f.StringArrayVar(&o.leave, "leave-folder", nil, "no longer sync the folder `PATH` where it lies; what came from it stays on both sides")
	f.StringSliceVar(&o.only, "only", nil, "only these kinds: contacts,events,tasks,notes")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "print the plan and write nothing")
	f.StringVar(&o.conflict, "conflict", "newest", "who wins where one field changed on both sides: newest, phone, desktop, both or ask")
	completeWords(c, "conflict", "newest", "phone", "desktop", "both", "ask")
	f.StringVar(&o.accept, "accept", "", "carry out the `PLAN` that a brake stopped")
	return c
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
	renamed, err := parseMaps(o.maps)
	if err != nil {
		return err
	}
	g.sync = o.command(g)
	p, err := g.openPhone(ctx, o.phone)
	if err != nil {
		return err
	}
	defer p.close()
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
	folder, err := g.folder(ctx, p, cache)
	if err != nil {
		return err
	}
	for _, from := range slices.Sorted(maps.Keys(renamed)) {
		folder.Map(from, renamed[from])
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
	bar := newProgress(g)
	var schemas []engine.Schema
	for _, k := range kinds {
		schemas = append(schemas, k)
	}
	facts := folder.Facts()
	g.log().Debug("looking through the phone", "peer", facts.ID, "state", facts.HasState, "read_only", folder.ReadOnly() != nil)
	session := engine.NewSession(store, folder, schemas, engine.Options{
		Preset: preset, DryRun: o.dryRun, Accept: o.accept,
		Pair: func(m engine.Meet) bool { return o.pair || g.askPair(p, m) },
		Now:  g.now, Log: g.log(), Progress: bar.update,
	})
	res, err := session.Run(ctx)
	// A plan that a brake stopped is for this store: it stays for --accept.
	used = res.Run != 0 || res.Planned && !errors.Is(err, engine.ErrNotPaired)
	bar.done()
	g.notes(folder)
	g.log().Debug("run ended", "actions", len(res.Plan.Actions), "run", res.Run, "failed", len(res.Failed), "bodies_read", folder.BodiesRead(), "err", err)
	if cerr := cache.Flush(context.WithoutCancel(ctx)); cerr != nil {
		g.log().Warn("the cache of the phone isn't kept", "err", cerr)
	}
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil && len(res.Plan.Actions) == 0 && !errors.Is(err, engine.ErrNotPaired) && !errors.Is(err, engine.ErrBraked) && res.Run == 0 && !res.Planned {
		return err
	}
	r := syncReport{g: g, found: found, phone: p, folder: folder, store: store, kinds: kinds, opt: o, res: res, err: err}
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
	return r.finish(ctx)
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
