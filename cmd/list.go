package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

type listDocument struct {
	Version int            `json:"version"`
	Items   []itemDocument `json:"items"`
}

type itemDocument struct {
	ID         string `json:"id"`
	UID        string `json:"uid"`
	Kind       string `json:"kind"`
	Collection string `json:"collection"`
	Summary    string `json:"summary"`
}

func document(it hostprovider.Item) itemDocument {
	return itemDocument{ID: it.ID.String(), UID: it.UID, Kind: it.Kind, Collection: it.Collection, Summary: it.Summary}
}

func listCommand(g *globals) *cobra.Command {
	q := hostprovider.Query{}
	c := &cobra.Command{
		Use:   "list [QUERY...]",
		Short: "List the items of the store",
		Long: `List shows the items, sorted by kind, collection, summary and ID. With a QUERY,
those in which every word of it is found, in any order: in the summary, the UID or
the values, whatever the case and the accents. Digits are found in telephone
numbers however these are written. The beginning of an ID finds that item.`,
		Example: "  cradle list ada\n  cradle list muller 030/1234\n  cradle list --kind events --collection work",
		RunE: func(c *cobra.Command, args []string) error {
			q.Text = strings.Join(args, " ")
			if q.Kind != "" {
				if _, err := kindsOf([]string{q.Kind}); err != nil {
					return usageError("--kind %q: want contacts, events, tasks or notes", q.Kind)
				}
			}
			s, err := g.readStore(c.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			items, err := s.List(c.Context(), q)
			if err != nil {
				return err
			}
			if g.json {
				doc := listDocument{Version: 1, Items: []itemDocument{}}
				for _, it := range items {
					doc.Items = append(doc.Items, document(it))
				}
				return g.print(doc)
			}
			if len(items) == 0 {
				g.sayNone(q)
			}
			for _, it := range items {
				g.say("%s  %-8s  %-12s  %s", it.ID.String()[:8], it.Kind, plain(it.Collection), titled(it.Summary))
			}
			return nil
		},
	}
	c.Flags().StringVar(&q.Kind, "kind", "", "only this `KIND`: contacts, events, tasks or notes")
	c.Flags().StringVar(&q.Collection, "collection", "", "only this collection")
	completeKinds(c)
	return c
}

// sayNone says on standard error why a list is empty: standard output stays a list.
func (g *globals) sayNone(q hostprovider.Query) {
	_, err := os.Stat(g.storePath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(g.stderr, "there is no store at %s yet: %s or %s makes it\n", plain(g.storePath()), g.command("sync"), g.command("import"))
	case q != (hostprovider.Query{}):
		fmt.Fprintln(g.stderr, "no item matches")
	default:
		fmt.Fprintln(g.stderr, "the store has no items")
	}
}
