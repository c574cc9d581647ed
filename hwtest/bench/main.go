// Command bench measures the whole program (make bench): a virtual Android phone with 10,000
// contacts, its first sync with an empty store, syncs with nothing to do, and syncs after one
// contact in a hundred changed on the phone and on the desktop. Each step is a process of its
// own with a warm cache; it prints wall time, peak memory, transactions and bodies read beside
// the floor that the project set itself, and exits 1 when the median of a step is past it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"
)

// floors are the slowest times that are still good, by step, for 10,000 contacts; the memory is
// every step's.
var floors = []struct {
	step string
	time time.Duration
}{
	{"first sync", 2 * time.Second},
	{"nothing to do", 200 * time.Millisecond},
	{"1 % changed on the phone", 300 * time.Millisecond},
	{"1 % changed in the store", 300 * time.Millisecond},
}

const (
	floorMemory   = 150 << 20
	floorContacts = 10000 // the floors hold for this many
)

// sample is what one process took.
type sample struct {
	time         time.Duration
	cpu          time.Duration
	memory       int64 // bytes, the most that were resident
	transactions int
	bodies       int
}

func main() {
	cradle := flag.String("cradle", "./cradle", "the program to measure")
	n := flag.Int("n", floorContacts, "how many contacts")
	rounds := flag.Int("rounds", 3, "how often the whole course is run")
	peers := flag.Bool("peers", false, "measure it beside unison and vdirsyncer instead, folder to folder")
	formats := flag.Bool("formats", false, "measure reading and writing of files instead, beside go-vcard, go-ical and libical")
	raw := flag.Bool("raw", false, "print Go benchmark lines, for benchstat")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *formats {
		if err := runFormats(ctx, os.Stdout, *rounds); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if *peers {
		if err := runPeers(ctx, os.Stdout, *cradle, *n, *rounds); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	late, err := run(ctx, os.Stdout, *cradle, *n, *rounds, *raw)
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	if late {
		os.Exit(1)
	}
}

// run measures rounds courses and prints them; late says that a floor was missed.
func run(ctx context.Context, w io.Writer, cradle string, n, rounds int, raw bool) (late bool, err error) {
	if n < 100 || rounds < 1 {
		return false, errors.New("at least 100 contacts and one round")
	}
	cradle, err = filepath.Abs(cradle)
	if err != nil {
		return false, err
	}
	samples := map[string][]sample{}
	for range rounds {
		if err := course(ctx, cradle, n, samples); err != nil {
			return false, err
		}
	}
	if raw {
		printRaw(w, n, samples)
		return false, nil
	}
	return printTable(w, n, samples)
}

// course is one phone's life, in folders that are removed at the end.
func course(ctx context.Context, cradle string, n int, samples map[string][]sample) error {
	dir, err := os.MkdirTemp("", "cradle-bench.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := bench{cradle: cradle, phone: filepath.Join(dir, "phone"), store: filepath.Join(dir, "store.db"), state: dir}
	if err := fill(b.phone, n); err != nil {
		return err
	}
	keep := func(step string, s sample) { samples[step] = append(samples[step], s) }

	if _, err := b.cradleRun(ctx, "--help"); err != nil { // the program itself into the page cache
		return err
	}
	first, err := b.sync(ctx, moved{Created: n}, moved{}, "--pair")
	if err != nil {
		return fmt.Errorf("first sync: %w", err)
	}
	keep("first sync", first)
	// The second counts: the first may settle what the first sync left to be looked at.
	if _, err := b.sync(ctx, moved{}, moved{}); err != nil {
		return fmt.Errorf("sync with nothing to do: %w", err)
	}
	noop, err := b.sync(ctx, moved{}, moved{})
	if err != nil {
		return fmt.Errorf("sync with nothing to do: %w", err)
	}
	keep("nothing to do", noop)

	edited, err := editOnPhone(b.phone, 0, n, 1)
	if err != nil {
		return err
	}
	changed, err := b.sync(ctx, moved{Updated: edited}, moved{})
	if err != nil {
		return fmt.Errorf("sync after edits on the phone: %w", err)
	}
	keep("1 % changed on the phone", changed)

	text, edited := editsForStore(50, n, 2)
	file := filepath.Join(dir, "edits.vcf")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	if _, err := b.cradleRun(ctx, "import", "--store", b.store, "--collection", "personal", file); err != nil {
		return err
	}
	changed, err = b.sync(ctx, moved{}, moved{Updated: edited})
	if err != nil {
		return fmt.Errorf("sync after edits in the store: %w", err)
	}
	keep("1 % changed in the store", changed)
	return nil
}

type bench struct{ cradle, phone, store, state string }

// moved are the counts of one direction in the program's JSON.
type moved struct{ Created, Updated, Deleted int }

// result is what is read of a sync's JSON (docs/cli.md).
type result struct {
	Kinds map[string]struct {
		ToStore   moved `json:"to_store"`
		ToPhone   moved `json:"to_phone"`
		Conflicts int
		Failed    []json.RawMessage
	}
	IO struct {
		Transactions int
		BodiesRead   int `json:"bodies_read"`
	}
}

// sync runs and measures one sync, and checks that it moved what it should have: a fast sync of
// nothing is no result.
func (b bench) sync(ctx context.Context, toStore, toPhone moved, more ...string) (sample, error) {
	args := append([]string{"sync", "--phone", "virtual:android:" + b.phone, "--store", b.store, "--json"}, more...)
	start := time.Now()
	out, err := b.cradleRun(ctx, args...)
	took := time.Since(start)
	if err != nil {
		return sample{}, err
	}
	var r result
	if err := json.Unmarshal(out.stdout, &r); err != nil {
		return sample{}, fmt.Errorf("its JSON: %w", err)
	}
	c := r.Kinds["contacts"]
	if c.ToStore != toStore || c.ToPhone != toPhone || c.Conflicts != 0 || len(c.Failed) != 0 {
		return sample{}, fmt.Errorf("it moved %+v to the store and %+v to the phone with %d conflicts and %d failures; want %+v and %+v",
			c.ToStore, c.ToPhone, c.Conflicts, len(c.Failed), toStore, toPhone)
	}
	usage := out.state.SysUsage().(*syscall.Rusage)
	return sample{
		time:         took,
		cpu:          out.state.UserTime() + out.state.SystemTime(),
		memory:       usage.Maxrss << 10, // Linux counts KiB
		transactions: r.IO.Transactions,
		bodies:       r.IO.BodiesRead,
	}, nil
}

type ended struct {
	stdout []byte
	state  *os.ProcessState
}

// cradleRun runs the program with state and configuration folders of its own.
func (b bench) cradleRun(ctx context.Context, args ...string) (ended, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, b.cradle, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(),
		"XDG_STATE_HOME="+filepath.Join(b.state, "xdg-state"),
		"XDG_CONFIG_HOME="+filepath.Join(b.state, "xdg-config"),
		"XDG_DATA_HOME="+filepath.Join(b.state, "xdg-data"),
		"XDG_CACHE_HOME="+filepath.Join(b.state, "xdg-cache"))
	if err := cmd.Run(); err != nil {
		return ended{}, fmt.Errorf("cradle %s: %w\n%s", args[0], err, tail(stderr.Bytes(), 2000))
	}
	return ended{stdout.Bytes(), cmd.ProcessState}, nil
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// median is the sample in the middle by time.
func median(s []sample) sample {
	s = slices.SortedFunc(slices.Values(s), func(a, b sample) int { return int(a.time - b.time) })
	return s[len(s)/2]
}

// printTable prints each step's median beside its floor.
func printTable(w io.Writer, n int, samples map[string][]sample) (late bool, err error) {
	fmt.Fprintf(w, "%d contacts, virtual Android phone; the median of %d\n\n", n, len(samples[floors[0].step]))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "step\ttime\tfloor\tCPU\tpeak memory\tfloor\ttransactions\tbodies read\t")
	for _, f := range floors {
		m := median(samples[f.step])
		mark := ""
		if n == floorContacts && (m.time > f.time || m.memory > floorMemory) {
			late, mark = true, " past its floor"
		}
		fmt.Fprintf(tw, "%s\t%.3f s\t%.1f s\t%.3f s\t%.1f MiB\t%d MiB\t%d\t%d\t%s\n", f.step, m.time.Seconds(), f.time.Seconds(),
			m.cpu.Seconds(), float64(m.memory)/(1<<20), floorMemory>>20, m.transactions, m.bodies, mark)
	}
	return late, tw.Flush()
}

// printRaw prints every sample in the format of Go benchmarks.
func printRaw(w io.Writer, n int, samples map[string][]sample) {
	for i, f := range floors {
		name := []string{"First", "Noop", "PhoneEdits", "StoreEdits"}[i]
		for _, s := range samples[f.step] {
			fmt.Fprintf(w, "BenchmarkSync%s/contacts=%d 1 %d ns/op %d peak-B %d transactions %d bodies\n",
				name, n, s.time.Nanoseconds(), s.memory, s.transactions, s.bodies)
		}
	}
}
