package cmd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cradle/mtp/usb"
	"cradle/udev"

	"github.com/spf13/cobra"
)

func watchCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "watch",
		Short: "Wait for paired phones, and sync each when it is plugged in",
		Long: `Watch stays and syncs each paired phone that is plugged in, and those that are
there already, without any file of root: it listens to the kernel's and udev's
messages. A phone that isn't paired is never touched. Ctrl-C ends it after the
step that runs. cradle install --watch starts it at every login.`,
		Example: "  cradle watch",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if g.json {
				return usageError("watch has no document: it goes on until Ctrl-C")
			}
			return g.runWatch(c.Context())
		},
	}
}

// Times of watching; tests wait less.
var (
	watchQuiet  = time.Second      // a port without an event, before it is looked at
	watchLimit  = 10 * time.Second // of a port that is never quiet
	watchReopen = 2 * time.Second  // before a source that broke is opened again
)

// watcher keeps track of what is plugged in where.
type watcher struct {
	g       *globals
	handled map[string]string // the device at each port that was seen to
	running map[string]bool
	again   map[string]bool // an event came while its sync ran
	done    chan string     // a port whose sync has ended
	syncs   sync.WaitGroup
}

// runWatch goes on until ctx ends.
func (g *globals) runWatch(ctx context.Context) error {
	w := &watcher{g: g, handled: map[string]string{}, running: map[string]bool{}, again: map[string]bool{}, done: make(chan string)}
	reading, stop := context.WithCancel(ctx)
	events := make(chan string)
	var reader sync.WaitGroup
	reader.Go(func() { g.readEvents(reading, events) })
	defer reader.Wait()
	defer stop()
	d := udev.Debounce{Quiet: watchQuiet, Limit: watchLimit}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Stop()
		if at, ok := d.Next(); ok {
			timer.Reset(time.Until(at))
		}
		select {
		case <-ctx.Done():
			for len(w.running) > 0 { // each ends cleanly, and says so
				delete(w.running, <-w.done)
			}
			w.syncs.Wait()
			return nil
		case port := <-events:
			if port != "" {
				d.Note(port, time.Now())
				continue
			}
			ports, err := w.ports() // at the start, and after events were lost
			if err != nil {
				return err
			}
			for _, p := range ports {
				d.Note(p, time.Now())
			}
		case <-timer.C:
			for _, port := range d.Due(time.Now()) {
				if err := w.look(ctx, port); err != nil {
					return err
				}
			}
		case port := <-w.done:
			delete(w.running, port)
			if w.again[port] {
				delete(w.again, port)
				d.Note(port, time.Now())
			}
		}
	}
}

// ports are those where something is or was.
func (w *watcher) ports() ([]string, error) {
	list, err := w.g.listUSB()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range list {
		out = append(out, d.Port)
	}
	for p := range w.handled {
		out = append(out, p)
	}
	return out, nil
}

// look sees what is at a port, and syncs what wasn't there before.
func (w *watcher) look(ctx context.Context, port string) error {
	if w.running[port] {
		w.again[port] = true
		return nil
	}
	d, there, err := w.g.findPort(port)
	switch {
	case err != nil:
		return err
	case !there || d.State == usb.ChargeOnly:
		delete(w.handled, port)
		return nil
	}
	if is := fmt.Sprintf("%d/%d %s", d.Bus, d.Address, d.Serial); w.handled[port] != is {
		w.handled[port] = is
		w.running[port] = true
		own := *w.g // a sync keeps its phone and words there
		own.noted = nil
		w.syncs.Go(func() {
			o := syncOptions{conflict: "newest", said: func(string) bool { return false }}
			out := own.syncAt(ctx, place{port: port}, o)
			own.log().Info("automatic sync", "phone", out.Select, "did", out.Did, "code", out.Code, "why", out.Why)
			w.done <- port
		})
	}
	return nil
}

// readEvents hands on the ports of events; "" says that everything has to be looked
// at. A source that breaks is opened again.
func (g *globals) readEvents(ctx context.Context, out chan<- string) {
	hand := func(port string) bool {
		select {
		case out <- port:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for told := false; ; {
		source, err := g.bus.events()
		if err == nil {
			told = false
			if hand("") {
				err = forward(ctx, source, hand)
			}
			source.Close()
		}
		if ctx.Err() != nil {
			return
		}
		if !told {
			fmt.Fprintf(g.stderr, "cradle: %v; trying again\n", err)
			told = true
		}
		if pause(ctx, watchReopen) != nil {
			return
		}
	}
}

// forward reads a source until it breaks.
func forward(ctx context.Context, source udev.Source, hand func(string) bool) error {
	for {
		e, err := source.Next(ctx)
		port := e.Port()
		switch {
		case errors.Is(err, udev.ErrLost):
			port = ""
		case err != nil:
			return err
		case port == "":
			continue
		}
		if !hand(port) {
			return ctx.Err()
		}
	}
}
