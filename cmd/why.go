package cmd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cradle/engine"
	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

// whyDocument is why's JSON.
type whyDocument struct {
	Version int       `json:"version"`
	Items   []whyItem `json:"items"`
}

type whyItem struct {
	itemDocument
	Deleted    bool       `json:"deleted"`
	MergedInto *string    `json:"merged_into"`
	Created    whyVersion `json:"created"`
	// Units: the item's existence under "" first, then by name.
	Units     []whyUnit     `json:"units"`
	Phones    []whyPhone    `json:"phones"`
	Runs      []whyRun      `json:"runs"`
	Conflicts []whyConflict `json:"conflicts"`
	Failing   []whyFailing  `json:"failing"`
}

// whyVersion is who made a change: "this" computer, the user of a "phone" as this
// computer saw it, or an "other" computer.
type whyVersion struct {
	Replica string `json:"replica"`
	Tick    uint64 `json:"tick"`
	By      string `json:"by"`
	Phone   string `json:"phone"` // its name where by is phone
}

type whyUnit struct {
	Unit     string     `json:"unit"`
	Version  whyVersion `json:"version"`
	Edited   *string    `json:"edited"`   // RFC 3339, UTC; null where nobody knows
	Resolved bool       `json:"resolved"` // a conflict was settled so
	Empty    bool       `json:"empty"`
}

type whyPhone struct {
	Name      string   `json:"name"`
	Serial    string   `json:"serial"`
	Path      string   `json:"path"`
	Deleted   bool     `json:"deleted"`
	Left      bool     `json:"left"` // the phone's filter took it off: nobody deleted it
	Announced bool     `json:"announced"`
	Differs   []string `json:"differs"` // units whose version there is another than here
}

type whyRun struct {
	Run    int64       `json:"run"`
	At     string      `json:"at"`
	Phone  string      `json:"phone"`
	To     engine.Side `json:"to"`
	Action engine.Verb `json:"action"`
	Undoes *int64      `json:"undoes"`
}

type whyConflict struct {
	ID    int64                `json:"id"`
	Unit  string               `json:"unit"`
	State engine.ConflictState `json:"state"`
	Kept  engine.Side          `json:"kept_side"`
	Run   int64                `json:"run"`
}

type whyFailing struct {
	Phone string      `json:"phone"`
	Path  string      `json:"path"`
	Side  engine.Side `json:"side"`
	Since int64       `json:"since"`
}

func whyCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "why ITEM",
		Short: "Tell how an item came to be as it is",
		Long: `Why tells of an item who made each of its fields as it is, which phones have it and
how it differed there when they were last seen, what the last runs did with it, and
its conflicts. ITEM is an ID, the beginning of one (4 characters or more) or a UID;
deleted items are found too.`,
		Example: "  cradle why ada\n  cradle why 3f9a1c2e --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := g.readStore(c.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			found, err := s.Why(c.Context(), args[0])
			if err != nil {
				return err
			}
			doc := whyDocument{Version: 1, Items: []whyItem{}}
			for i := range found {
				doc.Items = append(doc.Items, whyOf(&found[i]))
			}
			if g.json {
				return g.print(doc)
			}
			for i := range doc.Items {
				if i > 0 {
					g.say("")
				}
				g.sayWhy(&doc.Items[i])
			}
			return nil
		},
	}
}

func whyOf(w *hostprovider.Why) whyItem {
	m := w.Meta
	d := whyItem{
		itemDocument: document(w.Item), Deleted: m.Deleted, Created: versionOf(w, m.Creation),
		Units: []whyUnit{}, Phones: []whyPhone{}, Runs: []whyRun{}, Conflicts: []whyConflict{}, Failing: []whyFailing{},
	}
	if !m.MergedInto.IsZero() {
		into := m.MergedInto.String()
		d.MergedInto = &into
	}
	d.Units = append(d.Units, whyUnit{Version: versionOf(w, m.LifeVersion), Edited: moment(m.LifeEdited), Resolved: m.LifeResolved})
	for i := range m.Units {
		if u := &m.Units[i]; !m.Deleted {
			d.Units = append(d.Units, whyUnit{Unit: u.Unit, Version: versionOf(w, u.Version), Edited: moment(u.Edited), Resolved: u.Resolved, Empty: u.Digest.IsZero()})
		}
	}
	for i := range w.Phones {
		v := &w.Phones[i]
		d.Phones = append(d.Phones, whyPhone{
			Name: v.Phone.Name, Serial: v.Phone.Serial, Path: v.Path, Deleted: v.Meta.Deleted && !v.Left(), Left: v.Left(), Announced: v.Announced, Differs: differs(m, &v.Meta),
		})
	}
	for _, r := range w.Runs {
		run := whyRun{Run: r.Run, At: r.At.UTC().Format(time.RFC3339), Phone: r.Phone, To: r.Side, Action: r.Verb}
		if r.Undoes != 0 {
			run.Undoes = &r.Undoes
		}
		d.Runs = append(d.Runs, run)
	}
	for _, c := range w.Conflicts {
		d.Conflicts = append(d.Conflicts, whyConflict{ID: c.ID, Unit: c.Unit, State: c.State, Kept: c.KeptSide, Run: c.Run})
	}
	for _, f := range w.Failing {
		d.Failing = append(d.Failing, whyFailing{Phone: f.Phone.Name, Path: f.Path, Side: f.Side, Since: f.Since})
	}
	return d
}

// differs lists the units of which either side has another version.
func differs(here, there *engine.ItemMeta) []string {
	out := []string{}
	if here.Deleted || there.Deleted {
		return out
	}
	for i := range here.Units {
		if u := there.Unit(here.Units[i].Unit); u == nil || u.Version != here.Units[i].Version {
			out = append(out, here.Units[i].Unit)
		}
	}
	for i := range there.Units {
		if here.Unit(there.Units[i].Unit) == nil {
			out = append(out, there.Units[i].Unit)
		}
	}
	return out
}

func versionOf(w *hostprovider.Why, v engine.Version) whyVersion {
	d := whyVersion{Replica: v.Replica.String(), Tick: v.Tick, By: "other"}
	switch p, ok := w.Proxies[v.Replica]; {
	case v.Replica == w.Own:
		d.By = "this"
	case ok:
		d.By, d.Phone = "phone", p.Name
	}
	return d
}

// moment is a time in Unix milliseconds; nil where nobody knows it.
func moment(ms int64) *string {
	if ms == 0 {
		return nil
	}
	s := time.UnixMilli(ms).UTC().Format(time.RFC3339)
	return &s
}

func (g *globals) sayWhy(d *whyItem) {
	name := d.Summary
	if name == "" {
		name = d.UID
	}
	if name == "" {
		name = d.ID
	}
	where := d.Kind
	if d.Collection != "" && !d.Deleted {
		where += "/" + d.Collection
	}
	g.say("%s  (%s, %s)", plain(name), plain(where), d.ID)
	if d.MergedInto != nil {
		g.say("  it was merged into %s", *d.MergedInto)
	}
	for i, u := range d.Units {
		what := u.Unit
		switch {
		case i == 0 && d.Deleted:
			what = "deleted"
		case i == 0:
			what = "there"
		case u.Empty:
			what += " (empty)"
		}
		g.say("  %-22s %s%s", what, maker(u.Version), how(u))
	}
	for _, p := range d.Phones {
		g.say("on %s: %s", phoneName(p), there(d, p))
	}
	for _, r := range d.Runs {
		undo := ""
		if r.Undoes != nil {
			undo = fmt.Sprintf(", taking back run %d", *r.Undoes)
		}
		at, _ := time.Parse(time.RFC3339, r.At)
		g.say("run %d, %s, %s: %sd %s%s", r.Run, at.Local().Format(time.DateTime), plain(r.Phone), r.Action, side(r.To), undo)
	}
	for _, c := range d.Conflicts {
		outcome := ""
		switch c.State {
		case engine.Settled:
			outcome = fmt.Sprintf(", the %s's value kept", sideName(c.Kept))
		case engine.Waiting, engine.Held:
			outcome = ", each side has its own"
		}
		g.say("conflict %d of %s: %s%s", c.ID, c.Unit, c.State, outcome)
	}
	for _, f := range d.Failing {
		since, where := "from the first sync on", side(f.Side)
		if f.Since > 0 {
			since = fmt.Sprintf("since run %d", f.Since)
		}
		if f.Side == engine.ToPhone && f.Phone != "" {
			where = "on " + plain(f.Phone)
		}
		if f.Path != "" {
			where += ", " + plain(f.Path)
		}
		g.say("not synced %s: %s (%s tells why)", since, where, g.command("sync"))
	}
}

func side(s engine.Side) string {
	if s == engine.ToPhone {
		return "on the phone"
	}
	return "in the store"
}

func maker(v whyVersion) string {
	switch v.By {
	case "this":
		return fmt.Sprintf("this computer, change %d", v.Tick)
	case "phone":
		return fmt.Sprintf("on %s, change %d", plain(v.Phone), v.Tick)
	}
	return fmt.Sprintf("another computer (%s), change %d", v.Replica[:8], v.Tick)
}

func how(u whyUnit) string {
	s := ""
	if u.Edited != nil {
		at, _ := time.Parse(time.RFC3339, *u.Edited)
		s = ", " + at.Local().Format(time.DateTime)
	}
	if u.Resolved {
		s += ", settling a conflict"
	}
	return s
}

func phoneName(p whyPhone) string {
	if p.Name != "" {
		return plain(p.Name)
	}
	return plain(p.Serial)
}

// there says how the item was on a phone when it was last seen.
func there(d *whyItem, p whyPhone) string {
	var s string
	switch {
	case p.Left:
		s = "taken off by the phone's filter"
	case p.Deleted && d.Deleted:
		s = "deleted too"
	case p.Deleted:
		s = "deleted there"
	case d.Deleted:
		s = "there when it was last seen"
	case len(p.Differs) == 0:
		s = "the same"
	default:
		s = "differs in " + strings.Join(p.Differs, ", ") + " since it was last seen"
	}
	if p.Path != "" && !p.Deleted {
		s += ", " + plain(p.Path)
	}
	switch {
	case p.Announced && slices.ContainsFunc(d.Failing, func(f whyFailing) bool { return f.Side == engine.ToPhone && f.Phone == p.Name }):
		return "not as it is here: it could not be written there"
	case p.Announced:
		s += " (was about to be written)"
	}
	return s
}
