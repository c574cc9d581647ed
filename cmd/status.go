package cmd

import (
	"context"
	"os"
	"strings"
	"time"

	"cradle/engine"
	"cradle/hostprovider"
)

// statusDocument is the JSON of cradle without a command.
type statusDocument struct {
	Version int              `json:"version"`
	Phones  []deviceDocument `json:"phones"` // on the cable
	Known   []knownDocument  `json:"known"`  // that this store met
	Waiting int              `json:"waiting"`
	// Auto are the triggers that are switched on, Timer is when the next one of them
	// comes by time, RFC 3339; null: none does, or it can't be told.
	Auto  []string `json:"auto"`
	Timer *string  `json:"timer"`
	Next  string   `json:"next"`
}

type knownDocument struct {
	Select string  `json:"select"` // names it for --phone, also when it isn't there; empty: nothing does
	Name   string  `json:"name"`
	Serial string  `json:"serial"`
	Last   *string `json:"last"` // of the last sync that changed something, RFC 3339
}

// runStatus is cradle without a command: phones, last syncs, conflicts, and what
// to do next.
func runStatus(ctx context.Context, g *globals) error {
	s, err := g.readStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	here, err := g.usbPhones()
	if err != nil {
		g.log().Debug("looking for phones", "err", err)
		here = []deviceDocument{}
	}
	known, err := s.Phones(ctx)
	if err != nil {
		return err
	}
	waiting, _, err := s.Open(ctx, engine.PeerID{})
	if err != nil {
		return err
	}
	next := "plug a phone in, choose file transfer on it, and run: " + g.command("sync")
	switch {
	case waiting > 0:
		next = g.command("conflicts list")
	case len(here) > 0:
		next = g.command("sync")
	default:
		for _, p := range known { // the one that was synced last comes first
			if path := folderOf(p.ID); path != "" && isFolder(path) {
				next = g.command("sync") + " --phone " + quoteArg("dir:"+path)
				break
			}
		}
	}
	auto, timer := g.triggers(ctx)
	if g.json {
		doc := statusDocument{Version: 1, Phones: here, Known: []knownDocument{}, Waiting: waiting, Auto: []string{}, Next: next}
		for _, t := range auto {
			doc.Auto = append(doc.Auto, string(t))
		}
		if !timer.IsZero() {
			at := timer.UTC().Format(time.RFC3339)
			doc.Timer = &at
		}
		for _, p := range known {
			k := knownDocument{Select: selectOf(p), Name: p.Name, Serial: p.Serial}
			if !p.Last.IsZero() {
				at := p.Last.UTC().Format(time.RFC3339)
				k.Last = &at
			}
			doc.Known = append(doc.Known, k)
		}
		return g.print(doc)
	}
	for _, p := range here {
		g.say("On the cable: %s (%s)", plain(p.Name), p.State)
		if p.reason != "" {
			g.say("  %s", plain(p.reason))
		}
	}
	if len(here) == 0 {
		g.say("No phone is plugged in.")
	}
	alike := map[string]int{}
	for _, p := range known {
		alike[p.Name]++
	}
	for _, p := range known {
		when := "never"
		if !p.Last.IsZero() {
			when = p.Last.Local().Format(time.DateTime)
		}
		where := ""
		if path := folderOf(p.ID); path != "" {
			where = " (the folder " + plain(path)
			if !isFolder(path) {
				where += ", which isn't there now"
			}
			where += ")"
		} else if alike[p.Name] > 1 && p.Serial != "" {
			where = " (" + plain(p.Serial) + ")"
		}
		g.say("%s%s: last synced %s", plain(p.Name), where, when)
	}
	if waiting > 0 {
		g.say("%s.", count(waiting, "conflict waits for you", "conflicts wait for you"))
	}
	var words []string
	for _, t := range auto {
		words = append(words, triggerWords[t])
	}
	if len(words) > 0 {
		g.say("Synced by itself %s.", strings.Join(words, ", "))
	}
	if !timer.IsZero() {
		g.say("The next time: %s", timer.Local().Format(time.DateTime))
	}
	g.say("Next: %s", next)
	return nil
}

// selectOf names a known phone as --phone takes it.
func selectOf(p hostprovider.Phone) string {
	if path := folderOf(p.ID); path != "" {
		return "dir:" + path
	}
	if p.Serial != "" {
		return "serial:" + p.Serial
	}
	return ""
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
