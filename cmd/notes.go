package cmd

import (
	"fmt"

	"cradle/devprovider"
)

// notes tells, once, what was found on the phone although nothing failed: further
// holders of a UID, copies in bundles that don't count, lines that were repaired.
func (g *globals) notes(f *devprovider.Folder) {
	list := f.Notes()
	for _, n := range list[:min(len(list), maxShown)] {
		fmt.Fprintf(g.stderr, "note: %s: %s\n", plain(n.Path), plain(n.Reason.Error()))
	}
	if n := len(list) - maxShown; n > 0 {
		fmt.Fprintf(g.stderr, "note: … and %d more\n", n)
	}
}
