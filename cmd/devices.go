package cmd

import (
	"cmp"
	"context"
	"strings"

	"cradle/devprovider"
	"cradle/mtp/usb"
	"cradle/pim"

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

// stateLocked is a phone that answers and shows no storage, which only one that
// is opened tells.
const stateLocked = "locked"

func devicesCommand(g *globals) *cobra.Command {
	sel := ""
	c := &cobra.Command{
		Use:   "devices",
		Short: "List the phones on the cable, and whether they can be synced",
		Long: `Devices lists the phones on the cable and whether they can be synced. With -v it
opens those that are ready, and tells what on them is synced, which folders of
cards and calendars lie there beside that, and which exported files, whatever was
found before. --phone SEL is about that one, which may be a folder or a virtual
phone too.`,
		Example: "  cradle devices -v\n  cradle devices -v --phone dir:/media/stick",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return g.runDevices(c.Context(), sel) },
	}
	c.Flags().StringVar(&sel, "phone", "", "only this phone: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	return c
}

func (g *globals) runDevices(ctx context.Context, sel string) error {
	phones, err := g.devices(ctx, sel)
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
		g.say("%-14s %-13s %s", plain(p.Select), p.State, plain(p.Name))
		if p.reason != "" {
			g.say("%14s %s", "", plain(p.reason))
		}
		for _, s := range p.Sources {
			g.say("%14s %-13s %s (%s, %s)", "", s.Mode, plain(s.Path), s.Profile, strings.Join(s.Kinds, ", "))
		}
	}
	return nil
}

// devices lists the phones on the cable, or describes the one that sel names; with -v
// the ready ones are opened.
func (g *globals) devices(ctx context.Context, sel string) ([]deviceDocument, error) {
	if sel != "" {
		p, err := g.openPhone(ctx, sel)
		if err != nil {
			return nil, err
		}
		d := deviceDocument{Select: sel, Name: p.name, Serial: p.serial, Sources: []sourceDocument{}, State: string(usb.Ready)}
		if !g.verbose {
			defer p.close()
			storages, err := p.objects.Storages(ctx)
			if err == nil && len(storages) == 0 {
				d.State, d.reason = stateLocked, "it shows no storage: unlock it and choose file transfer"
			}
			return []deviceDocument{d}, err
		}
		d.Sources, err = g.lookThrough(ctx, p)
		return []deviceDocument{d}, err
	}
	phones, err := g.usbPhones()
	if err != nil || !g.verbose {
		return phones, err
	}
	for i := range phones {
		d := &phones[i]
		if d.State != string(usb.Ready) {
			continue
		}
		p, err := g.openPhone(ctx, d.Select)
		if err == nil {
			d.Sources, err = g.lookThrough(ctx, p)
		}
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			d.Sources, d.reason = []sourceDocument{}, g.explain(err).Error()
		}
	}
	return phones, nil
}

// lookThrough tells all that lies on a phone and is or could be synced, and closes it.
func (g *globals) lookThrough(ctx context.Context, p *phone) ([]sourceDocument, error) {
	defer p.close()
	unlock, err := lock(ctx, "phone", cmp.Or(p.serial, p.selector), "cradle devices")
	if err != nil {
		return nil, err
	}
	defer unlock()
	f, err := g.folder(ctx, p, nil)
	if err != nil {
		return nil, err
	}
	if err := f.Look(ctx); err != nil {
		return nil, err
	}
	found, _, err := f.Discover(ctx, true)
	if err != nil {
		return nil, err
	}
	list := append(sources(f, pim.Kinds()), foundSources(found, true)...)
	return append(list, leftSources(f)...), nil
}

// leftSources tells of the folders that were let go.
func leftSources(f *devprovider.Folder) []sourceDocument {
	var list []sourceDocument
	for _, v := range f.Vdirs() {
		if v.Left {
			list = append(list, sourceDocument{Profile: "folder", Path: vdirPath(v), Kinds: []string{}, Mode: "left"})
		}
	}
	return list
}

func (g *globals) usbPhones() ([]deviceDocument, error) {
	list, err := g.listUSB()
	if err != nil {
		return nil, err
	}
	phones := []deviceDocument{}
	for _, d := range list {
		phones = append(phones, deviceDocument{Select: "usb:" + d.Port, Name: modelOf(d), Serial: d.Serial, Sources: []sourceDocument{}, State: string(d.State), reason: d.Reason})
	}
	return phones, nil
}
