package cmd

import "github.com/spf13/cobra"

func unpairCommand(g *globals) *cobra.Command {
	sel := ""
	c := &cobra.Command{
		Use:   "unpair",
		Short: "Forget a phone: it isn't synced any more, all items stay",
		Long: `Unpair forgets what this store and a phone agreed on, and takes the sync state off
the phone if it is there. All items stay on both sides. The phone isn't synced by
itself any more, and nobody is asked about it; cradle pair makes it known again.
A phone that isn't plugged in is named by serial:XYZ; the only one that this store
knows needs no name.`,
		Example: "  cradle unpair\n  cradle unpair --phone serial:38291FDJH000AB",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			doc, err := g.forgetPhone(c.Context(), sel, c.Flags().Changed("phone"), "cradle unpair")
			if err != nil {
				return err
			}
			if g.json {
				return g.print(doc)
			}
			if !doc.known {
				g.say("%s wasn't paired with this store; all items stay. To pair it: %s", plain(doc.Phone.Name), g.command("pair"))
				return nil
			}
			g.say("%s isn't paired any more; all items stay. To pair it again: %s", plain(doc.Phone.Name), g.command("pair"))
			if !doc.StateRemoved {
				g.say("It isn't plugged in, so the state on it stays: what it knows to be deleted stays deleted.")
			}
			return nil
		},
	}
	c.Flags().StringVar(&sel, "phone", "usb", "which phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	return c
}
