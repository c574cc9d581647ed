package cmd

import (
	"context"
	"time"
)

// runStatus is cradle without a command: phones, last syncs, conflicts, and what
// to do next.
func runStatus(ctx context.Context, g *globals) error {
	s, err := g.readStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	here, err := usbPhones()
	if err != nil {
		g.log().Debug("looking for phones", "err", err)
	}
	known, err := s.Phones(ctx)
	if err != nil {
		return err
	}
	waiting, err := waitingConflicts(ctx, s)
	if err != nil {
		return err
	}
	for _, p := range here {
		g.say("On the cable: %s (%s)", plain(p.Name), p.State)
		if p.reason != "" {
			g.say("  %s", plain(p.reason))
		}
	}
	for _, p := range known {
		when := "never"
		if !p.Last.IsZero() {
			when = p.Last.Local().Format(time.DateTime)
		}
		g.say("%s: last synced %s", plain(p.Name), when)
	}
	if waiting > 0 {
		g.say("%s.", count(waiting, "conflict waits for you", "conflicts wait for you"))
	}
	switch {
	case waiting > 0:
		g.say("Next: cradle conflicts list")
	case len(here) > 0:
		g.say("Next: cradle sync")
	default:
		g.say("No phone is plugged in. Next: plug one in, choose file transfer on it, and run: cradle sync")
	}
	return nil
}
