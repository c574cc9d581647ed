package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cradle/cmd/config"
	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/pim"
)

// syncDocument is sync's JSON (design §7).
type syncDocument struct {
	Version int                     `json:"version"`
	Phone   phoneDocument           `json:"phone"`
	DryRun  bool                    `json:"dry_run"`
	First   bool                    `json:"first"`
	Kinds   map[string]kindDocument `json:"kinds"`
	Plan    []engine.Action         `json:"plan"`
	Pairs   []engine.Pair           `json:"pairs,omitempty"`
	Perhaps []perhapsDocument       `json:"perhaps,omitempty"`
	Brake   *brakeDocument          `json:"brake"`
	IO      ioDocument              `json:"io"`
	Run     *int64                  `json:"run"`
	Error   *failure                `json:"error"`
}

type phoneDocument struct {
	Name    string           `json:"name"`
	Serial  string           `json:"serial"`
	Sources []sourceDocument `json:"sources"`
}

type sourceDocument struct {
	Profile string   `json:"profile"`
	Path    string   `json:"path"`
	Kinds   []string `json:"kinds"`
	Mode    string   `json:"mode"`
}

type kindDocument struct {
	ToStore   engine.Moves     `json:"to_store"`
	ToPhone   engine.Moves     `json:"to_phone"`
	Adopted   int              `json:"adopted"`
	Conflicts int              `json:"conflicts"`
	Failed    []failedDocument `json:"failed"`
	Filter    *filterDocument  `json:"filter,omitempty"`
	KeptHere  []keptDocument   `json:"kept_here,omitempty"`
}

type failedDocument struct {
	Item   string `json:"item"`
	Path   string `json:"path"`
	Side   string `json:"side"`
	Reason string `json:"reason"`
	Since  *int64 `json:"since"`
}

type brakeDocument struct {
	Reason string `json:"reason"`
	Kind   string `json:"kind"`
	Side   string `json:"side"`
	Accept string `json:"accept"`
}

type ioDocument struct {
	Transactions int64 `json:"transactions"`
	BodiesRead   int64 `json:"bodies_read"`
	BytesRead    int64 `json:"bytes_read"`
	BytesWritten int64 `json:"bytes_written"`
}

// failingOf is how the store keeps a failure.
func failingOf(f engine.Failure) hostprovider.Failing {
	out := hostprovider.Failing{Kind: f.Scope, Path: f.Path, Side: f.Side}
	if !f.Item.IsZero() {
		out.Item = f.Item.String()
	}
	return out
}

// failing asks the store since when what failed does so, and tells it what fails
// now, unless nothing was to be written.
func (r *syncReport) failing(ctx context.Context, peer engine.PeerID) error {
	var names []string
	for _, k := range r.kinds {
		names = append(names, k.Name())
	}
	var now []hostprovider.Failing
	for _, f := range r.res.Failed {
		now = append(now, failingOf(f))
	}
	stopped := isStopped(r.err)
	var err error
	r.since, err = r.store.Failing(ctx, peer, names, r.res.Run, now, !r.opt.dryRun && !stopped)
	return err
}

// isStopped reports whether a session ended before it wrote anything, with a plan that
// a person has to look at.
func isStopped(err error) bool {
	return errors.Is(err, engine.ErrBraked) || errors.Is(err, engine.ErrNotPaired) || errors.Is(err, engine.ErrPlanChanged)
}

// sources tells what of a phone is synced.
func sources(f *devprovider.Folder, kinds []*pim.Kind) []sourceDocument {
	_, tree := f.Home()
	d := sourceDocument{Profile: "folder", Path: tree, Mode: "two-way"}
	for _, k := range kinds {
		d.Kinds = append(d.Kinds, k.Name())
	}
	if f.ReadOnly() != nil {
		d.Mode = "read-only"
	}
	return append([]sourceDocument{d}, vdirSources(f, kinds)...)
}

// syncReport is a run that came as far as a plan.
type syncReport struct {
	g       *globals
	found   []devprovider.Found // vdirs that nobody named
	phone   *phone
	folder  *devprovider.Folder
	kinds   []*pim.Kind
	store   *hostprovider.Store
	opt     syncOptions
	res     *engine.Result
	err     error
	waiting int                       // conflicts, with all phones
	kept    map[string][]keptDocument // what the phone doesn't store, by kind
	saved   bool                      // the plan is in opt.save

	waitingHere, held int                            // with this one
	since             map[hostprovider.Failing]int64 // the run since which a failure fails
}

// finish prints the report and gives the exit code as an error.
func (r *syncReport) finish(ctx context.Context) error {
	doc := r.document()
	if r.res.First && (r.opt.dryRun || isStopped(r.err)) {
		doc.Pairs, doc.Perhaps = r.res.Pairs, r.perhaps(ctx)
	}
	code := r.code(doc)
	if r.g.json {
		if err := r.g.print(doc); err != nil {
			return err
		}
	} else {
		r.text(ctx, doc)
	}
	if code == exitDone {
		return nil
	}
	return quiet(code)
}

func (r *syncReport) code(doc *syncDocument) int {
	var codes []int
	switch {
	case isStopped(r.err):
		codes = append(codes, exitBraked)
	case r.err != nil:
		codes = append(codes, doc.Error.exit)
	}
	if len(r.res.Failed) > 0 {
		codes = append(codes, exitItemsFailed)
	}
	if r.opt.conflict == string(engine.Ask) && (r.waiting > 0 || r.opt.dryRun && r.plans(engine.VerbConflict)) {
		codes = append(codes, exitConflicts)
	}
	return worst(codes...)
}

func (r *syncReport) plans(v engine.Verb) bool {
	for _, a := range r.res.Plan.Actions {
		if a.Verb == v {
			return true
		}
	}
	return false
}

func (r *syncReport) document() *syncDocument {
	doc := &syncDocument{
		Version: 1, DryRun: r.opt.dryRun, First: r.res.First, Plan: r.res.Plan.Actions,
		Phone: phoneDocument{Name: r.phone.name, Serial: r.phone.serial, Sources: append(sources(r.folder, r.kinds), foundSources(r.found, false)...)},
		Kinds: map[string]kindDocument{}, IO: r.io(),
	}
	for i := range doc.Phone.Sources {
		s := &doc.Phone.Sources[i]
		switch {
		case s.Mode != "two-way":
		case r.opt.direction == config.FromPhone:
			s.Mode = "read-only"
		case r.opt.direction == config.ToPhone:
			s.Mode = "write-only"
		}
	}
	if doc.Plan == nil {
		doc.Plan = []engine.Action{}
	}
	for _, k := range r.kinds {
		st := r.res.Stats[k.Name()]
		d := kindDocument{ToStore: st.ToStore, ToPhone: st.ToPhone, Adopted: st.Adopted, Conflicts: st.Conflicts, Failed: []failedDocument{}, Filter: documentOf(r.res.Filters[k.Name()]), KeptHere: r.kept[k.Name()]}
		for _, f := range r.res.Failed {
			if f.Scope != k.Name() {
				continue
			}
			fd := failedDocument{Path: f.Path, Side: string(f.Side), Reason: f.Err.Error()}
			if !f.Item.IsZero() {
				fd.Item = f.Item.String()
			}
			if run := r.since[failingOf(f)]; run != 0 {
				fd.Since = &run
			}
			d.Failed = append(d.Failed, fd)
		}
		doc.Kinds[k.Name()] = d
	}
	if r.res.Run != 0 {
		run := r.res.Run
		doc.Run = &run
	}
	if b := r.res.Plan.Brake; b != nil {
		doc.Brake = &brakeDocument{Reason: b.Reason, Kind: b.Scope, Side: string(b.Side), Accept: b.Accept}
	}
	switch {
	case errors.Is(r.err, engine.ErrBraked):
		doc.Error = &failure{exit: exitBraked, Code: "brake", What: "nothing was written", Why: doc.Brake.Reason + r.ifRight() + r.otherPlan(), Next: r.g.sync + " --accept " + doc.Brake.Accept}
	case errors.Is(r.err, engine.ErrPlanChanged):
		doc.Error = &failure{exit: exitBraked, Code: "plan-changed", What: "nothing was written: there is something else to do now than " + r.opt.apply + " says",
			Why: "the phone or the store changed since that plan was saved, or it is for others", Next: r.g.sync + " --dry-run --save " + quoteArg(r.opt.apply)}
	case errors.Is(r.err, engine.ErrNotPaired):
		m := r.res.Meet
		doc.Error = &failure{exit: exitBraked, Code: "not-paired", What: "nothing was written: this phone and this store meet for the first time",
			Why:  fmt.Sprintf("%d items pair, %d would go to the phone, %d to the store, %d would be deleted", m.Pair, m.ToPhone, m.ToStore, m.Deleted),
			Next: r.g.sync + " --pair"}
	case r.err != nil:
		doc.Error = r.g.explain(r.err)
	}
	return doc
}

func (r *syncReport) io() ioDocument {
	d := ioDocument{BodiesRead: r.folder.BodiesRead()}
	if r.phone.session != nil {
		st := r.phone.session.Stats()
		d.Transactions, d.BytesRead, d.BytesWritten = st.Transactions, st.BytesIn, st.BytesOut
	}
	return d
}

// command is the command line of a sync with these flags.
func (o syncOptions) command(g *globals) string {
	c := "cradle sync"
	if o.phone != "usb" {
		c += " --phone " + quoteArg(o.phone)
	}
	if g.store != "" {
		c += " --store " + quoteArg(g.store)
	}
	for _, m := range o.maps {
		c += " --map " + quoteArg(m)
	}
	for _, f := range o.folders {
		c += " --folder " + quoteArg(f)
	}
	for _, f := range o.leave {
		c += " --leave-folder " + quoteArg(f)
	}
	c += o.filter.command()
	if len(o.only) > 0 {
		c += " --only " + strings.Join(o.only, ",")
	}
	if o.conflict != string(engine.Newest) {
		c += " --conflict " + o.conflict
	}
	if o.direction != "" {
		c += " --direction " + string(o.direction)
	}
	return c
}

// quoteArg makes an argument fit for a shell.
func quoteArg(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`&|;<>()*?[]{}~#!") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// ifRight says what a first plan that a brake stopped comes to: small books of which none
// is in the other are nothing bad, if nobody mixed up phones or stores.
func (r *syncReport) ifRight() string {
	if p := r.res.Plan.Actions; !r.res.First || planned(p, engine.ToPhone).Deleted+planned(p, engine.ToStore).Deleted > 0 {
		return ""
	}
	return "; if it is the right phone: the plan deletes nothing, and the next command carries it out"
}

// otherPlan says that --accept was given for a plan that this isn't.
func (r *syncReport) otherPlan() string {
	if r.opt.accept == "" {
		return ""
	}
	return fmt.Sprintf(" (--accept %s is for another plan)", plain(r.opt.accept))
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
	if r.res.Left > 0 {
		fmt.Fprintf(g.stderr, "%s while they were synced: run %s again\n", count(r.res.Left, "item changed", "items changed"), g.sync)
	}
	shown := r.res.Failed[:min(len(r.res.Failed), maxShown)]
	known := r.summaries(ctx, shown)
	for _, f := range shown {
		where := cmp.Or(f.Path, known[f.Item], f.Item.String())
		why := strings.TrimPrefix(f.Err.Error(), where+": ")
		fmt.Fprintf(g.stderr, "left out (%s, %s): %s: %s\n", f.Scope, f.Side, plain(where), plain(why))
	}
	if n := len(r.res.Failed) - maxShown; n > 0 {
		fmt.Fprintf(g.stderr, "… and %d more (cradle sync --json lists all)\n", n)
	}
	if r.waiting > 0 {
		g.say("%s for you: %s", count(r.waiting, "conflict waits", "conflicts wait"), g.command("conflicts list"))
	}
	if r.waiting == 0 && r.held > 0 {
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

// apart says what keeps an in-sync phone and store from being equal.
func (r *syncReport) apart() string {
	var parts []string
	if n := len(r.res.Failed); n > 0 {
		parts = append(parts, count(n, "item", "items")+" left out")
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
	return ", but for " + strings.Join(parts, " and ")
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
		g.say("%-8s %-9s on the %-6s %s%s%s", a.Verb, a.Scope, a.To+":", plain(names[i]), units, why)
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
