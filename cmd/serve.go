package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"

	"cradle/hwtest"
	"cradle/hwtest/usbip"

	"github.com/spf13/cobra"
)

// serveDocument is phone serve's JSON, printed once the phone can be attached.
type serveDocument struct {
	Version int    `json:"version"`
	USBIP   string `json:"usbip"` // the address that it listens at
	BusID   string `json:"busid"`
}

// usbipBus is the bus ID under which usbip offers its only phone.
const usbipBus = "1-1"

type serveOptions struct {
	kind, dir, usbip, switches, scenario, id, trace string
}

func phoneCommand(g *globals) *cobra.Command {
	c := &cobra.Command{
		Use:   "phone",
		Short: "Virtual phones, for trying things out and for tests",
		Args:  noSubcommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(phoneServeCommand(g))
	return c
}

func phoneServeCommand(g *globals) *cobra.Command {
	o := serveOptions{}
	c := &cobra.Command{
		Use:   "serve --dir DIR",
		Short: "Be a phone on the USB bus",
		Long: `Serve makes a virtual phone of the folder DIR and exports it over USB/IP, until
Ctrl-C. Attached with usbip, it is a device that the kernel itself enumerates, and
any program sees a phone: cradle sync, file managers, libmtp. The address should
be one of this machine: who reaches it can read and write DIR.`,
		Example: "  cradle phone serve --dir ~/phone\n  sudo modprobe vhci_hcd && sudo usbip attach -r 127.0.0.1 -b 1-1",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return g.runServe(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.kind, "kind", string(hwtest.Android), "android, basic or lossy")
	f.StringVar(&o.dir, "dir", "", "the folder that is the phone's storage")
	f.StringVar(&o.usbip, "usbip", "127.0.0.1:3240", "the `ADDRESS` to serve at")
	f.StringVar(&o.switches, "switches", "", "faults and the like, as in virtual:KIND:DIR?`K=V&K=V`")
	f.StringVar(&o.scenario, "scenario", "", "faults and timing from `FILE`, see docs/scenarios.md")
	f.StringVar(&o.id, "id", "", "its USB `VENDOR:PRODUCT`, in hexadecimal (default: the kind's)")
	f.StringVar(&o.trace, "trace", "", "append a line for each MTP transaction to `FILE`")
	if err := c.MarkFlagRequired("dir"); err != nil {
		panic(err)
	}
	var kinds []string
	for _, k := range hwtest.AllKinds() {
		kinds = append(kinds, string(k))
	}
	completeWords(c, "kind", kinds...)
	return c
}

func (g *globals) runServe(ctx context.Context, o serveOptions) error {
	if _, port, err := net.SplitHostPort(o.usbip); err != nil {
		return usageError("--usbip %q: want HOST:PORT, such as 127.0.0.1:3240", o.usbip)
	} else if _, err := net.DefaultResolver.LookupPort(ctx, "tcp", port); err != nil {
		return usageError("--usbip %q: %q is no port: want a number from 0, any that is free, to 65535", o.usbip, port)
	}
	sel, err := hwtest.ParseSelector(fmt.Sprintf("virtual:%s:%s?%s", o.kind, o.dir, o.switches))
	if err != nil {
		return usageError("%v", err)
	}
	if o.scenario != "" {
		if sel.Scenario != "" {
			return usageError("--scenario %s: --switches names another one, %s", o.scenario, sel.Scenario)
		}
		sel.Scenario = o.scenario
	}
	id := usbip.DefaultID(sel.Kind)
	if o.id != "" {
		if id, err = usbip.ParseID(o.id); err != nil {
			return usageError("--id: %v", err)
		}
	}
	if o.trace != "" {
		file, err := os.OpenFile(o.trace, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		if err != nil {
			return usageError("--trace: %v", err)
		}
		defer file.Close()
		sel.Options.TraceTo(file)
	}
	phone, err := sel.Open()
	if errors.Is(err, hwtest.ErrScenario) {
		return usageError("--scenario: %v", err)
	}
	if err != nil {
		return noVirtual(o.dir, err)
	}
	defer phone.Close()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.usbip)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &failure{exit: exitBusy, Code: "busy", What: "the address is in use", Why: "another program listens at " + o.usbip, Next: "give another --usbip; port 0 takes one that is free", err: err}
	case err != nil:
		return usageError("--usbip %q can't be listened at: %s", o.usbip, innermost(err))
	}
	addr := l.Addr().String()
	if g.json {
		if err := g.print(serveDocument{Version: 1, USBIP: addr, BusID: usbipBus}); err != nil {
			l.Close()
			return err
		}
	} else {
		g.say("A virtual phone over %s is served at %s. Ctrl-C ends it.", o.dir, addr)
		g.say("Next: sudo modprobe vhci_hcd && sudo %s", attachCommand(addr))
	}
	if os.Getenv("GOMAXPROCS") == "" {
		// A URB is served in less time than one thread takes to wake another.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	return usbip.Serve(ctx, l, phone, id, g.log())
}

// attachCommand attaches the phone that is served at an address. The port that
// isn't USB/IP's own stands before the subcommand, where usbip wants it.
func attachCommand(addr string) string {
	h, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "usbip attach -r " + addr + " -b " + usbipBus
	}
	if ip := net.ParseIP(h); ip != nil && ip.IsUnspecified() {
		h = "127.0.0.1" // every address, this one included
	}
	usbip := "usbip"
	if port != "3240" {
		usbip += " --tcp-port " + port
	}
	return usbip + " attach -r " + h + " -b " + usbipBus
}
