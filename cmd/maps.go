package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cradle/cmd/config"
	"cradle/devprovider"
	"cradle/hostprovider"
	"cradle/pim"
)

// unknownLeft tells of a --leave-out that names a collection which neither side has: it
// holds for one that comes, or is a slip of the pen that leaves nothing out.
func (g *globals) unknownLeft(ctx context.Context, f *devprovider.Folder, s *hostprovider.Store, kinds []*pim.Kind, leave []string) error {
	if len(leave) == 0 {
		return nil
	}
	list, err := s.Collections(ctx)
	if err != nil {
		return err
	}
	for _, h := range f.Holdings() {
		list = append(list, hostprovider.Collection{Kind: h.Scope, Name: h.Collection})
	}
	for _, l := range leave {
		var have []string
		found := false
		for _, k := range kinds {
			name, ok := config.LeftOut(l).Of(k)
			for _, c := range list {
				if ok && c.Kind == k.Name() {
					have, found = append(have, c.Name), found || c.Name == name
				}
			}
		}
		if found {
			continue
		}
		note := fmt.Sprintf("--leave-out %s leaves nothing out: there is no such collection yet", plain(l))
		if len(have) > 0 {
			slices.Sort(have)
			note += fmt.Sprintf(" (there are %s)", plain(strings.Join(slices.Compact(have), ", ")))
		}
		g.note("%s", note)
	}
	return nil
}

// unmapped tells of a --map that names a collection which the phone doesn't have: it
// holds for what comes, or is a slip of the pen.
func (g *globals) unmapped(ctx context.Context, f *devprovider.Folder, s *hostprovider.Store, renamed map[string]string) error {
	if len(renamed) == 0 {
		return nil
	}
	var have []string
	for _, h := range f.Holdings() {
		have = append(have, h.Own)
	}
	slices.Sort(have)
	have = slices.Compact(have)
	list, err := s.Collections(ctx)
	if err != nil {
		return err
	}
	for _, from := range slices.Sorted(maps.Keys(renamed)) {
		if slices.Contains(have, from) {
			continue
		}
		to := renamed[from]
		note := fmt.Sprintf("--map %s=%s: the phone has no collection %s yet", plain(from), plain(to), plain(from))
		if len(have) > 0 {
			note += fmt.Sprintf(" (it has %s)", plain(strings.Join(have, ", ")))
		}
		if !slices.ContainsFunc(list, func(c hostprovider.Collection) bool { return c.Name == to }) {
			note += ", nor the store one that is called " + plain(to)
		}
		g.note("%s", note)
	}
	return nil
}
