package cmd

import (
	"fmt"
	"strings"
	"time"

	"cradle/engine"
	"cradle/pim"

	"github.com/spf13/cobra"
)

// historyDocument is history's JSON.
type historyDocument struct {
	Version int           `json:"version"`
	Runs    []runDocument `json:"runs"`
}

type runDocument struct {
	Run    int64                    `json:"run"`
	At     string                   `json:"at"` // RFC 3339, UTC
	Phone  string                   `json:"phone"`
	Kinds  map[string]countDocument `json:"kinds"`
	Undoes *int64                   `json:"undoes"`
}

// countDocument is what a run did in one kind, in items.
type countDocument struct {
	ToStore   engine.Moves `json:"to_store"`
	ToPhone   engine.Moves `json:"to_phone"`
	Adopted   int          `json:"adopted"`
	Conflicts int          `json:"conflicts"`
}

// countsOf lists every kind, those in which nothing moved too.
func countsOf(stats map[string]engine.Stats) map[string]countDocument {
	kinds := map[string]countDocument{}
	for _, k := range pim.Kinds() {
		st := stats[k.Name()]
		kinds[k.Name()] = countDocument{ToStore: st.ToStore, ToPhone: st.ToPhone, Adopted: st.Adopted, Conflicts: st.Conflicts}
	}
	return kinds
}

func historyCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "history",
		Short: "List the runs that moved something, the newest first",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := g.readStore(c.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			runs, err := s.History(c.Context())
			if err != nil {
				return err
			}
			if g.json {
				doc := historyDocument{Version: 1, Runs: []runDocument{}}
				for _, r := range runs {
					d := runDocument{Run: r.ID, At: r.At.UTC().Format(time.RFC3339), Phone: r.Phone, Kinds: countsOf(r.Stats)}
					if r.Undoes != 0 {
						d.Undoes = &r.Undoes
					}
					doc.Runs = append(doc.Runs, d)
				}
				return g.print(doc)
			}
			if len(runs) == 0 {
				g.say("No runs yet.")
			}
			for _, r := range runs {
				what := countsLine(r.Stats)
				if r.Undoes != 0 {
					what = fmt.Sprintf("took back run %d; %s", r.Undoes, what)
				}
				g.say("%-5d %s  %s  %s", r.ID, r.At.Local().Format(time.DateTime), plain(r.Phone), what)
			}
			return nil
		},
	}
}

// nothingMoved says that a run did nothing to any item.
const nothingMoved = "nothing moved"

// countsLine says what a run did in one line.
func countsLine(stats map[string]engine.Stats) string {
	var parts []string
	for _, k := range pim.Kinds() {
		st, ok := stats[k.Name()]
		if !ok || st == (engine.Stats{}) {
			continue
		}
		var dirs []string
		if st.ToStore.Total() > 0 {
			dirs = append(dirs, "→ store "+moves(st.ToStore))
		}
		if st.ToPhone.Total() > 0 {
			dirs = append(dirs, "→ phone "+moves(st.ToPhone))
		}
		if st.Adopted > 0 {
			dirs = append(dirs, fmt.Sprintf("%d the same on both", st.Adopted))
		}
		if st.Conflicts > 0 {
			dirs = append(dirs, count(st.Conflicts, "conflict", "conflicts"))
		}
		parts = append(parts, k.Name()+": "+strings.Join(dirs, ", "))
	}
	if len(parts) == 0 {
		return nothingMoved
	}
	return strings.Join(parts, "; ")
}
