package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"cradle/devprovider"
	"cradle/hostprovider"
	"cradle/pim"
)

// keptDocument is something of items that the phone doesn't store: it stays in the store.
type keptDocument struct {
	Name  string `json:"name"`
	Why   string `json:"why"`
	Items int    `json:"items"`
}

// keptHere tells, by kind, what of the store's items the phone is known not to give back:
// an item is turned into what the phone keeps of it and back, without asking the phone.
func keptHere(ctx context.Context, f *devprovider.Folder, store *hostprovider.Store, kinds []*pim.Kind) (map[string][]keptDocument, error) {
	out := map[string][]keptDocument{}
	for _, k := range kinds {
		caps := f.Stores(k.Name())
		if !caps.Known(k) {
			continue
		}
		var list []keptDocument
		at := map[pim.Loss]int{}
		err := store.Export(ctx, hostprovider.Query{Kind: k.Name()}, func(it hostprovider.Item) error {
			v, unreadable := k.New(it.Text, it.Collection)
			if unreadable != nil {
				return nil //nolint:nilerr // it isn't sent either
			}
			for _, l := range caps.Losses(k, v) {
				if at[l]++; at[l] == 1 {
					list = append(list, keptDocument{Name: l.Name, Why: l.Why})
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i].Items = at[pim.Loss{Name: list[i].Name, Why: list[i].Why}]
		}
		if len(list) > 0 {
			out[k.Name()] = list
		}
	}
	return out, nil
}

// wholeItem is the name of a keptDocument for items of which the phone stores nothing.
const wholeItem = "the whole item"

// keptShown is how much of it a person is told: what most items have, first.
const keptShown = 6

// tellKept tells it to a person.
func (g *globals) tellKept(p *phone, kept map[string][]keptDocument, kinds []*pim.Kind) {
	for _, k := range kinds {
		list := kept[k.Name()]
		if len(list) == 0 {
			continue
		}
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b keptDocument) int { return cmp.Compare(b.Items, a.Items) })
		var words []string
		for _, d := range list[:min(len(list), keptShown)] {
			words = append(words, fmt.Sprintf("%s: %s (%d)", d.Name, d.Why, d.Items))
		}
		if n := len(list) - keptShown; n > 0 {
			words = append(words, fmt.Sprintf("… and %d more (%s --dry-run --json lists all)", n, g.sync))
		}
		fmt.Fprintf(g.stderr, "note: %s doesn't keep all of your %s; what it leaves out stays on this computer: %s\n", plain(p.name), k.Name(), strings.Join(words, ", "))
	}
}

// learnedOf is what is known of what the phone stores, for comparing.
func learnedOf(f *devprovider.Folder, kinds []*pim.Kind) string {
	var b strings.Builder
	for _, k := range kinds {
		caps := f.Stores(k.Name())
		b.WriteString(k.Name() + " " + caps.Text(k) + "\n")
	}
	return b.String()
}

// keptOr is keptHere after a session: its error is told if the session had none.
func keptOr(ctx context.Context, f *devprovider.Folder, store *hostprovider.Store, kinds []*pim.Kind, was error) (map[string][]keptDocument, error) {
	kept, err := keptHere(context.WithoutCancel(ctx), f, store, kinds)
	if was != nil {
		err = was
	}
	return kept, err
}
