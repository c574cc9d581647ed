package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

// resetDocument is reset's JSON.
type resetDocument struct {
	Version int        `json:"version"`
	Phone   resetPhone `json:"phone"`
	// StateRemoved: the phone was there and its state was taken away too.
	StateRemoved bool `json:"state_removed"`

	known bool // the store had met it
}

type resetPhone struct {
	Name   string `json:"name"`
	Serial string `json:"serial"`
}

func resetCommand(g *globals) *cobra.Command {
	sel := ""
	c := &cobra.Command{
		Use:   "reset",
		Short: "Forget what was agreed with a phone, keep the data, and match anew",
		Long: `Reset forgets what this store and a phone agreed on, and takes the sync state off
the phone if it is there. All items stay on both sides. The next sync is a first
meeting: items are matched anew, and what was deleted on one side only comes back.
A phone that isn't plugged in is named by serial:XYZ; the only one that this store
knows needs no name.`,
		Example: "  cradle reset\n  cradle reset --phone dir:/media/stick",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return g.runReset(c.Context(), sel, c.Flags().Changed("phone"))
		},
	}
	c.Flags().StringVar(&sel, "phone", "usb", "which phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	return c
}

func (g *globals) runReset(ctx context.Context, sel string, asked bool) error {
	doc, err := g.forgetPhone(ctx, sel, asked, "cradle reset")
	if err != nil {
		return err
	}
	if g.json {
		return g.print(doc)
	}
	g.say("%s is forgotten; all items stay. Next: %s", plain(doc.Phone.Name), g.command("sync"))
	if !doc.StateRemoved {
		g.say("It isn't plugged in, so the state on it stays: what it knows to be deleted stays deleted.")
	}
	return nil
}

// sayForgotten says which folders were synced where they lie: the list of them lay in
// the phone's state.
func (g *globals) sayForgotten(used []devprovider.Vdir) {
	for _, v := range used {
		if !v.Left {
			word := vdirPath(v)
			if v.Collection != "" {
				word += "=" + v.Collection
			}
			fmt.Fprintf(g.stderr, "note: %s was synced where it lies; name it again in the next sync: --folder %s\n", plain(vdirPath(v)), quoteArg(plain(word)))
		}
	}
}

// forgetPhone forgets a phone in the store, and on the phone if it is there.
func (g *globals) forgetPhone(ctx context.Context, sel string, asked bool, command string) (resetDocument, error) {
	doc := resetDocument{Version: 1, known: true}
	p, err := g.phoneIfThere(ctx, sel, asked && !strings.HasPrefix(sel, "serial:"))
	if err != nil {
		return doc, err
	}
	if serial, ok := strings.CutPrefix(sel, "serial:"); ok && p != nil && p.serial != serial {
		p.close()
		p = nil
	}
	d, err := g.desk(ctx, p, command)
	if err != nil {
		return doc, err
	}
	defer d.close()
	if d.folder != nil {
		facts := d.folder.Facts()
		used := d.folder.Vdirs()
		met, err := d.store.Phones(ctx)
		if err != nil {
			return doc, err
		}
		doc.known = slices.ContainsFunc(met, func(p hostprovider.Phone) bool { return p.ID == facts.ID })
		if err := g.resetPhone(ctx, d, facts); err != nil {
			return doc, err
		}
		g.sayForgotten(used)
		doc.Phone, doc.StateRemoved = resetPhone{facts.Name, facts.Serial}, true
		return doc, nil
	}
	known, err := g.knownPhone(ctx, d.store, strings.TrimPrefix(sel, "serial:"), asked)
	if err != nil {
		return doc, err
	}
	doc.Phone = resetPhone{known.Name, known.Serial}
	return doc, d.store.Forget(ctx, known.ID)
}

// resetPhone forgets on both sides. The store goes first: cut off between the two,
// the next sync is a first meeting all the same.
func (g *globals) resetPhone(ctx context.Context, d *desk, facts engine.PeerFacts) error {
	if err := d.folder.ReadOnly(); err != nil {
		return err
	}
	_, names := allSchemas()
	if _, err := d.folder.Survey(ctx, names, storeViews{d.store, facts.ID}); err != nil {
		return err
	}
	if err := d.store.Forget(ctx, facts.ID); err != nil {
		return err
	}
	_, err := d.folder.Forget(ctx)
	return err
}

// knownPhone is the phone of that serial among those that the store met, or the
// only one.
func (g *globals) knownPhone(ctx context.Context, s *hostprovider.Store, serial string, asked bool) (hostprovider.Phone, error) {
	list, err := s.Phones(ctx)
	if err != nil {
		return hostprovider.Phone{}, err
	}
	var found []hostprovider.Phone
	for _, p := range list {
		if !asked || p.Serial == serial {
			found = append(found, p)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	f := &failure{exit: exitNoPhone, Code: "no-phone", What: "no such phone is plugged in or known to the store", Next: "cradle devices"}
	if len(found) > 1 {
		f.exit, f.Code, f.What, f.Next = exitUsage, "several-phones", "the store knows several phones", g.command("reset")+" --phone serial:"+found[0].Serial
	}
	return hostprovider.Phone{}, f
}
