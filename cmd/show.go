package cmd

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cradle/engine"
	"cradle/hostprovider"
	"cradle/pim"
	"cradle/valuebag"

	"github.com/spf13/cobra"
)

// showDocument is show's JSON: the items with their texts.
type showDocument struct {
	Version int            `json:"version"`
	Items   []textDocument `json:"items"`
}

// textDocument is an item with its text, which is base64 where it is no UTF-8.
type textDocument struct {
	itemDocument
	Modified string `json:"modified"`
	Text     string `json:"text"`
	Encoding string `json:"encoding"` // "utf-8" or "base64"
	// How a device with properties sees the item, and occurrences of a series by themselves:
	// with --wpd alone.
	WPD         *valuebag.Values   `json:"wpd,omitempty"`
	Occurrences []*valuebag.Values `json:"occurrences,omitempty"`
}

func withText(it hostprovider.Item) textDocument {
	d := textDocument{itemDocument: document(it), Modified: it.Modified.Format(time.RFC3339), Text: string(it.Text), Encoding: "utf-8"}
	if !utf8.Valid(it.Text) {
		d.Text, d.Encoding = base64.StdEncoding.EncodeToString(it.Text), "base64"
	}
	return d
}

func showCommand(g *globals) *cobra.Command {
	raw, wpd := false, false
	c := &cobra.Command{
		Use:   "show ID|UID...",
		Short: "Show items in full",
		Long: `Show prints items for a person: names, numbers and dates in words, what repeats
an event and when it is next, in the time zone of this computer, and then every
other line as it is. An item is named by its ID, by the beginning of its ID (4
characters or more), or by its UID; all holders of a UID are shown. With --raw
the text comes out as the store holds it, byte for byte. With --wpd it is what a
device with properties sees of it, under the keys of Windows Portable Devices and
of device services; cradle edit --set changes one of them.`,
		Example: "  cradle show 3f9a1c2e\n  cradle show --raw 3f9a1c2e > ada.vcf\n  cradle show --wpd 3f9a1c2e",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if raw && wpd {
				return usageError("--raw and --wpd are two ways to show an item: choose one")
			}
			s, err := g.readStore(c.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			var items []hostprovider.Item
			shown := map[engine.ItemID]bool{}
			for _, name := range args {
				found, err := s.Show(c.Context(), name)
				if err != nil {
					return err
				}
				for _, it := range found {
					if !shown[it.ID] {
						shown[it.ID] = true
						items = append(items, it)
					}
				}
			}
			if wpd {
				return g.showWPD(c.Context(), items)
			}
			return g.show(items, raw)
		},
	}
	c.Flags().BoolVar(&raw, "raw", false, "the text's bytes as they are held now")
	c.Flags().BoolVar(&wpd, "wpd", false, "the properties that a device sees, by their names")
	return c
}

func (g *globals) show(items []hostprovider.Item, raw bool) error {
	if g.json {
		doc := showDocument{Version: 1, Items: []textDocument{}}
		for _, it := range items {
			doc.Items = append(doc.Items, withText(it))
		}
		return g.print(doc)
	}
	for i, it := range items {
		if raw {
			text := it.Text
			if isTerminal(g.stdout) {
				text = []byte(plainLines(string(text)))
			}
			if _, err := g.stdout.Write(text); err != nil {
				return fmt.Errorf("writing the text: %w", err)
			}
			continue
		}
		if i > 0 {
			g.say("")
		}
		g.showItem(it)
	}
	return nil
}

// bagOf is an item as pim has it.
func bagOf(it hostprovider.Item) (*pim.Kind, *valuebag.Values, error) {
	k, ok := pim.KindByName(it.Kind)
	if !ok {
		return nil, nil, fmt.Errorf("an item of kind %q has no properties for a device", it.Kind)
	}
	bag, err := k.New(it.Text, it.Collection)
	return k, bag, err
}

// showWPD shows items as a device with properties sees them, and behind a series its changed
// occurrences, or all where no pattern says it, each after a blank line.
func (g *globals) showWPD(ctx context.Context, items []hostprovider.Item) error {
	doc := showDocument{Version: 1, Items: []textDocument{}}
	for i, it := range items {
		k, bag, err := bagOf(it)
		if err != nil {
			return err
		}
		d := withText(it)
		d.WPD = k.WPD(bag, time.Local)
		now := g.now()
		d.Occurrences, err = k.WPDExpanded(ctx, bag, now.Add(-pim.ExpandBefore), now.Add(pim.ExpandAfter), time.Local)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			fmt.Fprintf(g.stderr, "note: %s: not all of its occurrences: %v\n", it.ID.String()[:8], err)
		case d.Occurrences == nil: // a pattern says it
			d.Occurrences = k.WPDOccurrences(bag, time.Local)
		}
		doc.Items = append(doc.Items, d)
		if g.json {
			continue
		}
		for j, bag := range append([]*valuebag.Values{d.WPD}, d.Occurrences...) {
			if i+j > 0 {
				g.say("")
			}
			if _, err := fmt.Fprint(g.stdout, bag.Text(pim.WPDName)); err != nil {
				return fmt.Errorf("writing the properties: %w", err)
			}
		}
	}
	if g.json {
		return g.print(doc)
	}
	return nil
}

const (
	// widest is how many characters of a value are shown.
	widest = 2000
	// widestLabel is the longest label that others are lined up with.
	widestLabel = 24
)

func (g *globals) showItem(it hostprovider.Item) {
	g.say("%s", titled(it.Summary))
	var fields []pim.Field
	if k, ok := pim.KindByName(it.Kind); ok {
		fields = k.Describe(it.Text, g.now(), time.Local)
	}
	fields = append(fields, pim.Field{Label: "collection", Value: it.Collection + " (" + it.Kind + ")"},
		pim.Field{Label: "edited", Value: it.Modified.Local().Format(time.DateTime)})
	if it.UID != "" {
		fields = append(fields, pim.Field{Label: "uid", Value: it.UID})
	}
	fields = append(fields, pim.Field{Label: "id", Value: it.ID.String()})
	width := 10
	for _, f := range fields {
		if n := utf8.RuneCountInString(f.Label); n <= widestLabel {
			width = max(width, n)
		}
	}
	for _, f := range fields {
		value := strings.ReplaceAll(shorten(plainLines(f.Value)), "\n", "\n"+strings.Repeat(" ", width+4))
		if utf8.RuneCountInString(f.Label) > widestLabel {
			g.say("  %s: %s", plain(f.Label), value)
			continue
		}
		g.say("  %-*s  %s", width, plain(f.Label), value)
	}
}

// shorten cuts a long value.
func shorten(s string) string {
	if n := utf8.RuneCountInString(s); n > widest {
		cut := string([]rune(s)[:widest])
		if !strings.ContainsAny(s, " \n") {
			cut = cut[:min(len(cut), 40)]
		}
		s = fmt.Sprintf("%s… (%d characters)", cut, n)
	}
	return strings.TrimRight(s, "\n")
}

// plainLines makes a text of several lines fit for a terminal.
func plainLines(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\r\n", "\n")
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(plain(line))
	}
	return b.String()
}
