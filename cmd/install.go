package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"cradle/udev"

	"github.com/adrg/xdg"
	"github.com/spf13/cobra"
)

// installDocument is the JSON of install and uninstall.
type installDocument struct {
	Version int            `json:"version"`
	DryRun  bool           `json:"dry_run"`
	Steps   []stepDocument `json:"steps"`
	Root    string         `json:"root"` // the command that does the steps of root; empty: none are left
}

type stepDocument struct {
	Path   string `json:"path"`
	Owner  string `json:"owner"`
	Action string `json:"action"`
	Why    string `json:"why"`
	Note   string `json:"note"`
	Done   bool   `json:"done"`
}

type installOptions struct {
	system bool
	root   string
	yes    bool
	dryRun bool

	watch, login, idle bool
	every              string
	said               func(flag string) bool
}

func installCommand(g *globals) *cobra.Command {
	o := installOptions{}
	c := &cobra.Command{
		Use:   "install",
		Short: "Have phones synced by themselves when they are plugged in",
		Long: `Install puts systemd user units and a desktop entry into your own folders, and one
udev rule into /etc, for which it shows the command that needs root. It shows first
what it will write, is safe to repeat, keeps files that you edited, and writes
nothing that your distribution's package has already. It ends by running doctor.

Other triggers can be switched on, and off with =false or --every off; one that
isn't named stays as it is:
  --watch      a resident program instead of the udev rule, where you have no root
  --at-login   the phones that are there when you log in
  --every 1h   from time to time
  --when-idle  while nobody is at the computer`,
		Example: "  cradle install --dry-run\n  cradle install\n  cradle install --at-login --every 1h\n  cradle install --watch",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.said = c.Flags().Changed
			return g.runInstall(c.Context(), o, false)
		},
	}
	f := c.Flags()
	o.shared(c, "install")
	f.BoolVar(&o.watch, "watch", false, "wait for phones by a resident program")
	f.BoolVar(&o.login, "at-login", false, "sync the phones that are there at login")
	f.StringVar(&o.every, "every", "", "sync from time to time: an `INTERVAL` such as 30m or 1h, or off")
	f.BoolVar(&o.idle, "when-idle", false, "sync while nobody is at the computer")
	return c
}

func uninstallCommand(g *globals) *cobra.Command {
	o := installOptions{}
	c := &cobra.Command{
		Use:   "uninstall",
		Short: "Take away what install wrote; your data stays",
		Long: `Uninstall stops and removes the units, the desktop entry and, with --system, the
udev rule that install wrote. Files that were edited since, and those of your
distribution's package, stay, and so do the store, its backups and the settings.`,
		Example: "  cradle uninstall --dry-run\n  cradle uninstall",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.said = c.Flags().Changed
			return g.runInstall(c.Context(), o, true)
		},
	}
	o.shared(c, "uninstall")
	return c
}

// shared are the flags of both commands.
func (o *installOptions) shared(c *cobra.Command, verb string) {
	f := c.Flags()
	f.BoolVar(&o.system, "system", false, verb+" the udev rule, and nothing else; needs root")
	f.StringVar(&o.root, "root", "", "put `DIR` before every path, and start nothing")
	f.BoolVarP(&o.yes, "yes", "y", false, "don't ask")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "show the plan and do nothing")
}

func (g *globals) runInstall(ctx context.Context, o installOptions, remove bool) error {
	opt, err := g.installation(o)
	if err != nil {
		return err
	}
	plan, err := udev.PlanInstall(opt)
	if remove {
		plan, err = udev.PlanUninstall(opt)
	}
	if err != nil {
		return &failure{exit: exitFailure, Code: "failed", What: "that can't be installed", Why: err.Error(), Next: "cradle install --dry-run", err: err}
	}
	owners := []udev.Owner{udev.User}
	switch {
	case o.system:
		owners = []udev.Owner{udev.Root}
	case o.root != "" || os.Geteuid() == 0:
		owners = append(owners, udev.Root)
	}
	doc := installDocument{Version: 1, DryRun: o.dryRun, Steps: []stepDocument{}}
	changes := false
	for _, owner := range owners {
		changes = changes || plan.Changes(owner)
	}
	if len(owners) == 1 && owners[0] == udev.User && plan.Changes(udev.Root) {
		doc.Root = g.rootCommand(remove)
	}
	if !g.json {
		g.showPlan(plan, o)
	}
	if changes && !o.dryRun {
		if err := g.agreeToInstall(o); err != nil {
			return err
		}
	}
	done := map[string]bool{}
	if !o.dryRun {
		if err := g.carryOut(ctx, plan, owners, o.root == "", done); err != nil {
			return err
		}
	}
	for _, s := range plan.Steps {
		if o.system && s.Owner != udev.Root {
			continue
		}
		doc.Steps = append(doc.Steps, stepDocument{Path: s.Path, Owner: string(s.Owner), Action: string(s.Action), Why: s.Why, Note: s.Note, Done: done[s.Path]})
	}
	if g.json {
		return g.print(doc)
	}
	if doc.Root != "" {
		g.say("The udev rule needs root. Next: %s", doc.Root)
	}
	if remove || o.dryRun || o.root != "" || o.system {
		return nil
	}
	g.say("")
	var q quiet
	if err := g.runDoctor(ctx, doctorOptions{}); err != nil && !errors.As(err, &q) {
		return err
	}
	return nil // what doctor found isn't a failure of the installation
}

// installation works out what is to be installed, and where.
func (g *globals) installation(o installOptions) (udev.Options, error) {
	opt := udev.Options{Root: o.root, Config: xdg.ConfigHome, Data: xdg.DataHome, Triggers: map[udev.Trigger]bool{}}
	if !o.system && o.root == "" && os.Geteuid() == 0 && os.Getenv("SUDO_USER") != "" {
		return opt, usageError("run it without sudo: it writes into your own folders, and shows the one command that needs root")
	}
	self, err := os.Executable()
	if err == nil {
		self, err = filepath.EvalSymlinks(self)
	}
	if err != nil {
		return opt, fmt.Errorf("where this program lies: %w", err)
	}
	opt.Command = udev.Command{self}
	if g.config != "" {
		opt.Command = append(opt.Command, "--config", absolute(g.config))
	}
	if g.store != "" {
		opt.Command = append(opt.Command, "--store", absolute(g.store))
	}
	for flag, t := range map[string]struct {
		trigger udev.Trigger
		on      bool
	}{"watch": {udev.Watch, o.watch}, "at-login": {udev.AtLogin, o.login}, "when-idle": {udev.Idle, o.idle}} {
		if o.said(flag) {
			opt.Triggers[t.trigger] = t.on
		}
	}
	if o.said("every") {
		if o.every == "off" {
			opt.Triggers[udev.Every] = false
			return opt, nil
		}
		d, err := time.ParseDuration(o.every)
		if err != nil || d < time.Minute || d > 30*24*time.Hour {
			return opt, usageError("--every %q: want an interval from 1m to 720h, such as 30m or 1h, or off", o.every)
		}
		opt.Triggers[udev.Every], opt.Interval = true, d.Round(time.Second)
	}
	return opt, nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// installCommand is the command line that does the user's part, without a question.
func (g *globals) installCommand() string {
	self, err := os.Executable()
	if err != nil {
		self = "cradle"
	}
	c := quoteArg(self)
	if g.config != "" {
		c += " --config " + quoteArg(absolute(g.config))
	}
	if g.store != "" {
		c += " --store " + quoteArg(absolute(g.store))
	}
	return c + " install --yes"
}

// rootCommand is the command line that does the part of root.
func (g *globals) rootCommand(remove bool) string {
	self, err := os.Executable()
	if err != nil {
		self = "cradle"
	}
	words := "install --system"
	if remove {
		words = "uninstall --system"
	}
	return "sudo " + quoteArg(self) + " " + words + " --yes"
}

// showPlan prints the plan: what becomes of which file, whose it is, and why.
func (g *globals) showPlan(p *udev.Plan, o installOptions) {
	for _, s := range p.Steps {
		if o.system && s.Owner != udev.Root {
			continue
		}
		why := s.Why
		if s.Note != "" {
			why += " (" + s.Note + ")"
		}
		g.say("%-8s  %-4s  %s", s.Action, s.Owner, s.Path)
		g.say("%16s%s", "", why)
	}
	if len(p.Steps) == 0 {
		g.say("Nothing is installed.")
	}
}

func (g *globals) agreeToInstall(o installOptions) error {
	if o.yes {
		return nil
	}
	if g.json || !isTerminal(g.stdin) || !isTerminal(g.stderr) {
		return usageError("nobody can be asked here: give --yes, or --dry-run to see the plan")
	}
	fmt.Fprint(g.stderr, "Go on? [Y/n] ")
	line, err := bufio.NewReader(g.stdin).ReadString('\n')
	if answer := strings.ToLower(strings.TrimSpace(line)); err != nil || answer != "" && answer != "y" && answer != "yes" {
		return &failure{exit: exitBraked, Code: "not-agreed", What: "nothing was written", Why: "not agreed to", Next: "cradle install --dry-run"}
	}
	return nil
}

// carryOut does the plan for these owners; live: what is installed is also started.
func (g *globals) carryOut(ctx context.Context, p *udev.Plan, owners []udev.Owner, live bool, done map[string]bool) error {
	for _, owner := range owners {
		if owner == udev.User && live {
			g.start(ctx, p.Before())
		}
		did, err := p.Apply(owner)
		for _, s := range did {
			done[s.Path] = true
		}
		if live {
			g.start(ctx, p.After(owner, did))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startTime bounds one command of systemd or udev.
const startTime = 20 * time.Second

// start runs commands that make an installation count. One that fails, as where
// systemd has no session for this user, is told with the command, and nothing is lost:
// the next login does it.
func (g *globals) start(ctx context.Context, commands [][]string) {
	for _, c := range commands {
		ctx, stop := context.WithTimeout(ctx, startTime)
		out, err := exec.CommandContext(ctx, c[0], c[1:]...).CombinedOutput()
		stop()
		if err != nil {
			why := strings.TrimSpace(string(out))
			if why == "" {
				why = err.Error()
			}
			fmt.Fprintf(g.stderr, "%s: %s\n  it counts after the next login, or run it yourself\n", strings.Join(c, " "), plain(why))
		}
	}
}
