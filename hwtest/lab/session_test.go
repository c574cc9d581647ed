package lab

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The stories of a guest with a desktop. They judge themselves, since what they look at, units,
// device files and other programs' buses, is there in the guest alone.
//
//go:embed session*.sh
var sessions embed.FS

// sessionTimeout bounds a story, in seconds: some ten times what it takes where nothing else runs.
const sessionTimeout = "560"

// session tells a story in a guest with a desktop, to which the package goes along. QEMU's usb-mtp now and
// then brings its machine down when it is unplugged in mid-transfer: of that alone it is told once more.
func (l lab) session(t *testing.T, story string, seed string, options []string, args ...string) string {
	t.Helper()
	if help, err := l.run(t, "--help"); err != nil || !strings.Contains(help, "--session") {
		t.Skipf("%s has no guest with a session", l.dir)
	}
	said, err := l.tellSession(t, story, seed, options, args)
	if err != nil && strings.Contains(said, crashed) {
		t.Logf("the virtual machine crashed; once more. %s", said)
		said, err = l.tellSession(t, story, seed, options, args)
	}
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "session: ") || strings.HasPrefix(line, "quick: ") {
			t.Log(strings.TrimSpace(line))
		}
	}
	if err != nil || !strings.Contains(said, "session: done\n") {
		t.Fatalf("the guest: %v\n%s", err, said)
	}
	return said
}

// tellSession runs a story once and gives what the guest said.
func (l lab) tellSession(t *testing.T, story, seed string, options, args []string) (string, error) {
	t.Helper()
	share := l.keep(t, strings.TrimSuffix(story, ".sh"))
	copyFile(t, filepath.Join(share, "cradle"), filepath.Join(l.bin, "cradle"))
	copyFile(t, filepath.Join(share, "cradle.deb"), filepath.Join(l.bin, "cradle.deb"))
	write(t, filepath.Join(share, "pull.sh"), pull)
	names, err := fs.Glob(sessions, "*.sh")
	if err != nil || len(names) < 2 {
		t.Fatalf("the stories: %q, %v", names, err)
	}
	for _, name := range names {
		text, err := sessions.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(share, name), string(text))
	}
	options = append([]string{"--session", "--unplugged", "--share", share, "--timeout", sessionTimeout}, options...)
	if seed != "" {
		options = append(options, "--seed", seed)
	}
	if slices.Contains(options, "cradle") {
		options = append(options, "--cradle", filepath.Join(l.bin, "cradle"))
	}
	return l.run(t, append(append(options, "--", "bash", story), args...)...)
}

// seedCardsIn makes a folder with n small contacts, a file each, from the number first. Larger ones would
// take an emulated computer minutes, for nothing that these stories ask.
func seedCardsIn(t *testing.T, dir string, first, n int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := first; i < first+n; i++ {
		write(t, filepath.Join(dir, fmt.Sprintf("seed-%d.vcf", i)), fmt.Sprintf("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:seed-%d\r\nFN:Seed%[1]d\r\nN:Seed%[1]d;;;;\r\nTEL;TYPE=CELL:+49301%06[1]d\r\nEND:VCARD\r\n", i))
	}
}

// TestSessionPlug: the package, and a phone that syncs by itself, again, after a cut, beside another
// one, at login; and the package's removal.
func TestSessionPlug(t *testing.T) {
	l := open(t)
	t.Parallel()
	seed := t.TempDir()
	seedCardsIn(t, filepath.Join(seed, "later"), 10_000, 700)
	l.session(t, "session_plug.sh", seed, []string{"--phone", "qemu", "--phone", "qemu"})
}

// TestSessionGVFS: the file manager lends the phone; one bubble tells of it.
func TestSessionGVFS(t *testing.T) {
	l := open(t)
	t.Parallel()
	l.session(t, "session_gvfs.sh", "", []string{"--phone", "qemu"})
}

// TestSessionOthers: an unpaired phone, a camera, another user's session.
func TestSessionOthers(t *testing.T) {
	l := open(t)
	t.Parallel()
	l.session(t, "session_others.sh", "", []string{"--phone", "qemu", "--phone", "umtprd-noevents"})
}

// TestSessionInstall: install and uninstall without a package.
func TestSessionInstall(t *testing.T) {
	l := open(t)
	t.Parallel()
	l.session(t, "session_install.sh", "", []string{"--phone", "qemu"})
}

var mended = regexp.MustCompile(`([0-9]+) faults found and mended`)

// TestSessionDoctor: planted faults, ten at least, and the commands that doctor prints for them.
func TestSessionDoctor(t *testing.T) {
	l := open(t)
	t.Parallel()
	var parts, faults atomic.Int64
	t.Cleanup(func() { // after both parts
		if n := faults.Load(); parts.Load() == 2 && n < 10 {
			t.Errorf("%d faults, want ten", n)
		}
	})
	for _, part := range []string{"data", "system"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			said := l.session(t, "session_doctor.sh", "", []string{"--phone", "qemu"}, part)
			m := mended.FindStringSubmatch(said)
			if m == nil {
				t.Fatalf("no count of faults:\n%s", said)
			}
			n, err := strconv.ParseInt(m[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			faults.Add(n)
			parts.Add(1)
		})
	}
}

var plugToSynced = regexp.MustCompile(`plug to synced ([0-9.]+) s`)

// TestSessionQuick measures from the plug to "in sync", with 1,000 items on the phone and nothing to do:
// at most 3 s. It runs by itself; where other programs keep the computer busy it only tells.
func TestSessionQuick(t *testing.T) {
	l := open(t)
	seed := t.TempDir()
	seedCardsIn(t, filepath.Join(seed, "Cradle/contacts/personal"), 0, 1000)
	begun, busy, own := time.Now(), processors(t), children(t)
	said := l.session(t, "session_quick.sh", seed, []string{"--phone", "cradle"}, "cradle")
	others := (processors(t) - busy - (children(t) - own)).Seconds() / time.Since(begun).Seconds()
	var times []float64
	for _, m := range plugToSynced.FindAllStringSubmatch(said, -1) {
		s, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, s)
	}
	if len(times) != 3 {
		t.Fatalf("%d times, want 3:\n%s", len(times), said)
	}
	slices.Sort(times)
	if median := times[1]; median > 3 {
		if others > 0.5 {
			t.Skipf("%.2f s, and other programs had %.1f processors meanwhile: not judged", median, others)
		}
		t.Errorf("from the plug to synced: %.2f s, want at most 3 s (%v; other programs had %.1f processors)", median, times, others)
	}
}

// processors is how long this computer's processors have worked, for whomever: proc_stat(5), in
// hundredths of a second. What another machine on the same hardware took counts too.
func processors(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(first)
	if len(f) < 9 || f[0] != "cpu" {
		t.Fatalf("/proc/stat begins with %q", first)
	}
	var sum time.Duration
	for i, s := range f[1:9] {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if i != 3 && i != 4 { // idle, iowait
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}

// children is what the programs that this test started, and waited for, took of them.
func children(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
