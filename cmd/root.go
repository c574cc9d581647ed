// Package cmd is the command line: one file a command, which reads flags, wires
// the packages that do the work, and prints what came of it.
package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"cradle/cmd/config"

	"github.com/spf13/cobra"
)

// version is set by the linker in a release.
var version = "0.1.0"

// globals are the flags that every command has, and what a command stands on.
type globals struct {
	store   string
	config  string
	json    bool
	verbose bool
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	now     func() time.Time
	bus     bus
	desktop desktop

	lines   *bufio.Reader   // of stdin, once a question was asked
	read    *config.Config  // the settings, once they were asked for
	running string          // the command's words, such as "conflicts list"
	phone   string          // the selector of the phone that it opened; empty: none
	sync    string          // the command line that does this sync again
	noted   map[string]bool // notes that were told
}

// log goes to stderr: warnings, and all with -v.
func (g *globals) log() *slog.Logger {
	level := slog.LevelWarn
	if g.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(g.stderr, &slog.HandlerOptions{Level: level}))
}

// nothing is the log of a command line that is only looked at.
func nothing() *slog.Logger { return slog.New(slog.DiscardHandler) }

// New builds the whole command line on the process's own streams.
func New() *cobra.Command {
	return build(&globals{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, bus: cable{}, desktop: &userDesktop{log: nothing}})
}

func build(g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:   "cradle",
		Short: "Sync a phone's contacts, calendars and tasks with this computer",
		Long: `Cradle syncs the contacts, calendars, tasks and notes of a phone on a USB cable
with a store on this computer. Without a command it shows the phones, when they
were last synced, and what to do next.

Exit codes: 0 done (nothing to do included), 1 failure, 2 usage, 3 no phone, or it
is locked, or the cable was pulled, 4 busy, 5 conflicts wait (only under ask),
6 stopped by a brake or not paired, 7 some items failed, 8 store or state newer
than this program, 130 interrupted.`,
		Example:       "  cradle sync\n  cradle list ada\n  cradle conflicts list",
		Args:          noSubcommand,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(c *cobra.Command, _ []string) {
			g.running = strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "cradle"), " ")
		},
		RunE: func(c *cobra.Command, _ []string) error { return runStatus(c.Context(), g) },
	}
	root.PersistentFlags().StringVar(&g.store, "store", "", "the store's `FILE` (default $XDG_DATA_HOME/cradle/store.db)")
	root.PersistentFlags().StringVar(&g.config, "config", "", "the settings `FILE` (default $XDG_CONFIG_HOME/cradle/config.toml)")
	root.PersistentFlags().BoolVar(&g.json, "json", false, "one JSON document on standard output")
	root.PersistentFlags().BoolVarP(&g.verbose, "verbose", "v", false, "more on standard error")
	root.SetIn(g.stdin)
	root.SetOut(g.stdout)
	root.SetErr(g.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError("%v", err) })
	root.AddCommand(commands(g)...)
	root.SetHelpCommand(helpOf(root))
	completion(root)
	return root
}

// Main runs the program and returns its exit code.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	d := &userDesktop{}
	g := &globals{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, bus: cable{}, desktop: d}
	d.log = g.log
	defer d.close()
	return run(ctx, args, g)
}

// run is Main on a ground of its own.
func run(ctx context.Context, args []string, g *globals) int {
	out := &output{Writer: g.stdout}
	g.stdout = out
	root := build(g)
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		err = out.err
	}
	return g.finish(c, err)
}

// finish prints an error and decides the exit code.
func (g *globals) finish(c *cobra.Command, err error) int {
	if err == nil {
		return exitDone
	}
	var q quiet
	if errors.As(err, &q) {
		return int(q)
	}
	var f *failure
	if !errors.As(err, &f) && isUsage(err) {
		err = g.badArguments(c, err)
	}
	f = g.explain(err)
	if f.Next == helpCommand && c.HasParent() {
		f.Next += strings.TrimPrefix(c.CommandPath(), "cradle")
	}
	if g.json {
		g.print(errorDocument{Version: 1, Error: f})
	}
	fmt.Fprintf(g.stderr, "cradle: %s\n", plain(f.Error()))
	if f.Next != "" {
		fmt.Fprintf(g.stderr, "  next: %s\n", f.Next)
	}
	return f.exit
}

// badArguments says cobra's complaints in words.
func (g *globals) badArguments(c *cobra.Command, err error) error {
	text := err.Error()
	if strings.HasPrefix(text, "unknown command") || strings.HasPrefix(text, "accepts ") || strings.HasPrefix(text, "requires at least") {
		return usageError("wrong number of arguments: want %s", strings.TrimSuffix(c.UseLine(), " [flags]"))
	}
	return usageError("%s", text)
}

// isUsage recognises cobra's own complaints about arguments, which have no type.
func isUsage(err error) bool {
	for _, s := range []string{"unknown command", "accepts ", "requires at least", "unknown flag", "invalid argument", "required flag"} {
		if strings.HasPrefix(err.Error(), s) {
			return true
		}
	}
	return false
}

type errorDocument struct {
	Version int      `json:"version"`
	Error   *failure `json:"error"`
}
