package cmd

import (
	"strings"

	"cradle/engine"
)

// command is the command line of a sync with these flags.
func (o syncOptions) command(g *globals) string {
	c := "cradle sync"
	if o.phone != "usb" {
		c += " --phone " + quoteArg(o.phone)
	}
	if g.store != "" {
		c += " --store " + quoteArg(g.store)
	}
	for _, m := range o.maps {
		c += " --map " + quoteArg(m)
	}
	for _, f := range o.folders {
		c += " --folder " + quoteArg(f)
	}
	for _, f := range o.leave {
		c += " --leave-folder " + quoteArg(f)
	}
	c += o.filter.command()
	if len(o.only) > 0 {
		c += " --only " + strings.Join(o.only, ",")
	}
	if o.conflict != string(engine.Newest) {
		c += " --conflict " + o.conflict
	}
	if o.direction != "" {
		c += " --direction " + string(o.direction)
	}
	return c
}

// quoteArg makes an argument fit for a shell.
func quoteArg(s string) string {
	if s != "" && !strings.ContainsAny(s, " \t\n'\"\\$`&|;<>()*?[]{}~#!") {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
