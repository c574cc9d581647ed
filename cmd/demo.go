package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cradle/hwtest/demo"

	"github.com/spf13/cobra"
)

// demoCommand seeds a folder with made-up data, for make sync and for trying
// things out.
func demoCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:    "demo DIR",
		Short:  "Fill a folder with a made-up address book and calendar",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			if _, err := os.Stat(filepath.Join(args[0], demo.Folder)); !errors.Is(err, fs.ErrNotExist) {
				return err // there already
			}
			if err := demo.Seed(args[0], g.now()); err != nil {
				return fmt.Errorf("making demo data: %w", err)
			}
			return nil
		},
	}
}
