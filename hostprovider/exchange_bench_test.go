package hostprovider

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cradle/engine"
	"cradle/pim"
)

// filled makes a store of n contacts in a file.
func filled(b *testing.B, path string, n int) *Store {
	b.Helper()
	s := openAt(b, path, testOptions(b))
	const chunk = 5000
	for from := 0; from < n; from += chunk {
		if _, err := s.Import(context.Background(), benchFiles(from, min(chunk, n-from))); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// benchFiles are n contacts, numbered from first on.
func benchFiles(first, n int) []ImportFile {
	bags, _ := benchCardsFrom(first, n)
	var files []ImportFile
	for i, v := range bags {
		files = append(files, ImportFile{Path: fmt.Sprint(first+i, ".vcf"), Data: pim.Contacts.Text(v), Collection: "personal"})
	}
	return files
}

// BenchmarkStores is store to store in one process: first sync, nothing to do, 1 %
// changed, 1 % in conflict. The limits of docs/benchmarks.md are for 10,000 items.
func BenchmarkStores(b *testing.B) {
	const n = 10_000
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			dir := b.TempDir()
			x, y := filled(b, filepath.Join(dir, "a.db"), n), openAt(b, filepath.Join(dir, "b.db"), testOptions(b))
			b.StartTimer()
			exchange(b, x, y)
			b.StopTimer()
			x.Close()
			y.Close()
			b.StartTimer()
		}
	})
	dir := b.TempDir()
	x, y := filled(b, filepath.Join(dir, "a.db"), n), openAt(b, filepath.Join(dir, "b.db"), testOptions(b))
	exchange(b, x, y)
	b.Run("no-op", func(b *testing.B) {
		for b.Loop() {
			exchange(b, x, y)
		}
	})
	bags, _ := benchCards(n)
	round := 0
	change := func(s *Store) {
		round++
		for i := 0; i < n; i += 100 {
			editCard(b, s, fmt.Sprintf("bench-%06d", i), strings.Replace(string(pim.Contacts.Text(bags[i])), "NOTE:", fmt.Sprintf("NOTE:%d ", round), 1))
		}
	}
	b.Run("change", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			change(x)
			b.StartTimer()
			exchange(b, x, y)
		}
	})
	b.Run("conflicts", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			change(x)
			change(y)
			b.StartTimer()
			exchange(b, x, y)
		}
	})
	b.Run("no-op after all that", func(b *testing.B) {
		for b.Loop() {
			exchange(b, x, y)
		}
	})
}

// BenchmarkStoresWhole is 100,000 contacts in a process of its own, which tells its
// peak of resident memory.
func BenchmarkStoresWhole(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		x, y := filepath.Join(dir, "a.db"), filepath.Join(dir, "b.db")
		filled(b, x, n).Close()
		openAt(b, y, testOptions(b)).Close()
		c := exec.Command(os.Args[0], "-test.run=^TestExchangeOfFiles$", "-test.v")
		c.Env = append(os.Environ(), "CRADLE_EXCHANGE="+x+":"+y)
		b.StartTimer()
		out, err := c.CombinedOutput()
		b.StopTimer()
		if err != nil || !strings.Contains(string(out), "exchanged") {
			b.Fatalf("%v\n%s", err, out)
		}
		if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
			b.ReportMetric(float64(u.Maxrss)/1024, "MiB-peak")
		}
		b.StartTimer()
	}
}

// TestExchangeOfFiles is the process that BenchmarkStoresWhole starts.
func TestExchangeOfFiles(t *testing.T) {
	from, to, ok := strings.Cut(os.Getenv("CRADLE_EXCHANGE"), ":")
	if !ok {
		t.Skip("only BenchmarkStoresWhole runs it")
	}
	x, y := openAt(t, from, testOptions(t)), openAt(t, to, testOptions(t))
	begin := time.Now()
	got, err := engine.Exchange(context.Background(), x.Full(), y.Full(), []string{"contacts"}, engine.ExchangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("exchanged %d in %v", got.ToB["contacts"].Sent, time.Since(begin))
}
