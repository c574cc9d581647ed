package lab

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
)

//go:embed speed.sh
var speed []byte

// taken is what one program took for one step, once.
type taken struct {
	ms, cpu      int // of the whole command, and of the processors for it
	transfers    int // of the bus
	transactions int // that our phone counted
}

// speedTable has what each program took for a step, in the order of the rounds.
type speedTable struct {
	programs []string
	of       map[string][]taken
}

// best is what a program took in its best round: what else the machine does only adds to it.
func (s *speedTable) best(program string) (taken, bool) {
	all := s.of[program]
	if len(all) == 0 {
		return taken{}, false
	}
	return slices.MinFunc(all, func(a, b taken) int { return a.ms - b.ms }), true
}

// TestSpeed measures whole commands beside those of libmtp, android-file-transfer and go-mtpfs on the same
// phones, in turns, and in the same run what a bare loop of transfers takes (TestMeasureRates and
// TestMeasureListing of mtp/usb), and holds cradle to its floors. It runs with CRADLE_VM_RATE=1: a machine that does
// other things besides tells little. CRADLE_VM_ROUNDS says how often each does it.
func TestSpeed(t *testing.T) {
	l := open(t)
	if os.Getenv("CRADLE_VM_RATE") != "1" {
		t.Skip("CRADLE_VM_RATE=1 measures, which takes some minutes")
	}
	rounds := os.Getenv("CRADLE_VM_ROUNDS")
	if rounds == "" {
		rounds = "3"
	}
	t.Run("huge on plain", func(t *testing.T) {
		tables, said := l.speed(t, "plain", "huge", "1", 64)
		for _, step := range slices.Sorted(maps.Keys(tables)) {
			tables[step].print(t, step)
		}
		judgePeaks(t, said)
	})
	for _, run := range []struct {
		what string
		n    int // files; of a film MiB
	}{{"film", 64}, {"film", 512}, {"list", 500}, {"list", 10_000}, {"cards", 1000}} {
		for _, phone := range []string{"plain", "own", "umtprd", "qemu"} {
			if run.n == 512 && phone != "qemu" {
				continue // 64 MiB are over there in less time than the noise is long
			}
			name := fmt.Sprintf("%s %d on %s", run.what, run.n, phone)
			t.Run(name, func(t *testing.T) {
				if run.n == 10_000 && phone == "umtprd" {
					t.Skip("umtprd takes minutes for it, whoever asks")
				}
				tables, said := l.speed(t, phone, run.what, rounds, run.n)
				t.Log("the same run:\n" + measured(said))
				if strings.Contains(said, "--- FAIL: ") {
					t.Error("a floor beside the bare loop isn't met")
				}
				for _, step := range slices.Sorted(maps.Keys(tables)) {
					tables[step].print(t, step)
					judgeSpeed(t, tables, step, phone)
				}
			})
		}
	}
}

// flat is how many KiB more a program may hold for an object of 4.3 GiB than for one of 64 MiB. The
// collector's luck is a part of it.
const flat = 16 << 10

// judgePeaks holds the memory for the large objects of speed.sh's huge to that for the small ones.
func judgePeaks(t *testing.T, said string) {
	peaks := map[string]int{}
	for line := range strings.Lines(said) {
		var step, program string
		var kib int
		if n, _ := fmt.Sscanf(line, "peak: %s %s %d", &step, &program, &kib); n == 3 {
			peaks[step+" "+program] = kib
			t.Logf("%-10s %-14s %.1f MiB at most", step, program, float64(kib)/1024)
		}
	}
	for _, backend := range []string{"usbfs", "gousb"} {
		for _, step := range []string{"get", "put"} {
			small, large := peaks[step+"-64M cradle-"+backend], peaks[step+"-4400M cradle-"+backend]
			if small == 0 || large == 0 || large > small+flat {
				t.Errorf("%s, %s: %d KiB for 64 MiB and %d KiB for 4.3 GiB", backend, step, small, large)
			}
		}
	}
}

// speed runs speed.sh and gives a table a step, and what the guest said.
func (l lab) speed(t *testing.T, phone, what, rounds string, n int) (map[string]*speedTable, string) {
	t.Helper()
	share := l.keep(t, "speed-"+phone)
	seed := filepath.Join(share, "seed")
	for _, dir := range []string{"in", "cards"} {
		if err := os.MkdirAll(filepath.Join(seed, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := n
	if what == "film" || what == "huge" {
		files = 0
	}
	for n := range files {
		write(t, filepath.Join(seed, "cards", fmt.Sprintf("card-%05d.vcf", n)), card(fmt.Sprintf("card-%05d", n), fmt.Sprintf("Zoë Example%05d", n), n))
	}
	archive(t, filepath.Join(share, "seed.tar"), seed)
	for _, name := range []string{"cradle", "usb.test"} {
		copyFile(t, filepath.Join(share, name), filepath.Join(l.bin, name))
	}
	write(t, filepath.Join(share, "speed.sh"), string(speed))
	write(t, filepath.Join(share, "ours.sh"), string(ours))
	args := []string{"--share", share, "--timeout", "1500"}
	if what == "film" && n > 64 {
		args = append(args, "--mem", strconv.Itoa(1024+4*n)) // what is sent and what comes lie in memory
	}
	switch phone {
	case "qemu":
		args = append(args, "--phone", "qemu", "--seed", seed)
	case "umtprd":
		args = append(args, "--phone", "umtprd-noevents", "--seed", seed)
	}
	said, err := l.run(t, append(args, "--", "bash", "speed.sh", phone, what, rounds, strconv.Itoa(n))...)
	if err != nil || !strings.Contains(said, "speed: done") {
		t.Fatalf("the guest: %v\n%s", err, said)
	}
	tables, err := readSpeed(said)
	if err != nil {
		t.Fatalf("%v in\n%s", err, said)
	}
	return tables, said
}

// readSpeed reads the lines of speed.sh.
func readSpeed(said string) (map[string]*speedTable, error) {
	tables := map[string]*speedTable{}
	var last *speedTable
	for line := range strings.Lines(said) {
		f := strings.Fields(line)
		if len(f) > 1 && f[0] == "failed:" && last != nil { // what it had just done was wrong
			p := strings.TrimSuffix(f[1], ":")
			if n := len(last.of[p]); n > 0 {
				last.of[p] = last.of[p][:n-1]
			}
		}
		if len(f) != 7 || f[0] != "speed:" {
			continue
		}
		var n [4]int
		for i := range n {
			var err error
			if n[i], err = strconv.Atoi(f[3+i]); err != nil {
				return nil, fmt.Errorf("%q: %w", line, err)
			}
		}
		table := tables[f[1]]
		if table == nil {
			table = &speedTable{of: map[string][]taken{}}
			tables[f[1]] = table
		}
		if table.of[f[2]] == nil {
			table.programs = append(table.programs, f[2])
		}
		last = table
		table.of[f[2]] = append(table.of[f[2]], taken{n[0], n[1], n[2], n[3]})
	}
	if len(tables) == 0 {
		return nil, fmt.Errorf("no measurement")
	}
	return tables, nil
}

// print logs a step's table: the best of each program.
func (s *speedTable) print(t *testing.T, step string) {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\tbest\tmiddle\tCPU\ttransfers\ttransactions\tbeside cradle\t\n", step)
	ours, _ := s.best("cradle-usbfs")
	for _, p := range s.programs {
		b, ok := s.best(p)
		if !ok {
			fmt.Fprintf(w, "%s\tfailed\t\t\t\t\t\t\n", p)
			continue
		}
		all := slices.SortedFunc(slices.Values(s.of[p]), func(a, b taken) int { return a.ms - b.ms })
		fmt.Fprintf(w, "%s\t%.2f s\t%.2f s\t%.2f s\t%d\t%d\t%.1f\t\n", p, float64(b.ms)/1000, float64(all[len(all)/2].ms)/1000,
			float64(b.cpu)/1000, b.transfers, b.transactions, float64(b.ms)/float64(max(1, ours.ms)))
	}
	_ = w.Flush() // into memory
	t.Logf("\n%s", out.String())
}

// speedFloors say how many times faster than the best of the peers named cradle is at least.
var speedFloors = []struct {
	step, phone string
	peers       []string
	times       float64
}{
	{"read", "qemu", []string{"libmtp"}, 3},
	{"get", "qemu", []string{"libmtp"}, 1}, // to a file: cp takes longer than the wire there
	{"put", "qemu", []string{"libmtp"}, 3},
	{"list", "plain", []string{"libmtp", "aft", "go-mtpfs"}, 5},
	// One request for the whole device, inside of a tool that does something else, and prints nothing of it.
	{"list", "plain", []string{"libmtp-cached"}, 1},
	{"list", "own", []string{"libmtp", "aft", "go-mtpfs"}, 1},
	{"list", "umtprd", []string{"libmtp", "aft", "go-mtpfs"}, 1},
	{"list", "qemu", []string{"libmtp", "go-mtpfs"}, 1},
}

// mounts are the programs whose starting and opening the phone isn't measured.
var mounts = []string{"go-mtpfs", "jmtpfs"}

// judgeSpeed compares a step with its floors. What a tiny file or folder takes, starting and opening the
// phone, is taken off where it is no part of the question: of throughput, and beside programs that mount.
func judgeSpeed(t *testing.T, tables map[string]*speedTable, step, phone string) {
	s, tiny := tables[step], tables["tiny-"+step]
	net := func(program string) (ms int, ok bool) {
		whole, ok := s.best(program)
		if !ok || tiny == nil {
			return whole.ms, ok
		}
		start, ok := tiny.best(program)
		return max(1, whole.ms-start.ms), ok
	}
	both := func(peer string) (ours, theirs int, ok bool) {
		if step != "list" {
			ours, _ = net("cradle-usbfs")
			theirs, ok = net(peer)
			return ours, theirs, ok
		}
		whole, _ := s.best("cradle-usbfs")
		if ours = whole.ms; slices.Contains(mounts, peer) {
			ours, _ = net("cradle-usbfs")
		}
		p, ok := s.best(peer)
		return ours, p.ms, ok
	}
	for _, f := range speedFloors {
		if f.step != step || f.phone != phone {
			continue
		}
		if _, ok := s.best("cradle-usbfs"); !ok {
			t.Errorf("%s: cradle wasn't measured", step)
			continue
		}
		measured := 0
		for _, p := range f.peers {
			ours, peer, ok := both(p)
			if !ok {
				continue
			}
			measured++
			t.Logf("%s on %s: %.1f times as fast as %s; the floor is %.1f", step, phone, float64(peer)/float64(ours), p, f.times)
			if float64(peer) < f.times*float64(ours) {
				t.Errorf("%s on %s: %s took %d ms and cradle %d ms: %.1f times as fast, the floor is %.1f",
					step, phone, p, peer, ours, float64(peer)/float64(ours), f.times)
			}
		}
		if measured == 0 {
			t.Errorf("%s on %s: no peer was measured", step, phone)
		}
	}
}

func TestReadSpeed(t *testing.T) {
	tables, err := readSpeed("noise\nspeed: get cradle-usbfs 900 300 5 6\nspeed: get libmtp 2400 1 2 3\nspeed: get cradle-usbfs 800 200 5 6\nspeed: done\n")
	if err != nil || len(tables) != 1 {
		t.Fatal(tables, err)
	}
	s := tables["get"]
	if best, ok := s.best("cradle-usbfs"); !ok || best != (taken{800, 200, 5, 6}) {
		t.Errorf("best %+v, %v", best, ok)
	}
	if _, ok := s.best("aft"); ok {
		t.Error("aft was measured")
	}
	tables, err = readSpeed("speed: get libmtp 2400 1 2 3\nspeed: get libmtp 2300 1 2 3\nfailed: libmtp: other bytes came\n")
	if best, ok := tables["get"].best("libmtp"); err != nil || !ok || best.ms != 2400 {
		t.Errorf("what failed counts: %+v, %v, %v", best, ok, err)
	}
	if !slices.Equal(s.programs, []string{"cradle-usbfs", "libmtp"}) {
		t.Errorf("programs %q", s.programs)
	}
	for _, said := range []string{"", "speed: done", "speed: get libmtp fast 1 2 3"} {
		if _, err := readSpeed(said); err == nil {
			t.Errorf("%q was read", said)
		}
	}
}
