package cmd

import (
	"github.com/spf13/cobra"
)

// changeDocument is the JSON of a command that changes items of the store.
type changeDocument struct {
	Version int            `json:"version"`
	Changed bool           `json:"changed"`
	Items   []itemDocument `json:"items"`
}

func deleteCommand(g *globals) *cobra.Command {
	occurrence := ""
	c := &cobra.Command{
		Use:   "delete ID|UID...",
		Short: "Delete items from the store, and at the next sync from the phone",
		Long: `Delete removes all of the named items, or none if one of the names is none.
An item is named by its ID, by the beginning of its ID (4 characters or more),
or by its UID if it has only one holder. With --occurrence only that time is
taken out of a series, which stays. cradle undo takes back runs of sync, not a
delete: save what you may want again (cradle show --raw ID > FILE).`,
		Example: "  cradle delete 3f9a1c2e\n  cradle delete 3f9a1c2e --occurrence 2026-06-11T10:00",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			ctx := c.Context()
			if occurrence != "" && len(args) > 1 {
				return usageError("--occurrence is of one series: name one item")
			}
			if occurrence != "" {
				return g.editView(ctx, args[0], occurrence, nil)
			}
			s, done, err := g.changeStore(ctx, "cradle delete")
			if err != nil {
				return err
			}
			defer done()
			gone, err := s.Delete(ctx, args...)
			if err != nil {
				return err
			}
			if g.json {
				doc := changeDocument{Version: 1, Changed: true, Items: []itemDocument{}}
				for _, it := range gone {
					doc.Items = append(doc.Items, document(it))
				}
				return g.print(doc)
			}
			for _, it := range gone {
				g.say("deleted %s  %s", it.ID.String()[:8], titled(it.Summary))
			}
			return nil
		},
	}
	c.Flags().StringVar(&occurrence, "occurrence", "", "take the one that would begin at `TIME` out of the series (2026-06-11T10:00, 2026-06-11)")
	return c
}
