package cmd

import (
	"fmt"
	"strings"

	"cradle/devprovider"
)

// note tells something beside the result, on standard error. A command that syncs
// more than once, as pair does, says it once.
func (g *globals) note(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !g.noted[line] {
		if g.noted == nil {
			g.noted = map[string]bool{}
		}
		g.noted[line] = true
		fmt.Fprintf(g.stderr, "note: %s\n", line)
	}
}

// strays tells, once, of files and folders in the phone's Cradle folder that nobody
// looks at: whoever put cards there waits for them in vain.
func (g *globals) strays(f *devprovider.Folder, dry bool) {
	list := f.Strays()
	for _, p := range list[:min(len(list), maxShown)] {
		if strings.Count(p, "/") > 1 { // in a folder that is synced
			g.note("%s on the phone isn't synced: it is no file of a card or an entry (.vcf, .ics)", plain(p))
			continue
		}
		g.note("%s on the phone isn't synced: cards go into a folder of Cradle/contacts, entries into one of Cradle/calendars, Cradle/tasks or Cradle/notes", plain(p))
	}
	if n := len(list) - maxShown; n > 0 {
		g.note("… nor are %d more", n)
	}
	if !dry {
		f.RememberStrays()
	}
}

// notes tells, once, what was found on the phone although nothing failed: further
// holders of a UID, copies in bundles that don't count, lines that were repaired.
func (g *globals) notes(f *devprovider.Folder) {
	var lines []string
	times := map[string]int{}
	for _, n := range f.Notes() {
		line := fmt.Sprintf("%s: %s", plain(n.Path), plain(n.Reason.Error()))
		if times[line]++; times[line] == 1 {
			lines = append(lines, line)
		}
	}
	for _, line := range lines[:min(len(lines), maxShown)] {
		if n := times[line]; n > 1 {
			line += fmt.Sprintf(" (%d times)", n)
		}
		g.note("%s", line)
	}
	if n := len(lines) - maxShown; n > 0 {
		g.note("… and %d more", n)
	}
}
