package cmd

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"cradle/mtp"
	"cradle/mtp/files"

	"github.com/spf13/cobra"
)

func mtpCommand(g *globals) *cobra.Command {
	sel := "usb"
	c := &cobra.Command{
		Use:   "mtp",
		Short: "Look at the files of a phone, and move them",
		Long: `The commands of mtp work on a phone's files themselves, without the store.

A path is /folder/file in the phone's first storage, or "SD card:/folder/file" in
the one of that name; mtp info lists them. Names that can't be file names here, or
that stand for several objects, are shown as others, and go by those.`,
		Args: noSubcommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&sel, "phone", "usb", "which phone: usb, usb:BUS-PORT, serial:XYZ, virtual:KIND:DIR or usbip:HOST:PORT")
	c.AddCommand(mtpInfoCommand(g, &sel), mtpListCommand(g, &sel), mtpGetCommand(g, &sel), mtpPutCommand(g, &sel), mtpRemoveCommand(g, &sel))
	return c
}

// openTree opens a phone's files.
func (g *globals) openTree(ctx context.Context, sel string) (*phone, *files.Tree, func(), error) {
	if strings.HasPrefix(sel, "dir:") {
		return nil, nil, nil, usageError("%s is a folder of this computer: cradle mtp is for phones", sel)
	}
	p, err := g.openPhone(ctx, sel)
	if err != nil {
		return nil, nil, nil, err
	}
	unlock, err := lock(ctx, "phone", cmp.Or(p.serial, p.selector), "cradle "+g.running)
	if err != nil {
		p.close()
		return nil, nil, nil, err
	}
	done := func() { unlock(); p.close() }
	t, err := files.Open(ctx, p.session)
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return p, t, done, nil
}

// mtpInfoDocument is mtp info's JSON.
type mtpInfoDocument struct {
	Version      int             `json:"version"`
	Name         string          `json:"name"`
	Manufacturer string          `json:"manufacturer"`
	Model        string          `json:"model"`
	Firmware     string          `json:"firmware"`
	Serial       string          `json:"serial"`
	Extensions   string          `json:"extensions"` // as the phone has them
	Storages     []mtpStorage    `json:"storages"`
	Properties   []mtpProperty   `json:"properties"`
	Operations   []string        `json:"operations"`
	Events       []string        `json:"events"`
	Formats      []string        `json:"formats"`
	Quirks       []quirkDocument `json:"quirks"`
}

type mtpStorage struct {
	ID       uint32 `json:"id"`
	Name     string `json:"name"` // as paths have it
	Writable bool   `json:"writable"`
	Capacity uint64 `json:"capacity"` // bytes
	Free     uint64 `json:"free"`     // bytes, as the phone says
}

// mtpProperty is a property of the device itself.
type mtpProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// quirkDocument is a known deviation of the device.
type quirkDocument struct {
	Name    string `json:"name"`
	Symptom string `json:"symptom"`
	Remedy  string `json:"remedy"`
}

func mtpInfoCommand(g *globals, sel *string) *cobra.Command {
	return &cobra.Command{
		Use:   "info",
		Short: "What the phone says of itself: storages, operations, and its known quirks",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return g.runMTPInfo(c.Context(), *sel) },
	}
}

func (g *globals) runMTPInfo(ctx context.Context, sel string) error {
	p, t, done, err := g.openTree(ctx, sel)
	if err != nil {
		return err
	}
	defer done()
	info := p.session.Info()
	doc := mtpInfoDocument{
		Version: 1, Name: p.name, Manufacturer: info.Manufacturer, Model: info.Model, Firmware: info.DeviceVersion,
		Serial: p.serial, Extensions: info.VendorExtensions,
		Storages: []mtpStorage{}, Properties: []mtpProperty{}, Quirks: []quirkDocument{},
		Operations: texts(info.Operations), Events: texts(info.Events), Formats: texts(info.PlaybackFormats),
	}
	for _, s := range t.Storages() {
		doc.Storages = append(doc.Storages, mtpStorage{uint32(s.ID), s.Name, s.Info.Writable(), s.Info.Capacity, s.Info.FreeBytes})
	}
	for _, code := range info.DeviceProps {
		// One that hangs or is refused says nothing of the others.
		desc, err := p.session.GetDevicePropDesc(ctx, code)
		switch {
		case err == nil:
			value := desc.Current.Text()
			if value == "" && desc.Type != mtp.TypeString {
				value = desc.Current.String()
			}
			doc.Properties = append(doc.Properties, mtpProperty{code.String(), value})
		case !mtp.IsRefusal(err) && (!errors.Is(err, mtp.ErrTimeout) || p.session.Err() != nil):
			return err
		}
	}
	for _, q := range p.session.Quirks().Split() {
		doc.Quirks = append(doc.Quirks, quirkDocument{q.String(), q.Symptom(), q.Remedy()})
	}
	if g.json {
		return g.print(doc)
	}
	g.say("%s", plain(doc.Name))
	for _, l := range []struct{ name, value string }{
		{"serial", doc.Serial}, {"firmware", doc.Firmware}, {"extensions", doc.Extensions},
		{"operations", strings.Join(doc.Operations, " ")}, {"events", strings.Join(doc.Events, " ")}, {"formats", strings.Join(doc.Formats, " ")},
	} {
		g.say("  %-12s %s", l.name, plain(cmp.Or(l.value, "–")))
	}
	for _, s := range doc.Storages {
		access := "read-only"
		if s.Writable {
			access = "writable"
		}
		g.say("  storage      %s (0x%08x), %s, %s free of %s", plain(s.Name), s.ID, access, megabytes(s.Free), megabytes(s.Capacity))
	}
	for _, v := range doc.Properties {
		g.say("  property     %s = %s", plain(v.Name), plain(v.Value))
	}
	for _, q := range doc.Quirks {
		g.say("  quirk        %s: %s; %s", q.Name, q.Symptom, q.Remedy)
	}
	return nil
}

// texts are the names of codes.
func texts[C interface{ String() string }](codes []C) []string {
	out := []string{}
	for _, c := range codes {
		out = append(out, c.String())
	}
	return out
}
