package lab

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// storyTimeout bounds a story, in seconds: some six times what it takes where nothing else
// runs. The stories run side by side.
const storyTimeout = "480"

//go:embed story.sh
var story []byte

//go:embed tool.sh
var tool []byte

//go:embed pull.sh
var pull string

// lab is where the lab's programs and the program under test lie.
type lab struct {
	dir string // CRADLE_LAB
	bin string // CRADLE_VM_BIN: cradle and usb.test, built for the guest
}

func open(t *testing.T) lab {
	t.Helper()
	l := lab{os.Getenv("CRADLE_LAB"), os.Getenv("CRADLE_VM_BIN")}
	if l.dir == "" || l.bin == "" {
		t.Skip("the suite in the virtual machine is run by make vmtest")
	}
	return l
}

// run boots the guest and gives what the command there printed.
func (l lab) run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(l.dir, "run"), args...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// runTwice is run, and once more where the virtual machine crashed: now and then QEMU's usb-mtp
// brings it down when it is unplugged in mid-transfer.
func (l lab) runTwice(t *testing.T, args ...string) (string, error) {
	t.Helper()
	said, err := l.run(t, args...)
	if err != nil && strings.Contains(said, crashed) {
		t.Logf("the virtual machine crashed; once more. %s", said)
		said, err = l.run(t, args...)
	}
	return said, err
}

// keep makes the folder that a story shares with the guest: below CRADLE_VM_KEEP, where
// what it leaves can be looked at afterwards.
func (l lab) keep(t *testing.T, phone string) string {
	t.Helper()
	below := os.Getenv("CRADLE_VM_KEEP")
	if below == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(below, phone+".")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// steps tells of each step that a story came to how it ended.
func steps(out string) string {
	var said strings.Builder
	names, _ := os.ReadFile(filepath.Join(out, "steps"))
	for _, step := range strings.Fields(string(names)) {
		read := func(ext string) string {
			b, _ := os.ReadFile(filepath.Join(out, step+ext))
			return string(bytes.TrimSpace(b))
		}
		fmt.Fprintf(&said, "%-10s exit status %s, %s ms; stderr: %.300s\n", step, read(".rc"), read(".ms"), read(".err"))
	}
	return said.String()
}

// copyFile copies a program into the shared folder.
func copyFile(t *testing.T, to, from string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestStory runs story.sh with each phone and judges what it left.
func TestStory(t *testing.T) {
	l := open(t)
	for _, phone := range []string{"umtprd", "qemu"} {
		t.Run(phone, func(t *testing.T) {
			t.Parallel()
			share, said := l.tell(t, phone)
			s := &judge{T: t, out: filepath.Join(share, "out"), phone: phone}
			s.first()
			s.edits()
			s.cable()
			s.end()
			if t.Failed() && strings.TrimSpace(said) != "" {
				t.Logf("the guest said:\n%s", said)
			}
		})
	}
}

// crashed is how the lab says that the virtual machine itself died of a segmentation fault.
const crashed = "(QEMU: 139)"

// tell runs story.sh with a phone and gives the folder with what it left, and what the guest
// said. Now and then QEMU's usb-mtp brings its machine down when it is unplugged in mid-transfer:
// of that alone the story is told once more.
func (l lab) tell(t *testing.T, phone string) (share, said string) {
	t.Helper()
	for try := 1; ; try++ {
		share, seed := l.keep(t, phone), t.TempDir()
		seedPhone(t, seed)
		seedShare(t, share)
		copyFile(t, filepath.Join(share, "cradle"), filepath.Join(l.bin, "cradle"))
		write(t, filepath.Join(share, "story.sh"), string(story))
		write(t, filepath.Join(share, "pull.sh"), pull)
		if err := os.Mkdir(filepath.Join(share, "out"), 0o755); err != nil {
			t.Fatal(err)
		}
		said, err := l.run(t, "--phone", phone, "--seed", seed, "--share", share, "--timeout", storyTimeout,
			"--env", "CRADLE_USB="+os.Getenv("CRADLE_USB"), "--", "bash", "story.sh", phone)
		if err == nil {
			return share, said
		}
		came := fmt.Sprintf("the guest: %v\n%s\nthe steps that it came to:\n%s", err, said, steps(filepath.Join(share, "out")))
		if try > 1 || !strings.Contains(said, crashed) {
			t.Fatal(came)
		}
		t.Logf("the virtual machine crashed; once more. %s", came)
	}
}

// phones are whose phones the suite has: two that others wrote, and the program's own over USB/IP.
var phones = [...]string{"umtprd", "qemu", "cradle"}

// TestUSB runs the tests of mtp/usb that want a phone on a real bus, through each backend.
func TestUSB(t *testing.T) {
	l := open(t)
	for _, phone := range phones {
		for _, backend := range []string{"gousb", "usbfs"} {
			t.Run(phone+"/"+backend, func(t *testing.T) {
				t.Parallel()
				l.usb(t, phone, backend)
			})
		}
	}
}

// usb runs the tests of mtp/usb with a phone through a backend.
func (l lab) usb(t *testing.T, phone, backend string) {
	share, seed := t.TempDir(), t.TempDir()
	seedFew(t, seed)
	copyFile(t, filepath.Join(share, "usb.test"), filepath.Join(l.bin, "usb.test"))
	cuts := os.Getenv("CRADLE_VM_CUTS") // points of a session at which the cable is pulled
	if cuts == "" {
		cuts = "4"
	}
	args := []string{"--phone", phone, "--seed", seed, "--share", share, "--timeout", storyTimeout,
		"--env", "CRADLE_HW=1", "--env", "CRADLE_HW_SERIAL=LAB-" + phone,
		"--env", "CRADLE_HW_UNPLUG=phone unplug " + phone, "--env", "CRADLE_HW_PLUG=phone plug " + phone,
		"--env", "CRADLE_HW_TOUCH=echo hello >/phone/" + phone + "/touched-$$.txt",
		"--env", "CRADLE_HW_CUTS=" + cuts, "--env", "CRADLE_USB=" + backend,
		"--", "sh", "-c", "cp usb.test /tmp/ && exec /tmp/usb.test -test.v -test.run ^TestHardware -test.timeout " + storyTimeout + "s"}
	said, err := l.runTwice(t, args...)
	// With the hardware's tests renamed or skipped it would be green as well.
	for _, test := range []string{"Objects", "Events", "UnplugAnywhere", "Unplug"} {
		if err != nil || !strings.Contains(said, "--- PASS: TestHardware"+test+" (") {
			t.Fatalf("the guest: %v\n%s", err, said)
		}
	}
}

// TestTool runs tool.sh with each phone: cradle mtp, and syncs, through both backends.
func TestTool(t *testing.T) {
	l := open(t)
	for _, phone := range phones {
		t.Run(phone, func(t *testing.T) {
			t.Parallel()
			share, seed := t.TempDir(), t.TempDir()
			seedFew(t, seed)
			copyFile(t, filepath.Join(share, "cradle"), filepath.Join(l.bin, "cradle"))
			write(t, filepath.Join(share, "tool.sh"), string(tool))
			write(t, filepath.Join(share, "pull.sh"), pull)
			said, err := l.runTwice(t, "--phone", phone, "--seed", seed, "--share", share, "--timeout", storyTimeout, "--", "bash", "tool.sh", phone)
			if err != nil || !strings.Contains(said, "tool: done") {
				t.Fatalf("the guest: %v\n%s", err, said)
			}
			for line := range strings.Lines(said) {
				if strings.HasPrefix(line, "tool: ") {
					t.Log(strings.TrimSpace(line))
				}
			}
		})
	}
}

// measured are the lines of what the guest said that have a rate in them.
func measured(said string) string {
	var out strings.Builder
	for line := range strings.Lines(said) {
		if strings.Contains(line, "MB/s") || strings.Contains(line, "_listing_test.go") { // the rates and what a session adds
			out.WriteString(strings.TrimSpace(line) + "\n")
		}
	}
	return out.String()
}

// What of the program's JSON the suite reads. The contract is docs/cli.md.
type (
	moved  struct{ Created, Updated, Deleted int }
	counts struct {
		ToStore   moved `json:"to_store"`
		ToPhone   moved `json:"to_phone"`
		Adopted   int
		Conflicts int
		Failed    []struct{ Item, Path, Side, Reason string }
	}
	syncResult struct {
		Version int
		First   bool
		Kinds   map[string]counts
		Plan    []struct{ Kind, UID, Path, To, Action string }
		Run     json.RawMessage
		IO      struct {
			Transactions int   `json:"transactions"`
			BodiesRead   int   `json:"bodies_read"`
			BytesRead    int64 `json:"bytes_read"`
		}
		Error *struct{ Code, What, Why, Next string }
	}
)

// judge reads the results of one story.
type judge struct {
	*testing.T
	out   string
	phone string
}

func (j *judge) file(name string) []byte {
	j.Helper()
	b, err := os.ReadFile(filepath.Join(j.out, name))
	if err != nil {
		j.Fatalf("the story did not come to %s: %v", name, err)
	}
	return b
}

func (j *judge) number(name string) int {
	j.Helper()
	n, err := strconv.Atoi(string(bytes.TrimSpace(j.file(name))))
	if err != nil {
		j.Fatalf("%s: %v", name, err)
	}
	return n
}

// exited checks a step's exit status and gives what it said on stderr if it was another.
func (j *judge) exited(step string, want int) {
	j.Helper()
	if got := j.number(step + ".rc"); got != want {
		j.Errorf("%s: exit status %d, want %d; stderr:\n%s", step, got, want, j.file(step+".err"))
	}
}

// sync reads a sync's document after a look at its exit status.
func (j *judge) sync(step string, want int) syncResult {
	j.Helper()
	j.exited(step, want)
	var r syncResult
	if err := json.Unmarshal(j.file(step+".json"), &r); err != nil {
		j.Errorf("%s: %v in %.300q", step, err, j.file(step+".json"))
	}
	j.Logf("%-10s %5d ms, %d transactions, %d bodies, %d bytes read",
		step, j.number(step+".ms"), r.IO.Transactions, r.IO.BodiesRead, r.IO.BytesRead)
	return r
}

// moves checks what a run moved, by kind; a kind that want doesn't name moved nothing.
func (j *judge) moves(step string, r syncResult, want map[string]counts) {
	j.Helper()
	for _, kind := range slices.Sorted(maps.Keys(r.Kinds)) {
		got := r.Kinds[kind]
		for _, f := range got.Failed {
			j.Errorf("%s: %s failed on the %s: %s", step, f.Path, f.Side, f.Reason)
		}
		if w := want[kind]; got.ToStore != w.ToStore || got.ToPhone != w.ToPhone || got.Conflicts != w.Conflicts {
			j.Errorf("%s, %s: got to store %+v, to phone %+v, %d conflicts; want %+v, %+v, %d",
				step, kind, got.ToStore, got.ToPhone, got.Conflicts, w.ToStore, w.ToPhone, w.Conflicts)
		}
	}
	for kind := range want {
		if _, ok := r.Kinds[kind]; !ok {
			j.Errorf("%s: the document has no %s", step, kind)
		}
	}
}

// nothing checks a sync that had nothing to do and so left no run.
func (j *judge) nothing(step string) {
	j.Helper()
	r := j.sync(step, 0)
	j.moves(step, r, nil)
	if run := string(r.Run); run != "null" {
		j.Errorf("%s moved nothing and left run %s", step, run)
	}
}

func (j *judge) first() {
	j.exited("devices", 0)
	if !bytes.Contains(j.file("devices.json"), []byte("LAB-"+j.phone)) {
		j.Errorf("devices does not name the serial LAB-%s: %s", j.phone, j.file("devices.json"))
	}
	first := j.sync("first", 0)
	if !first.First {
		j.Error("the first sync says it is none")
	}
	j.moves("first", first, map[string]counts{
		"contacts": {ToStore: moved{Created: seedCards}},
		"events":   {ToStore: moved{Created: seedEvents}},
		"tasks":    {ToStore: moved{Created: seedTasks}},
	})
	// What lay on the phone has its bytes and times still.
	after := string(j.file("first.tree"))
	for line := range strings.Lines(string(j.file("seeded.tree"))) {
		if !strings.Contains(after, line) {
			j.Errorf("the first sync touched a file of the phone's: %q is gone", line)
		}
	}
	j.nothing("noop")
	j.nothing("noop2")
	if noop := string(j.file("noop.tree")); noop != after {
		j.Errorf("syncs with nothing to do changed the phone; before:\n%s\nafter:\n%s", after, noop)
	}
}

func (j *judge) edits() {
	for _, step := range []string{"show7", "edit7", "show13", "edit13", "delete", "import"} {
		j.exited(step, 0)
	}
	want := map[string]counts{
		"contacts": {
			ToStore: moved{Created: 1, Updated: 1, Deleted: 1},
			ToPhone: moved{Created: 1, Updated: 2, Deleted: 1},
		},
		"events": {
			ToStore: moved{Updated: 1},
			ToPhone: moved{Deleted: 1},
		},
	}
	dry := j.sync("dry", 0)
	run := j.sync("edits", 0)
	j.moves("dry", dry, map[string]counts{"contacts": {}, "events": {}}) // it plans and does nothing
	j.moves("edits", run, want)
	if got := planned(dry); !reflect.DeepEqual(got, want) {
		j.Errorf("dry, by its plan: got %+v, want %+v", got, want)
	}
	if a, b := fmt.Sprint(dry.Plan), fmt.Sprint(run.Plan); a != b {
		j.Errorf("the run did not carry out the plan that --dry-run printed:\n%s\n%s", a, b)
	}
	j.nothing("settled")
}

// planned counts what a plan is going to move, by kind.
func planned(r syncResult) map[string]counts {
	all := map[string]counts{}
	for _, a := range r.Plan {
		c := all[a.Kind]
		side := &c.ToStore
		if a.To == "phone" {
			side = &c.ToPhone
		}
		switch a.Action {
		case "create":
			side.Created++
		case "update":
			side.Updated++
		case "delete":
			side.Deleted++
		}
		all[a.Kind] = c
	}
	return all
}

func (j *judge) cable() {
	j.exited("importmany", 0)
	pulled := j.sync("pulled", 3)
	if pulled.Error == nil {
		j.Error("the document of the run whose cable was pulled has no error")
	}
	j.Logf("%d cards were on the phone when the cable was pulled", j.number("pulled.files"))
	j.exited("unplugged", 3)
	j.sync("replugged", 0)
	j.nothing("whole")
	j.nothing("listing")
	j.exited("reading", 3)
	// Nothing of what was being read had come into the store.
	j.moves("reread", j.sync("reread", 0), map[string]counts{"contacts": {ToStore: moved{Created: lateCards}}})
	j.nothing("end")
}

// end compares both sides with each other and with what should be there.
func (j *judge) end() {
	want := held{}
	add := func(text string) {
		name, lines, err := readItem([]byte(text))
		if err != nil {
			j.Fatal(err)
		}
		want[name] = lines
	}
	for _, dir := range []string{"late", "desktop"} {
		got, err := readSeeds(filepath.Join(filepath.Dir(j.out), dir))
		if err != nil {
			j.Fatal(err)
		}
		maps.Copy(want, got)
	}
	for n := range seedCards {
		uid := fmt.Sprintf("card-%03d", n)
		if n%60 == 59 {
			uid = ""
		}
		text := card(uid, fmt.Sprintf("Zoë Example%03d", n), n)
		switch n {
		case 7:
			text = strings.Replace(text, "TEL;TYPE=CELL:+1 202 555 0007", "TEL;TYPE=CELL:+1 202 555 7777", 1)
			text = strings.Replace(text, "NOTE:Met at the fair\\, likes größere Bäume", "NOTE:Written on the desktop", 1)
		case 11, 17:
			continue
		case 13:
			text = strings.Replace(text, "EMAIL:person13@example.org", "EMAIL:desktop@example.org", 1)
		}
		add(text)
	}
	for n := range seedEvents {
		switch n {
		case 3:
		case 5:
			add(strings.Replace(event(n), "SUMMARY:Meeting 5", "SUMMARY:Moved by the phone", 1))
		default:
			add(event(n))
		}
	}
	for n := range seedTasks {
		add(task(n))
	}

	j.exited("list", 0)
	j.exited("export", 0)
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(j.file("list.json"), &list); err != nil {
		j.Errorf("list: %v", err)
	}
	if len(list.Items) != len(want) {
		j.Errorf("list has %d items, want %d", len(list.Items), len(want))
	}
	onPhone := j.unpack("phone")
	phone, err := readTree(onPhone)
	if err != nil {
		j.Errorf("on the phone: %v", err)
	}
	store, err := readTree(j.unpack("export"))
	if err != nil {
		j.Errorf("in the store: %v", err)
	}
	compare(j.T, "expected", want, "on the phone", phone)
	compare(j.T, "expected", want, "in the store", store)
	left, err := filepath.Glob(filepath.Join(onPhone, "*/*/*~*"))
	if err != nil || len(left) > 0 && j.phone != "qemu" { // QEMU's phone can't rename
		j.Errorf("unfinished steps are left on the phone: %q %v", left, err)
	}
}

// unpack gives the folder of which the story left an archive.
func (j *judge) unpack(name string) string {
	j.Helper()
	dir := j.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		j.Fatal(err)
	}
	defer root.Close()
	for files := tar.NewReader(bytes.NewReader(j.file(name + ".tar"))); ; {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err == nil && h.Typeflag == tar.TypeReg {
			var body []byte
			if body, err = io.ReadAll(files); err == nil {
				if err = root.MkdirAll(filepath.Dir(filepath.Clean(h.Name)), 0o755); err == nil {
					err = root.WriteFile(filepath.Clean(h.Name), body, 0o644)
				}
			}
		}
		if err != nil {
			j.Fatalf("%s.tar: %v", name, err)
		}
	}
}

// readSeeds reads what the story brought in from dir: files of one card or of many.
func readSeeds(dir string) (held, error) {
	items := held{}
	files, err := filepath.Glob(filepath.Join(dir, "*.vcf"))
	if err != nil {
		return nil, err
	}
	more, err := filepath.Glob(filepath.Join(dir, "many", "*.vcf"))
	files = append(files, more...)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, one := range strings.SplitAfter(string(text), "END:VCARD\r\n") {
			if one == "" {
				continue
			}
			name, lines, err := readItem([]byte(one))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			items[name] = lines
		}
	}
	return items, nil
}
