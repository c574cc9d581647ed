package cmd

import (
	"errors"
	"fmt"
	"strings"

	"cradle/devprovider"
	"cradle/engine"
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
	return []sourceDocument{d}
}

// syncReport is a run that came as far as a plan.
type syncReport struct {
	g       *globals
	phone   *phone
	folder  *devprovider.Folder
	kinds   []*pim.Kind
	opt     syncOptions
	res     *engine.Result
	err     error
	waiting int
}

// finish prints the report and gives the exit code as an error.
func (r *syncReport) finish() error {
	doc := r.document()
	code := r.code(doc)
	if r.g.json {
		if err := r.g.print(doc); err != nil {
			return err
		}
	} else {
		r.text(doc)
	}
	if code == exitDone {
		return nil
	}
	return quiet(code)
}

func (r *syncReport) code(doc *syncDocument) int {
	var codes []int
	switch {
	case errors.Is(r.err, engine.ErrBraked), errors.Is(r.err, engine.ErrNotPaired):
		codes = append(codes, exitBraked)
	case r.err != nil:
		codes = append(codes, doc.Error.exit)
	}
	if len(r.res.Failed) > 0 {
		codes = append(codes, exitItemsFailed)
	}
	if r.opt.conflict == string(engine.Ask) && (r.waiting > 0 || r.opt.dryRun && r.planned(engine.VerbConflict)) {
		codes = append(codes, exitConflicts)
	}
	return worst(codes...)
}

func (r *syncReport) planned(v engine.Verb) bool {
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
		Phone: phoneDocument{Name: r.phone.name, Serial: r.phone.serial, Sources: sources(r.folder, r.kinds)},
		Kinds: map[string]kindDocument{}, IO: r.io(),
	}
	if doc.Plan == nil {
		doc.Plan = []engine.Action{}
	}
	for _, k := range r.kinds {
		st := r.res.Stats[k.Name()]
		d := kindDocument{ToStore: st.ToStore, ToPhone: st.ToPhone, Adopted: st.Adopted, Conflicts: st.Conflicts, Failed: []failedDocument{}}
		for _, f := range r.res.Failed {
			if f.Scope != k.Name() {
				continue
			}
			fd := failedDocument{Path: f.Path, Side: string(f.Side), Reason: f.Err.Error()}
			if !f.Item.IsZero() {
				fd.Item = f.Item.String()
			}
			if r.res.Run != 0 {
				fd.Since = &r.res.Run
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
		doc.Error = &failure{exit: exitBraked, Code: "brake", What: "nothing was written", Why: doc.Brake.Reason, Next: r.acceptLine(doc.Brake.Accept)}
	case errors.Is(r.err, engine.ErrNotPaired):
		m := r.res.Meet
		doc.Error = &failure{exit: exitBraked, Code: "not-paired", What: "nothing was written: this phone and this store meet for the first time",
			Why:  fmt.Sprintf("%d items pair, %d would go to the phone, %d to the store", m.Pair, m.ToPhone, m.ToStore),
			Next: r.command() + " --pair"}
	case r.err != nil:
		doc.Error = explain(r.err)
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

// command is the command line that does this run again.
func (r *syncReport) command() string {
	c := "cradle sync"
	if r.opt.phone != "usb" {
		c += " --phone " + quoteArg(r.opt.phone)
	}
	if r.g.store != "" {
		c += " --store " + quoteArg(r.g.store)
	}
	if len(r.opt.only) > 0 {
		c += " --only " + strings.Join(r.opt.only, ",")
	}
	if r.opt.conflict != string(engine.Newest) {
		c += " --conflict " + r.opt.conflict
	}
	return c
}

func (r *syncReport) acceptLine(plan string) string { return r.command() + " --accept " + plan }

// quoteArg makes an argument fit for a shell.
func quoteArg(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`&|;<>()*?[]{}~#!") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// maxShown is how many lines of a plan or of failed items a person is shown.
const maxShown = 40

func (r *syncReport) text(doc *syncDocument) {
	g := r.g
	name := plain(doc.Phone.Name)
	moved := 0
	for _, k := range r.kinds {
		d := doc.Kinds[k.Name()]
		moved += d.ToStore.Total() + d.ToPhone.Total()
	}
	stopped := errors.Is(r.err, engine.ErrBraked) || errors.Is(r.err, engine.ErrNotPaired)
	if r.opt.dryRun || stopped {
		r.planText(doc)
	}
	switch {
	case r.opt.dryRun && len(doc.Plan) == 0, !r.opt.dryRun && moved == 0 && r.err == nil && r.res.Left == 0:
		adopted := 0
		for _, d := range doc.Kinds {
			adopted += d.Adopted
		}
		if adopted > 0 {
			g.say("%s and the store hold the same: %s now known to each other.", name, count(adopted, "item is", "items are"))
		} else {
			g.say("%s and the store are in sync: nothing to do%s.", name, r.apart())
		}
	case !r.opt.dryRun && !stopped:
		r.countsText(doc, name)
	}
	if r.res.Left > 0 {
		fmt.Fprintf(g.stderr, "%s while they were synced: run cradle sync again\n", count(r.res.Left, "item changed", "items changed"))
	}
	for _, f := range r.res.Failed[:min(len(r.res.Failed), maxShown)] {
		where := f.Path
		if where == "" {
			where = f.Item.String()
		}
		fmt.Fprintf(g.stderr, "left out (%s, %s): %s: %s\n", f.Scope, f.Side, plain(where), plain(f.Err.Error()))
	}
	if n := len(r.res.Failed) - maxShown; n > 0 {
		fmt.Fprintf(g.stderr, "… and %d more (cradle sync --json lists all)\n", n)
	}
	if r.waiting > 0 {
		g.say("%s for you: cradle conflicts list", count(r.waiting, "conflict waits", "conflicts wait"))
	}
	if doc.Error != nil {
		fmt.Fprintf(g.stderr, "cradle: %s\n", plain(doc.Error.Error()))
		if doc.Error.Next != "" {
			fmt.Fprintf(g.stderr, "  next: %s\n", doc.Error.Next)
		}
	}
}

// apart says what keeps an in-sync phone and store from being equal.
func (r *syncReport) apart() string {
	if n := len(r.res.Failed); n > 0 {
		return fmt.Sprintf(", but for %s left out", count(n, "item", "items"))
	}
	return ""
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
		g.say("%-10s %22s   %22s   %s", k.Name(), moves(d.ToStore), moves(d.ToPhone), strings.Join(extra, ", "))
	}
	if r.err == nil && doc.Run != nil {
		undo := "cradle undo"
		if g.store != "" {
			undo += " --store " + quoteArg(g.store)
		}
		g.say("%s is in sync with the store. (Run %d; %s takes it back.)", name, *doc.Run, undo)
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
	return strings.Join(parts, ", ")
}

func (r *syncReport) planText(doc *syncDocument) {
	g := r.g
	for i, a := range doc.Plan {
		if i == maxShown {
			g.say("… and %d more (--json lists all)", len(doc.Plan)-maxShown)
			break
		}
		what := a.Path
		if what == "" {
			what = a.UID
		}
		if what == "" {
			what = a.Item
		}
		units := ""
		if len(a.Units) > 0 {
			units = " (" + strings.Join(a.Units, ", ") + ")"
		}
		g.say("%-8s %-9s on the %-6s %s%s", a.Verb, a.Scope, a.To+":", plain(what), units)
	}
}
