package cmd

import (
	"github.com/spf13/cobra"
)

type devicesDocument struct {
	Version int              `json:"version"`
	Phones  []deviceDocument `json:"phones"`
}

type deviceDocument struct {
	Select  string           `json:"select"`
	Name    string           `json:"name"`
	Serial  string           `json:"serial"`
	Sources []sourceDocument `json:"sources"`
	State   string           `json:"state"`
	reason  string
}

func devicesCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "devices",
		Short: "List the phones on the cable, and whether they can be synced",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			phones, err := usbPhones()
			if err != nil {
				return err
			}
			if g.json {
				return g.print(devicesDocument{Version: 1, Phones: phones})
			}
			if len(phones) == 0 {
				g.say("No phone is plugged in.")
			}
			for _, p := range phones {
				g.say("%-14s %-13s %s", p.Select, p.State, plain(p.Name))
				if p.reason != "" {
					g.say("%14s %s", "", plain(p.reason))
				}
			}
			return nil
		},
	}
}

func usbPhones() ([]deviceDocument, error) {
	list, err := listUSB()
	if err != nil {
		return nil, err
	}
	phones := []deviceDocument{}
	for _, d := range list {
		name := d.Product
		if d.Manufacturer != "" {
			name = d.Manufacturer + " " + name
		}
		phones = append(phones, deviceDocument{Select: "usb:" + d.Port, Name: name, Serial: d.Serial, Sources: []sourceDocument{}, State: string(d.State), reason: d.Reason})
	}
	return phones, nil
}
