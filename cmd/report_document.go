package cmd

import (
	"errors"
	"fmt"
	"slices"

	"cradle/cmd/config"
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
	Pairs   []engine.Pair           `json:"pairs,omitempty"`
	Perhaps []perhapsDocument       `json:"perhaps,omitempty"`
	Brake   *brakeDocument          `json:"brake"`
	Mended  int                     `json:"mended,omitempty"` // files of the phone that were cut off and are put back
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
	doc.Mended = r.res.Mended
	if doc.Plan == nil {
		doc.Plan = []engine.Action{}
	}
	failed, notStored := r.failed()
	for _, k := range r.kinds {
		st := r.res.Stats[k.Name()]
		d := kindDocument{ToStore: st.ToStore, ToPhone: st.ToPhone, Adopted: st.Adopted, Conflicts: st.Conflicts, Failed: []failedDocument{}, Filter: documentOf(r.res.Filters[k.Name()]), KeptHere: r.kept[k.Name()]}
		n := 0
		for _, f := range notStored {
			if f.Scope == k.Name() {
				n++
			}
		}
		if n > 0 {
			d.KeptHere = append(slices.Clone(d.KeptHere), keptDocument{Name: wholeItem, Why: "not stored", Items: n})
		}
		for _, f := range failed {
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
			Why: "it was carried out already, the phone or the store changed since it was saved, or it is for others", Next: r.g.sync + " --dry-run --save " + quoteArg(r.opt.apply)}
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
