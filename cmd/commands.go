package cmd

import "github.com/spf13/cobra"

// commands lists every command, in the order of help.
func commands(g *globals) []*cobra.Command {
	return []*cobra.Command{
		syncCommand(g), devicesCommand(g), listCommand(g), showCommand(g), editCommand(g), deleteCommand(g),
		importCommand(g), exportCommand(g), collectionsCommand(g), conflictsCommand(g), whyCommand(g), historyCommand(g),
		undoCommand(g), pairCommand(g), unpairCommand(g), resetCommand(g), watchCommand(g), installCommand(g), uninstallCommand(g), doctorCommand(g), mtpCommand(g), phoneCommand(g), demoCommand(g),
	}
}
