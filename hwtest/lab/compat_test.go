package lab

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

//go:embed compat.sh
var compat []byte

//go:embed ours.sh
var ours []byte

// compatTimeout bounds what happens on one phone, in seconds.
const compatTimeout = "1500"

// compatPhone is a column of docs/compatibility.md.
type compatPhone struct {
	name  string // the argument of compat.sh
	lab   string // the lab's phone, "" for one of ours
	title string
}

var compatPhones = []compatPhone{
	{"own", "", "ours"},
	{"plain", "", "ours, not Android"},
	{"qemu", "qemu", "QEMU"},
	{"umtprd", "umtprd-noevents", "umtprd"},
}

// compatClient is a row.
type compatClient struct {
	name    string // in the cells
	title   string
	version string // the package whose version counts
}

var compatClients = []compatClient{
	{"cradle", "cradle", ""},
	{"libmtp", "libmtp's tools (mtp-detect, mtp-files, mtp-getfile, mtp-sendfile, mtp-delfile)", "mtp-tools"},
	{"jmtpfs", "jmtpfs", "jmtpfs"},
	{"gio", "gvfs (gio mount, list, copy, remove)", "gvfs-backends"},
	{"gomtpfs", "go-mtpfs", "go-mtpfs"},
	{"aftcli", "aft-mtp-cli", ""},
	{"aftmount", "aft-mtp-mount", ""},
	{"gphoto2", "gphoto2", "gphoto2"},
}

// compatStep is a part of a cell.
type compatStep struct{ name, title string }

// compatSteps are what each client does.
var compatSteps = []compatStep{
	{"detect", "detect"},
	{"list", "list"},
	{"get", "get"},
	{"full", "get whole packets"},
	{"delete", "delete"},
	{"send", "send"},
	{"sendfull", "send whole packets"},
	{"top", "send to the top folder"},
}

// compatCell is what a client made of a step on a phone.
type compatCell struct{ client, step, phone string }

// compatRun is what a phone's run left.
type compatRun struct {
	phones  []compatPhone
	clients []compatClient

	verdicts map[compatCell]string // ok, failed; "" where the machine died before
	logs     map[compatCell]string // what the client said
	traces   map[compatCell]string // what our phone was asked; "" for others
	versions string
}

// verdict is a cell's, "failed" for one that the run never came to, "ok" for what isn't tried.
func (r *compatRun) verdict(c compatCell) string {
	if c.phone == "qemu" && c.step == "sendfull" {
		return "ok"
	}
	if v := r.verdicts[c]; v != "" {
		return v
	}
	return "failed"
}

// compatQuick are the clients that make vmtest runs on our phones: the library that most programs
// for phones are made with, and the desktop's own.
var compatQuick = []string{"libmtp", "gio"}

// TestCompatibility has programs that others wrote use our virtual phone over USB/IP, and two
// others' phones beside it. Each cell is well, or its fault is known (compatFaults); docs/compatibility.md
// says the same. All of it takes minutes, and runs where CRADLE_COMPAT (make compat) is check, or write, to
// write the page anew; else compatQuick runs on our phones. CRADLE_COMPAT_FROM names a folder with what
// earlier runs left (PHONE/out), to judge that instead.
func TestCompatibility(t *testing.T) {
	l := open(t)
	mode := os.Getenv("CRADLE_COMPAT")
	run := &compatRun{
		phones: compatPhones, clients: compatClients,
		verdicts: map[compatCell]string{}, logs: map[compatCell]string{}, traces: map[compatCell]string{},
	}
	switch mode {
	case "check", "write":
	case "":
		run.phones = slices.DeleteFunc(slices.Clone(compatPhones), func(p compatPhone) bool { return p.lab != "" })
		run.clients = slices.DeleteFunc(slices.Clone(compatClients), func(c compatClient) bool { return !slices.Contains(compatQuick, c.name) })
	default:
		t.Fatalf("CRADLE_COMPAT is %q, want check or write", mode)
	}
	from := os.Getenv("CRADLE_COMPAT_FROM")
	var mu sync.Mutex
	t.Run("phones", func(t *testing.T) {
		for _, phone := range run.phones {
			t.Run(phone.name, func(t *testing.T) {
				out := filepath.Join(from, phone.name, "out")
				if from == "" {
					t.Parallel()
					out = l.compat(t, phone, run.clients)
				}
				mu.Lock()
				defer mu.Unlock()
				run.read(t, phone, out, run.clients)
			})
		}
	})
	if t.Failed() {
		return
	}
	// Timing is an emulator's, and some of these programs and phones stumble over it: what fails
	// has to fail twice.
	for _, phone := range run.phones {
		clients := slices.DeleteFunc(slices.Clone(run.clients), func(c compatClient) bool { return !run.surprises(c, phone) })
		if len(clients) > 0 && from == "" {
			t.Logf("once more on %s: %v", phone.name, clients)
			run.read(t, phone, l.compat(t, phone, clients), clients)
		}
	}
	if run.judge(t); t.Failed() || mode == "" {
		return
	}
	page := run.page()
	at := filepath.Join("..", "..", "docs", "compatibility.md")
	if mode == "write" {
		write(t, at, page)
		return
	}
	old, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if want, got := promises(string(old)), promises(page); want != got {
		t.Errorf("docs/compatibility.md promises\n%s\nand this is\n%s\nCRADLE_COMPAT=write make compat writes it anew", want, got)
	}
}

// promises are the lines of the page that don't change from one run to the next: the table and
// the names of the faults.
func promises(page string) string {
	var out strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "### ") {
			out.WriteString(line)
		}
	}
	return out.String()
}

// compat runs compat.sh on a phone and gives the folder of what it left.
func (l lab) compat(t *testing.T, phone compatPhone, clients []compatClient) string {
	share := l.keep(t, "compat-"+phone.name)
	seed := filepath.Join(share, "seed")
	compatSeed(t, share, seed)
	archive(t, filepath.Join(share, "seed.tar"), seed)
	copyFile(t, filepath.Join(share, "cradle"), filepath.Join(l.bin, "cradle"))
	write(t, filepath.Join(share, "compat.sh"), string(compat))
	write(t, filepath.Join(share, "ours.sh"), string(ours))
	out := filepath.Join(share, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range clients {
		names = append(names, c.name)
	}
	args := []string{"--share", share, "--timeout", compatTimeout, "--env", "COMPAT_CLIENTS=" + strings.Join(names, " ")}
	if b, err := os.ReadFile(filepath.Join(l.dir, "run")); err == nil && bytes.Contains(b, []byte("--session)")) {
		args = append(args, "--session") // gvfs is there
	}
	if phone.lab != "" {
		args = append(args, "--phone", phone.lab, "--seed", seed)
	}
	said, err := l.run(t, append(args, "--", "bash", "compat.sh", phone.name)...)
	switch now, _ := os.ReadFile(filepath.Join(out, "now")); {
	case err == nil && strings.Contains(said, "compat: done"):
	case len(now) > 0 && phone.lab == "qemu" && strings.Contains(said, "(QEMU: "):
		// The phone is a part of the machine, which went down with it.
		client, step, _ := strings.Cut(strings.TrimSpace(string(now)), " ")
		write(t, filepath.Join(out, client+"."+step+".log"), "The virtual machine died:\n"+assertion(said))
	default:
		t.Fatalf("the guest, at %q: %v\n%s", now, err, said)
	}
	return out
}

// assertion is the line with which QEMU died.
func assertion(said string) string {
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "qemu-system") {
			return line
		}
	}
	return said
}

// compatSeed writes what the phones hold and the files to send. The same each time.
func compatSeed(t *testing.T, share, seed string) {
	r := rand.NewChaCha8([32]byte{1})
	noise := func(n int) string {
		b := make([]byte, n)
		_, _ = r.Read(b) // never fails
		return string(b)
	}
	const full = 200*512 - 12 // with the container's header whole packets
	body := noise(full)
	for name, text := range map[string]string{
		"seed/DCIM/Camera/IMG_0001.jpg": noise(300_003), "seed/Music/song.txt": "la la\n",
		"seed/note.txt": "a note\n", "seed/Zoë Grün 名.txt": "a name\n", "seed/full.bin": body,
		"full.bin": body, "big.bin": noise(200_003), "small.bin": noise(1003),
	} {
		write(t, filepath.Join(share, name), text)
	}
	for _, c := range compatClients {
		write(t, filepath.Join(seed, "remove-"+c.name+".txt"), "to be removed\n")
	}
}

// archive makes a tar archive of what dir holds.
func archive(t *testing.T, to, dir string) {
	t.Helper()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := tar.NewWriter(f)
	if err := w.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// read takes in what a phone's run with these clients left.
func (r *compatRun) read(t *testing.T, phone compatPhone, out string, clients []compatClient) {
	text := func(name string) string {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil && !os.IsNotExist(err) {
			t.Error(err)
		}
		return string(bytes.ToValidUTF8(b, []byte("?")))
	}
	for line := range strings.Lines(text("cells")) {
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Errorf("%s: cell %q", phone.name, line)
			continue
		}
		r.verdicts[compatCell{f[0], f[1], phone.name}] = f[2]
	}
	if len(r.verdicts) == 0 {
		t.Errorf("%s: no cells", phone.name)
	}
	for _, c := range clients {
		for _, s := range compatSteps {
			cell := compatCell{c.name, s.name, phone.name}
			r.logs[cell] = text(c.name + "." + s.name + ".log")
			delete(r.traces, cell)
		}
	}
	var at compatCell
	for line := range strings.Lines(text("trace")) {
		if mark, ok := strings.CutPrefix(line, "== "); ok {
			client, step, _ := strings.Cut(strings.TrimSpace(mark), " ")
			at = compatCell{client, step, phone.name}
			continue
		}
		r.traces[at] += line
	}
	r.versions = text("versions")
}

// surprises reports whether any cell of a client on a phone isn't as it is known to be.
func (r *compatRun) surprises(client compatClient, phone compatPhone) bool {
	return slices.ContainsFunc(compatSteps, func(s compatStep) bool { return r.surprise(compatCell{client.name, s.name, phone.name}) != "" })
}

// surprise says how a cell isn't as it is known to be, "" if it is.
func (r *compatRun) surprise(cell compatCell) string {
	fault := faultOf(cell)
	said := func() string {
		return fmt.Sprintf("it said:\n%s\nour phone:\n%s", r.logs[cell], lastLines(r.traces[cell], 20))
	}
	switch v := r.verdict(cell); {
	case v == "ok" && fault == nil, v == "failed" && fault != nil && r.shows(cell, fault):
		return ""
	case v == "ok":
		return fmt.Sprintf("%v is well now: %q doesn't hold any more", cell, fault.title)
	case fault != nil:
		return fmt.Sprintf("%v failed, and not as in %q (no %q); %s", cell, fault.title, fault.shows, said())
	default:
		return fmt.Sprintf("%v failed; %s", cell, said())
	}
}

// judge compares what failed with what is known to fail.
func (r *compatRun) judge(t *testing.T) {
	for _, phone := range r.phones {
		for _, client := range r.clients {
			for _, step := range compatSteps {
				if how := r.surprise(compatCell{client.name, step.name, phone.name}); how != "" {
					t.Error(how)
				}
			}
		}
	}
}

// shows reports whether a cell's transcript has what the fault says it shows.
func (r *compatRun) shows(cell compatCell, f *compatFault) bool {
	if r.logs[cell] == "" && r.traces[cell] == "" { // it didn't come to saying anything
		cell.step = f.steps[0]
	}
	return slices.ContainsFunc(append(lines(r.logs[cell]), lines(r.traces[cell])...), f.shows.MatchString)
}

func lastLines(text string, n int) string {
	all := lines(text)
	return strings.Join(all[max(0, len(all)-n):], "\n")
}

func lines(text string) []string { return strings.Split(strings.TrimRight(text, "\n"), "\n") }

// faultOf is the fault that a cell is known to have, or nil.
func faultOf(cell compatCell) *compatFault {
	for i := range compatFaults {
		f := &compatFaults[i]
		if f.client == cell.client && slices.Contains(f.phones, cell.phone) && slices.Contains(f.steps, cell.step) {
			return f
		}
	}
	return nil
}

// page is docs/compatibility.md.
func (r *compatRun) page() string {
	var b strings.Builder
	b.WriteString(compatIntro)
	b.WriteString("\n| client |")
	for _, p := range compatPhones {
		fmt.Fprintf(&b, " %s |", p.title)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(compatPhones)) + "\n")
	for _, c := range compatClients {
		fmt.Fprintf(&b, "| %s |", c.title)
		for _, p := range compatPhones {
			fmt.Fprintf(&b, " %s |", r.summary(c, p))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n## Faults\n")
	for i := range compatFaults {
		r.explain(&b, i)
	}
	b.WriteString("\n## Versions\n\n" + strings.TrimSpace(strings.ReplaceAll(r.versions, "\n", "; ")) + " of Debian 12; QEMU's usb-mtp is the host's.\n")
	return b.String()
}

// summary is what one client makes of one phone.
func (r *compatRun) summary(c compatClient, p compatPhone) string {
	var failed []string
	var notes []int
	for _, s := range compatSteps {
		cell := compatCell{c.name, s.name, p.name}
		if r.verdict(cell) == "ok" {
			continue
		}
		failed = append(failed, s.title)
		for i := range compatFaults {
			if faultOf(cell) == &compatFaults[i] && !slices.Contains(notes, i+1) {
				notes = append(notes, i+1)
			}
		}
	}
	if len(failed) == 0 {
		return "all"
	}
	said := "all but " + strings.Join(failed, ", ")
	if len(failed) == len(compatSteps) {
		said = "nothing"
	}
	return fmt.Sprintf("%s %s", said, strings.ReplaceAll(fmt.Sprint(notes), " ", "]["))
}

// explain writes what is known of a fault, with the transcript that shows it.
func (r *compatRun) explain(b *strings.Builder, i int) {
	f := &compatFaults[i]
	fmt.Fprintf(b, "\n### %d. %s\n\n%s\n", i+1, f.title, f.why)
	if len(f.phones) == 0 || len(f.steps) == 0 {
		return
	}
	cell := compatCell{f.client, f.steps[0], f.phones[0]} // one transcript will do
	fmt.Fprintf(b, "\n%s, %s on %s:\n\n```\n", cell.client, cell.step, cell.phone)
	if said := excerpt(r.logs[cell], f); said != "" {
		b.WriteString(said)
	}
	if asked := excerpt(r.traces[cell], f); asked != "" {
		b.WriteString("the phone: " + strings.ReplaceAll(strings.TrimSpace(asked), "\n", "\nthe phone: ") + "\n")
	}
	b.WriteString("```\n")
}

// excerpt is the first line of a transcript that shows the fault, with the one before it.
func excerpt(text string, f *compatFault) string {
	all := lines(text)
	i := slices.IndexFunc(all, f.shows.MatchString)
	if i < 0 {
		return ""
	}
	return strings.Join(all[max(0, i-1):i+1], "\n") + "\n"
}
