package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// noSubcommand refuses arguments of a command that only has commands below it, and
// names the one that was most likely meant.
func noSubcommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return unknown(c, args[0])
}

func unknown(c *cobra.Command, word string) error {
	c.SuggestionsMinimumDistance = 2
	meant := c.SuggestionsFor(word)
	for i, m := range meant {
		meant[i] = c.CommandPath() + " " + m
	}
	f := &failure{exit: exitUsage, Code: "usage", What: fmt.Sprintf("no command %q of %s", word, c.CommandPath()), Next: helpCommand}
	if len(meant) > 0 {
		f.Why = "did you mean " + strings.Join(meant, " or ") + "?"
		f.Next = meant[0]
	}
	return f
}

// helpOf is the command help. Unlike cobra's own it fails for what isn't there.
func helpOf(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || c == nil {
				return unknown(root, strings.Join(args, " "))
			}
			if len(rest) > 0 {
				return unknown(c, rest[0])
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			c, _, err := root.Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, sub := range c.Commands() {
				if sub.IsAvailableCommand() {
					names = append(names, sub.Name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// completion makes cobra's completion command refuse shells that it doesn't know.
func completion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Args = noSubcommand
		c.RunE = func(*cobra.Command, []string) error {
			return usageError("say for which shell: bash, zsh, fish or powershell")
		}
	}
}
