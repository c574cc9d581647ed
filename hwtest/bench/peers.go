package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// peer is a program that brings two folders together.
type peer struct {
	name string
	// begin prepares work, a folder of the peer's own; sync is one run, timed whole.
	begin func(ctx context.Context, work, a, b string) error
	sync  func(ctx context.Context, work, a, b string) error
}

// runPeers measures cradle beside unison and vdirsyncer: two folders with a contact a
// file, on a memory file system, each program on folders of its own. Cradle goes
// through its store, so it syncs twice: one folder with the store and the store with the
// other. A program that isn't installed is left out and told of.
func runPeers(ctx context.Context, w io.Writer, cradle string, n, rounds int) error {
	cradle, err := filepath.Abs(cradle)
	if err != nil {
		return err
	}
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = "" // the folder for temporary files; the note says so
		fmt.Fprintln(w, "no /dev/shm: on the disk")
	}
	peers := []peer{cradlePeer(cradle)}
	for _, p := range []peer{unisonPeer(), vdirsyncerPeer()} {
		if _, err := exec.LookPath(p.name); err != nil {
			fmt.Fprintf(w, "%s isn't installed: left out\n", p.name)
			continue
		}
		peers = append(peers, p)
	}
	steps := []string{"first sync", "nothing to do", "1 % changed"}
	best := map[string]map[string]time.Duration{}
	for range rounds { // in turn: what else the machine does hits all of them
		for _, p := range peers {
			took, err := peerCourse(ctx, p, base, n)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if best[p.name] == nil {
				best[p.name] = map[string]time.Duration{}
			}
			for i, d := range took {
				if old, ok := best[p.name][steps[i]]; !ok || d < old {
					best[p.name][steps[i]] = d
				}
			}
		}
	}
	fmt.Fprintf(w, "%d contacts, folder to folder; the best of %d, and its ratio to cradle's\n\n", n, rounds)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tw, "step\t")
	for _, p := range peers {
		fmt.Fprintf(tw, "%s\t", p.name)
	}
	fmt.Fprintln(tw)
	for _, s := range steps {
		fmt.Fprintf(tw, "%s\t", s)
		for _, p := range peers {
			d := best[p.name][s]
			fmt.Fprintf(tw, "%.3f s (%.1f)\t", d.Seconds(), d.Seconds()/best[peers[0].name][s].Seconds())
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

// peerCourse is a first sync, one with nothing to do and one after every hundredth
// file changed in one folder; what arrived in the other is checked.
func peerCourse(ctx context.Context, p peer, base string, n int) (took []time.Duration, err error) {
	dir, err := os.MkdirTemp(base, "cradle-peers.")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	a, b, work := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "work")
	for _, d := range []string{filepath.Dir(cardFile(b, 0)), work} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	if err := fill(a, n); err != nil {
		return nil, err
	}
	if err := p.begin(ctx, work, a, b); err != nil {
		return nil, err
	}
	timed := func() error {
		start := time.Now()
		err := p.sync(ctx, work, a, b)
		took = append(took, time.Since(start))
		return err
	}
	if err := timed(); err != nil {
		return nil, err
	}
	if err := arrived(b, n); err != nil {
		return nil, err
	}
	if err := p.sync(ctx, work, a, b); err != nil { // what a first sync left to be looked at
		return nil, err
	}
	if err := timed(); err != nil {
		return nil, err
	}
	if _, err := editOnPhone(a, 0, n, 1); err != nil {
		return nil, err
	}
	return took, timed()
}

// arrived counts the contacts of a folder.
func arrived(folder string, n int) error {
	entries, err := os.ReadDir(filepath.Dir(cardFile(folder, 0)))
	if err != nil {
		return err
	}
	got := 0
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".vcf" {
			got++
		}
	}
	if got != n {
		return fmt.Errorf("%d contacts arrived, want %d", got, n)
	}
	return nil
}

func cradlePeer(program string) peer {
	return peer{
		name:  "cradle",
		begin: func(context.Context, string, string, string) error { return nil },
		sync: func(ctx context.Context, work, a, b string) error {
			r := bench{cradle: program, state: work}
			for _, folder := range []string{a, b} {
				if _, err := r.cradleRun(ctx, "sync", "--phone", "dir:"+folder, "--store", filepath.Join(work, "store.db"), "--pair"); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func unisonPeer() peer {
	return peer{
		name:  "unison",
		begin: func(context.Context, string, string, string) error { return nil },
		sync: func(ctx context.Context, work, a, b string) error {
			return quietly(ctx, []string{"UNISON=" + work}, "unison", a, b, "-batch", "-silent", "-auto")
		},
	}
}

func vdirsyncerPeer() peer {
	config := func(work string) string { return filepath.Join(work, "config") }
	return peer{
		name: "vdirsyncer",
		begin: func(ctx context.Context, work, a, b string) error {
			text := fmt.Sprintf(`[general]
status_path = %q
[pair bench]
a = "one"
b = "two"
collections = null
[storage one]
type = "filesystem"
path = %q
fileext = ".vcf"
[storage two]
type = "filesystem"
path = %q
fileext = ".vcf"
`, filepath.Join(work, "status"), filepath.Dir(cardFile(a, 0)), filepath.Dir(cardFile(b, 0)))
			if err := os.WriteFile(config(work), []byte(text), 0o600); err != nil {
				return err
			}
			return quietly(ctx, nil, "vdirsyncer", "-c", config(work), "discover")
		},
		sync: func(ctx context.Context, work, _, _ string) error {
			return quietly(ctx, nil, "vdirsyncer", "-v", "ERROR", "-c", config(work), "sync")
		},
	}
}

// quietly runs a program and tells what it said only if it failed.
func quietly(ctx context.Context, env []string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = append(os.Environ(), env...)
	out, err := c.CombinedOutput()
	if err != nil {
		return errors.Join(err, fmt.Errorf("%s", tail(out, 2000)))
	}
	return nil
}
