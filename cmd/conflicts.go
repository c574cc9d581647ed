package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/engine"
	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

// conflictsDocument is the JSON of conflicts list and show.
type conflictsDocument struct {
	Version   int                `json:"version"`
	Conflicts []conflictDocument `json:"conflicts"`
}

type conflictDocument struct {
	ID       int64  `json:"id"`
	Item     string `json:"item"`
	UID      string `json:"uid"`
	Kind     string `json:"kind"`
	Unit     string `json:"unit"`
	Kept     string `json:"kept"` // the unit's content lines, decoded, one a line
	Lost     string `json:"lost"`
	KeptSide string `json:"kept_side"`
	State    string `json:"state"`
	Run      int64  `json:"run"`
	Phone    string `json:"phone"` // its name; "" where no phone has to do with it
}

func conflictOf(c engine.Conflict, phones map[engine.PeerID]string) conflictDocument {
	return conflictDocument{
		ID: c.ID, Item: c.Item.String(), UID: c.UID, Kind: c.Scope, Unit: c.Unit,
		Kept: strings.Join(c.KeptText, "\n"), Lost: strings.Join(c.LostText, "\n"),
		KeptSide: string(c.KeptSide), State: string(c.State), Run: c.Run, Phone: phones[c.Peer],
	}
}

func conflictsCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "conflicts",
		Short: "Show and resolve conflicts",
		Long: `A field that changed on both sides is a conflict. The preset of the sync decides
it (state settled), or it waits for you (waiting, under --conflict ask), or an
undo set the sides apart (held). The value that lost is kept here and can be
brought back. What is resolved, or was overtaken by a later edit, leaves the list.`,
		Example: "  cradle conflicts list\n  cradle conflicts show 3\n  cradle conflicts resolve 3 lost",
		Args:    noSubcommand,
		RunE:    func(c *cobra.Command, _ []string) error { return g.listConflicts(c.Context(), false) },
	}
	c.AddCommand(conflictsListCommand(g), conflictsShowCommand(g), conflictsResolveCommand(g))
	return c
}

func conflictsListCommand(g *globals) *cobra.Command {
	all := false
	c := &cobra.Command{
		Use:   "list",
		Short: "List the conflicts, the newest last",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return g.listConflicts(c.Context(), all) },
	}
	c.Flags().BoolVar(&all, "all", false, "also those that were resolved or overtaken")
	return c
}

func (g *globals) listConflicts(ctx context.Context, all bool) error {
	s, err := g.readStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	list, err := s.Conflicts(ctx, all)
	if err != nil {
		return err
	}
	phones, err := s.PhoneNames(ctx)
	if err != nil {
		return err
	}
	if g.json {
		doc := conflictsDocument{Version: 1, Conflicts: []conflictDocument{}}
		for _, c := range list {
			doc.Conflicts = append(doc.Conflicts, conflictOf(c, phones))
		}
		return g.print(doc)
	}
	if len(list) == 0 {
		g.say("No conflicts.")
	}
	names, err := summaries(ctx, s)
	if err != nil {
		return err
	}
	for _, c := range list {
		kept, lost := "kept", "lost"
		if c.State == engine.Waiting || c.State == engine.Held {
			kept, lost = "desktop", "phone"
		}
		first, second := briefs(c)
		g.say("%-5d %-8s %-8s %-11s %s: %s %s, %s %s%s", c.ID, c.State, c.Scope, c.Unit, plain(nameOf(c, names[c.Item])),
			kept, first, lost, second, from(c, phones))
	}
	return nil
}

// from says with which phone a conflict is, and in which run it came up.
func from(c engine.Conflict, phones map[engine.PeerID]string) string {
	var words []string
	if name := phones[c.Peer]; name != "" {
		words = append(words, plain(name))
	}
	if c.Run > 0 {
		words = append(words, fmt.Sprintf("run %d", c.Run))
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// summaryOf names a conflict's item for a person.
func summaryOf(ctx context.Context, s *hostprovider.Store, c engine.Conflict) string {
	its, err := s.Show(ctx, c.Item.String())
	if err != nil { // it is deleted
		return nameOf(c, "")
	}
	return nameOf(c, its[0].Summary)
}

// nameOf is the best name that there is for a conflict's item.
func nameOf(c engine.Conflict, summary string) string {
	switch {
	case summary != "":
		return summary
	case c.Unit == engine.UnitDeleted && strings.Join(slices.Concat(c.KeptText, c.LostText), "") != "": // the summary of the side that has it
		return slices.Concat(c.KeptText, c.LostText)[0]
	case c.UID != "":
		return c.UID
	}
	return c.Item.String()[:8]
}

// summaries are those of all live items.
func summaries(ctx context.Context, s *hostprovider.Store) (map[engine.ItemID]string, error) {
	items, err := s.List(ctx, hostprovider.Query{})
	names := make(map[engine.ItemID]string, len(items))
	for _, it := range items {
		names[it.ID] = it.Summary
	}
	return names, err
}

// briefs are a conflict's two values in a few words: the whole of short ones, else what
// only one of them has, else from where they differ.
func briefs(c engine.Conflict) (kept, lost string) {
	kept, lost = brief(c, c.KeptText), brief(c, c.LostText)
	if kept != lost || slices.Equal(c.KeptText, c.LostText) {
		return kept, lost
	}
	a, b := without(c.KeptText, c.LostText), without(c.LostText, c.KeptText)
	if len(a) > 0 && len(b) > 0 {
		n := 0
		x, y := []rune(strings.Join(a, ", ")), []rune(strings.Join(b, ", "))
		for n < len(x) && n < len(y) && x[n] == y[n] {
			n++
		}
		if n = max(0, n-20); n > 0 {
			a, b = []string{string(x[n:])}, []string{string(y[n:])}
		}
	}
	one := func(lines []string) string {
		if len(lines) == 0 {
			return "nothing else"
		}
		return brief(c, []string{"…" + strings.Join(lines, ", ")})
	}
	return one(a), one(b)
}

// without are the lines that the others haven't.
func without(lines, others []string) (out []string) {
	rest := slices.Clone(others)
	for _, l := range lines {
		if i := slices.Index(rest, l); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			out = append(out, l)
		}
	}
	return out
}

// brief is a conflict's value in a few words.
func brief(c engine.Conflict, lines []string) string {
	if len(lines) == 0 {
		if c.Unit == engine.UnitDeleted {
			return "the deletion"
		}
		return "nothing"
	}
	text := plain(strings.Join(lines, ", "))
	if text == "" {
		return "the item" // it has no title
	}
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return strconv.Quote(text)
}

func conflictsShowCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show both values of a conflict",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx := c.Context()
			id, err := number("conflict", args[0])
			if err != nil {
				return err
			}
			s, err := g.readStore(ctx)
			if err != nil {
				return err
			}
			defer s.Close()
			e, err := s.Conflict(ctx, id)
			if err != nil {
				return g.noSuch(err, "conflict", "conflicts list")
			}
			phones, err := s.PhoneNames(ctx)
			if err != nil {
				return err
			}
			if g.json {
				return g.print(conflictsDocument{Version: 1, Conflicts: []conflictDocument{conflictOf(e, phones)}})
			}
			g.showConflict(e, from(e, phones), summaryOf(ctx, s, e), s.CanBringBack(ctx, e))
			return nil
		},
	}
}

func (g *globals) showConflict(c engine.Conflict, with, summary string, impossible error) {
	g.say("Conflict %d: %s of %s", c.ID, unitName(c.Unit), plain(summary))
	g.say("  item   %s (%s)", c.Item, c.Scope)
	g.say("  state  %s since %s%s", c.State, c.At.Local().Format(time.DateTime), with)
	kept, lost := titles(c)
	for _, v := range []struct {
		title string
		lines []string
	}{{kept, c.KeptText}, {lost, c.LostText}} {
		g.say("%s:", v.title)
		if len(v.lines) == 0 {
			g.say("  (%s)", brief(c, nil))
		}
		for _, l := range v.lines {
			g.say("  %s", shorten(plain(l)))
		}
	}
	resolve := func(choice string) string { return g.command(fmt.Sprintf("conflicts resolve %d %s", c.ID, choice)) }
	if c.State == hostprovider.Over {
		g.say("There is nothing left to resolve.")
		return
	}
	if c.State == engine.Settled {
		g.say("Leave it so, and take it off the list: %s", resolve("kept"))
	} else {
		g.say("The first for both sides: %s", resolve("kept"))
	}
	switch {
	case impossible != nil:
		g.say("The edit can't be carried out (%s). Another text instead: %s", plain(impossible.Error()), resolve("--from FILE"))
	case c.State == engine.Settled:
		g.say("Bring the other value back: %s", resolve("lost"))
	default:
		g.say("The other for both sides: %s", resolve("lost"))
	}
}

// titles say whose the two values of a conflict are.
func titles(c engine.Conflict) (kept, lost string) {
	other := engine.ToPhone
	if c.KeptSide == engine.ToPhone {
		other = engine.ToStore
	}
	switch {
	case hostprovider.FromSQL(c):
		return "kept, the value of the item", "left out, the value of the SQL edit"
	case hostprovider.Replaced(c):
		return "kept, the value that a resolution chose", "lost, the value before"
	case c.State == engine.Waiting || c.State == engine.Held:
		return "on the " + sideName(c.KeptSide), "on the " + sideName(other)
	}
	return "kept, the value of the " + sideName(c.KeptSide), "lost, the value of the " + sideName(other)
}

func sideName(s engine.Side) string {
	if s == engine.ToStore {
		return "desktop"
	}
	return string(s)
}

func conflictsResolveCommand(g *globals) *cobra.Command {
	from, all := "", false
	c := &cobra.Command{
		Use:   "resolve ID... kept|lost",
		Short: "Decide conflicts, also those that are settled",
		Long: `Resolve decides conflicts: kept confirms the value that stands, lost brings the
other one back, --from gives the item of one conflict a text of its own. The next sync
takes the outcome to the phone. What is replaced is logged as a conflict in its turn.
--all means every conflict that "cradle conflicts list" lists.`,
		Example: "  cradle conflicts resolve 3 lost\n  cradle conflicts resolve 4 5 9 kept\n  cradle conflicts resolve --all kept\n  cradle conflicts resolve 3 --from ada.vcf",
		RunE: func(c *cobra.Command, args []string) error {
			r, err := resolutionOf(args, from, all)
			if err != nil {
				return err
			}
			return g.resolve(c.Context(), r)
		},
	}
	c.Flags().StringVar(&from, "from", "", "the item's text from `FILE` (-: standard input)")
	c.Flags().BoolVar(&all, "all", false, "every conflict on the list")
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 || all {
			return []string{"kept", "lost"}, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c
}

// resolution is what a resolve command asks for.
type resolution struct {
	ids    []int64
	all    bool
	choice hostprovider.Choice
	from   string
}

// resolutionOf reads resolve's arguments: numbers, then the choice.
func resolutionOf(args []string, from string, all bool) (resolution, error) {
	r := resolution{all: all, choice: hostprovider.From, from: from}
	if n := len(args); n > 0 {
		switch last := hostprovider.Choice(args[n-1]); last {
		case hostprovider.Kept, hostprovider.Lost:
			if from != "" {
				return r, usageError("%s and --from: want one of them", last)
			}
			r.choice, args = last, args[:n-1]
		}
	}
	for _, a := range args {
		id, err := strconv.ParseInt(a, 10, 64)
		if err != nil || id < 1 {
			return r, usageError("%q: want the number of a conflict, or kept or lost as the last word", a)
		}
		if !slices.Contains(r.ids, id) {
			r.ids = append(r.ids, id)
		}
	}
	switch {
	case all && len(r.ids) > 0:
		return r, usageError("--all and %d: want one of them", r.ids[0])
	case !all && len(r.ids) == 0:
		return r, usageError("say which conflict: its number, or --all")
	case r.choice != hostprovider.From:
	case from == "":
		return r, usageError("say which value: kept, lost or --from FILE")
	case len(r.ids) != 1:
		return r, usageError("--from is the text of one item: name one conflict")
	}
	return r, nil
}

func (g *globals) resolve(ctx context.Context, r resolution) error {
	var text []byte
	if r.from != "" {
		var err error
		if text, err = g.readArg(r.from); err != nil {
			return err
		}
	}
	s, done, err := g.changeStore(ctx, "cradle conflicts resolve")
	if err != nil {
		return err
	}
	defer done()
	if r.all {
		list, err := s.Conflicts(ctx, false)
		if err != nil {
			return err
		}
		for _, c := range list {
			r.ids = append(r.ids, c.ID)
		}
	}
	stood := map[int64]bool{}
	for _, id := range r.ids {
		c, err := s.Conflict(ctx, id)
		if err != nil {
			return g.noSuch(err, "conflict", "conflicts list")
		}
		stood[id] = r.choice == hostprovider.Kept && c.State == engine.Settled
	}
	if err := s.Resolve(ctx, r.ids, r.choice, text); err != nil {
		return err
	}
	phones, err := s.PhoneNames(ctx)
	if err != nil {
		return err
	}
	doc := conflictsDocument{Version: 1, Conflicts: []conflictDocument{}}
	for _, id := range r.ids {
		e, err := s.Conflict(ctx, id)
		if err != nil {
			return err
		}
		doc.Conflicts = append(doc.Conflicts, conflictOf(e, phones))
		if g.json {
			continue
		}
		then := " The next sync takes it to the phone."
		if stood[id] {
			then = ""
		}
		g.say("resolved: %s of %s.%s", unitName(e.Unit), plain(summaryOf(ctx, s, e)), then)
	}
	if g.json {
		return g.print(doc)
	}
	if len(r.ids) == 0 {
		g.say("No conflicts.")
	}
	return nil
}

// number reads the number of a conflict or run.
func number(what, s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 1 {
		return 0, usageError("%q: want the number of a %s", s, what)
	}
	return n, nil
}

// noSuch says of which thing there is none.
func (g *globals) noSuch(err error, what, next string) error {
	if errors.Is(err, hostprovider.ErrNotFound) {
		return &failure{exit: exitFailure, Code: "not-found", What: "no such " + what, Why: cause(err, hostprovider.ErrNotFound), Next: g.command(next), err: err}
	}
	return err
}

// unitName is a unit as "… of ITEM" has it.
func unitName(unit string) string {
	if unit == engine.UnitDeleted {
		return "the deletion"
	}
	return unit
}
