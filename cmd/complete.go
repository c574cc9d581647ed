package cmd

import (
	"cradle/pim"

	"github.com/spf13/cobra"
)

// completeKinds completes the flag --kind in a shell.
func completeKinds(c *cobra.Command) {
	var names []string
	for _, k := range pim.Kinds() {
		names = append(names, k.Name())
	}
	completeWords(c, "kind", names...)
}

// completeWords completes a flag that takes one of a few words.
func completeWords(c *cobra.Command, flag string, words ...string) {
	err := c.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // a flag that the command doesn't have
	}
}
