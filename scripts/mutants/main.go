// Command mutants (make mutants) proves that the tests of the engine would notice if one of its
// rules were gone: it applies each patch of engine/testdata/mutants to a copy of the tree, by
// itself, and runs the test that the patch names, which has to fail.
//
//	mutants [-j N] [PATTERN]
//
// PATTERN is a regular expression; only the mutants whose names match are run. A patch begins
// with a header:
//
//	rule: what is broken
//	package: ./engine/enginetest
//	run: the pattern for go test -run
//	args: further arguments of the test (optional)
//
// It is an error when a named test doesn't pass without the patch, when a patch doesn't apply
// or compile, and when the test passes with it: that mutant survived. Exit code 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"
)

// kept is where the patches lie, and trees what they and their tests need of the module.
const kept = "engine/testdata/mutants"

var trees = []string{"go.mod", "go.sum", "engine", "hostprovider", "valuebag", "pim"}

func main() {
	jobs := flag.Int("j", 2, "mutants at a time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *jobs, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, jobs int, pattern string) error {
	want, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	all, err := load(kept)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(m *mutant) bool { return !want.MatchString(m.name) })
	if len(all) == 0 {
		return fmt.Errorf("no mutant matches %q", pattern)
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	begin := time.Now()
	if err := unharmed(ctx, filepath.Join(dir, "unharmed"), all); err != nil {
		return err
	}
	queue := make(chan *mutant, len(all))
	for _, m := range all {
		queue <- m
	}
	close(queue)
	var workers sync.WaitGroup
	for range max(jobs, 1) {
		workers.Go(func() {
			for m := range queue {
				from := time.Now()
				m.verdict, m.detail = try(ctx, filepath.Join(dir, m.name), m)
				m.took = time.Since(from)
				fmt.Fprintf(os.Stderr, "%-8s %s\n", m.verdict, m.name)
			}
		})
	}
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	bad := 0
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MUTANT\tVERDICT\tTIME\tTEST\tRULE")
	for _, m := range all {
		fmt.Fprintf(w, "%s\t%s\t%.1f s\t%s\t%s\n", m.name, m.verdict, m.took.Seconds(), m.run, m.rule)
		if m.verdict != killed {
			bad++
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, m := range all {
		if m.verdict != killed {
			fmt.Printf("\n%s %s: %s\n", m.name, m.verdict, m.detail)
		}
	}
	fmt.Printf("\n%d mutants, %d killed, in %.0f s\n", len(all), len(all)-bad, time.Since(begin).Seconds())
	if bad > 0 {
		return fmt.Errorf("%d of %d mutants were not killed", bad, len(all))
	}
	return nil
}

// verdict is what became of a mutant. All but killed are errors.
type verdict string

const (
	killed   verdict = "killed"
	survived verdict = "survived"
	stale    verdict = "stale"   // the patch doesn't apply any more
	broken   verdict = "broken"  // it doesn't compile
	unnamed  verdict = "no test" // nothing matches the pattern of its test
)

// try applies one patch to a copy of the tree and runs its test.
func try(ctx context.Context, dir string, m *mutant) (verdict, string) {
	defer os.RemoveAll(dir)
	if err := copyTrees(dir); err != nil {
		return broken, err.Error()
	}
	if out, err := command(ctx, dir, "git", "apply", "-p1", "-C1", "--whitespace=nowarn", m.path).CombinedOutput(); err != nil {
		return stale, fmt.Sprintf("%s\nmake the change anew and keep its diff under the same header", out)
	}
	binary, out, err := compile(ctx, dir, m.pkg)
	if err != nil {
		return broken, out
	}
	passed, out := m.test(ctx, dir, binary)
	return judge(passed, out), out
}

// judge reads the outcome of a mutant's test.
func judge(passed bool, out string) verdict {
	switch {
	case strings.Contains(out, "no tests to run"):
		return unnamed
	case passed:
		return survived
	}
	return killed
}

// unharmed runs the named tests without any patch.
func unharmed(ctx context.Context, dir string, all []*mutant) error {
	if err := copyTrees(dir); err != nil {
		return err
	}
	binaries, done := map[string]string{}, map[string]bool{}
	for _, m := range all {
		if binaries[m.pkg] == "" {
			b, out, err := compile(ctx, dir, m.pkg)
			if err != nil {
				return fmt.Errorf("%s doesn't compile without any patch: %w\n%s", m.pkg, err, out)
			}
			binaries[m.pkg] = b
		}
		key := m.pkg + " " + m.run + " " + strings.Join(m.args, " ")
		if done[key] {
			continue
		}
		done[key] = true
		switch passed, out := m.test(ctx, dir, binaries[m.pkg]); {
		case ctx.Err() != nil:
			return ctx.Err()
		case judge(passed, out) != survived:
			return fmt.Errorf("%s: its test %s has to pass without the patch:\n%s", m.name, m.run, out)
		}
	}
	return nil
}

// compile builds the test program of a package.
func compile(ctx context.Context, dir, pkg string) (binary, out string, err error) {
	binary = filepath.Join(dir, strings.ReplaceAll(strings.Trim(pkg, "./"), "/", "-")+".test")
	b, err := command(ctx, dir, "go", "test", "-trimpath", "-vet=off", "-c", "-o", binary, pkg).CombinedOutput()
	return binary, string(b), err
}

// test runs a mutant's test; one that hangs failed.
func (m *mutant) test(ctx context.Context, dir, binary string) (passed bool, out string) {
	args := append([]string{"-test.run", m.run, "-test.timeout", "60s"}, m.args...)
	b, err := command(ctx, filepath.Join(dir, m.pkg), binary, args...).CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return true, err.Error() // it wasn't run: that kills nothing
	}
	return err == nil, string(b)
}

func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	// git apply skips what lies outside of the repository that it is called in.
	c.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	return c
}

// copyTrees copies what a mutant needs of the module in the working directory.
func copyTrees(dir string) error {
	for _, t := range trees {
		info, err := os.Stat(t)
		if err != nil {
			return fmt.Errorf("%w: run it at the top of the tree", err)
		}
		if info.IsDir() {
			if err := os.CopyFS(filepath.Join(dir, t), os.DirFS(t)); err != nil {
				return err
			}
			continue
		}
		b, err := os.ReadFile(t)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, t), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
