package cmd

import "github.com/spf13/cobra"

// commands lists every command, in the order of help.
func commands(g *globals) []*cobra.Command {
	return []*cobra.Command{
		syncCommand(g), devicesCommand(g), listCommand(g), demoCommand(g),
	}
}
