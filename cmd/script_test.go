package cmd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cradle/hostprovider"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run the program as a process of its own: this very
// test binary under the name cradle.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cradle": func() {
			lockWait = 300 * time.Millisecond
			ctx, stop := Signals(os.Stderr)
			defer stop()
			if list := os.Getenv("BUS"); list != "" {
				os.Exit(runOnBus(ctx, list))
			}
			os.Exit(Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                filepath.Join("testdata", "script"),
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			for _, v := range []struct{ name, dir string }{
				{"HOME", "home"}, {"XDG_RUNTIME_DIR", "run"}, {"XDG_DATA_HOME", "data"}, {"XDG_STATE_HOME", "state"}, {"XDG_CONFIG_HOME", "config"},
			} {
				dir := filepath.Join(e.WorkDir, ".xdg", v.dir)
				if err := os.MkdirAll(dir, 0o700); err != nil {
					return err
				}
				e.Setenv(v.name, dir)
			}
			e.Setenv("PHONE", "virtual:android:"+filepath.Join(e.WorkDir, "phone"))
			e.Setenv("BASIC", "virtual:basic:"+filepath.Join(e.WorkDir, "phone"))
			e.Setenv("C", "phone/Cradle/contacts/personal")
			e.Setenv("TZ", "UTC")
			return os.MkdirAll(filepath.Join(e.WorkDir, "phone"), 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": cmdExits, "json": cmdJSON, "keep": cmdKeep, "later": cmdLater, "cards": cmdCards,
			"overwrite": cmdOverwrite, "tree": cmdTree, "edit": cmdEdit, "hold": cmdHold,
			"glob": cmdGlob, "rmglob": cmdRmGlob, "mvglob": cmdMvGlob, "setfield": cmdSetField, "fields": cmdFields,
			"sameplan": cmdSamePlan, "copytree": cmdCopyTree, "sameitems": cmdSameItems, "spoil": cmdSpoil, "newer": cmdNewer,
			"short": cmdShort, "setin": cmdSetIn, "onphone": cmdOnPhone, "copydb": cmdCopyDB, "foreign": cmdForeign,
			"photo": cmdPhoto, "bigfile": cmdBigFile, "sqlbusy": cmdSQLBusy, "mode": cmdMode, "sqlhold": cmdSQLHold,
			"waitfor": cmdWaitFor, "waittext": cmdWaitText, "desktop": cmdDesktop,
		},
	})
}

// bigfile PATH N makes a file of N bytes in which no two parts are alike.
func cmdBigFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bigfile PATH N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	body := make([]byte, 0, n+32)
	for i := 0; len(body) < n; i++ {
		body = fmt.Appendf(body, "line %d\n", i)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), body[:n], 0o644))
}

// exits CODE PROGRAM ARG... runs a program that must end with that code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var ee *exec.ExitError
	switch {
	case errors.As(err, &ee):
		got = ee.ExitCode()
	default:
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// json PATH WANT compares a value of the JSON document on the last standard
// output: a.b.0 goes into objects and arrays, a.len is a length, a.[k=v].b the
// first element of which k is v; of what isn't scalar, WANT is its JSON.
func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH WANT")
	}
	var doc any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		ts.Fatalf("standard output is no JSON document: %v", err)
	}
	if d.More() {
		ts.Fatalf("more than one document on standard output")
	}
	v, err := lookUp(doc, args[0])
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	if got := jsonText(v); (got == args[1]) == neg {
		ts.Fatalf("%s is %s, want %s%s", args[0], got, map[bool]string{true: "anything but "}[neg], args[1])
	}
}

func lookUp(v any, path string) (any, error) {
	for path != "" {
		key := path
		if strings.HasPrefix(path, "[") {
			end := strings.IndexByte(path, ']')
			if end < 0 {
				return nil, errors.New("[ without ]")
			}
			key = path[:end+1]
		} else if i := strings.IndexByte(path, '.'); i >= 0 {
			key = path[:i]
		}
		path = strings.TrimPrefix(path[len(key):], ".")
		switch c := v.(type) {
		case map[string]any:
			x, ok := c[key]
			if !ok {
				return nil, fmt.Errorf("no key %q", key)
			}
			v = x
		case []any:
			x, err := element(c, key)
			if err != nil {
				return nil, err
			}
			v = x
		default:
			return nil, fmt.Errorf("%q goes into %s", key, jsonText(v))
		}
	}
	return v, nil
}

func element(list []any, key string) (any, error) {
	if key == "len" {
		return json.Number(strconv.Itoa(len(list))), nil
	}
	if strings.HasPrefix(key, "[") {
		k, want, _ := strings.Cut(strings.Trim(key, "[]"), "=")
		for _, e := range list {
			if x, err := lookUp(e, k); err == nil && jsonText(x) == want {
				return e, nil
			}
		}
		return nil, fmt.Errorf("none of %d has %s", len(list), key)
	}
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= len(list) {
		return nil, fmt.Errorf("no element %q of %d", key, len(list))
	}
	return list[i], nil
}

func jsonText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// keep NAME PATH puts a value of the last JSON document into the environment.
func cmdKeep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME PATH")
	}
	var doc any
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	ts.Check(d.Decode(&doc))
	v, err := lookUp(doc, args[1])
	ts.Check(err)
	ts.Setenv(args[0], jsonText(v))
}

// later SECONDS PATTERN... sets the time of files to so many seconds from now.
func cmdLater(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: later SECONDS FILE...")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	at := time.Now().Add(time.Duration(n) * time.Second)
	for _, name := range args[1:] {
		ts.Check(os.Chtimes(onlyFile(ts, name), at, at))
	}
}

// waitfor N waits until the store of the script has N items.
func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor N")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path := filepath.Join(ts.Getenv("XDG_DATA_HOME"), "cradle", "store.db")
	got := -1
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		s, err := hostprovider.Open(context.Background(), path, hostprovider.Options{ReadOnly: true})
		if err != nil {
			continue
		}
		items, err := s.List(context.Background(), hostprovider.Query{})
		s.Close()
		if got = len(items); err == nil && got == want {
			return
		}
	}
	ts.Fatalf("the store has %d items, want %d", got, want)
}

// waittext FILE TEXT waits until a file that another process writes has a text.
func cmdWaitText(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waittext FILE TEXT")
	}
	var b []byte
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if b, _ = os.ReadFile(ts.MkAbs(args[0])); strings.Contains(string(b), args[1]) {
			return
		}
	}
	ts.Fatalf("%s never had %q: %s", args[0], args[1], b)
}

// cards FOLDER N [FROM] makes N contacts with the UIDs FROM (1), FROM+1 ...
func cmdCards(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: cards FOLDER N [FROM]")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	from := 1
	if len(args) > 2 {
		from, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for i := from; i < from+n; i++ {
		text := fmt.Sprintf("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card-%d\r\nFN:Person %d\r\nN:%d;Person;;;\r\nTEL;TYPE=CELL:+49301000%04d\r\nEND:VCARD\r\n", i, i, i, i)
		ts.Check(os.WriteFile(filepath.Join(dir, fmt.Sprintf("card-%d.vcf", i)), []byte(text), 0o644))
	}
}

// edit PATTERN OLD NEW puts one text in the place of another, once; in NEW and OLD
// the letters \n are a line end.
func cmdEdit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	lines := strings.NewReplacer(`\n`, "\r\n")
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no file %s", args[0])
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		ts.Check(err)
		s := strings.ReplaceAll(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n", "\r\n")
		old := lines.Replace(args[1])
		if !strings.Contains(s, old) {
			ts.Fatalf("%s: no %q in\n%s", name, old, s)
		}
		ts.Check(os.WriteFile(name, []byte(strings.Replace(s, old, lines.Replace(args[2]), 1)), 0o644))
	}
}

// overwrite TO FROM copies bytes into a file that stays the same file (inode).
func cmdOverwrite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: overwrite TO FROM")
	}
	b, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

// tree FOLDER prints each file's path, size and time, so that stdout or cmp can
// compare; the state is left out with -items.
func cmdTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tree FOLDER FILE")
	}
	var b strings.Builder
	ts.Check(filepath.Walk(ts.MkAbs(args[0]), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			rel, _ := filepath.Rel(ts.MkAbs(args[0]), path)
			fmt.Fprintf(&b, "%s %d %d\n", rel, info.Size(), info.ModTime().UnixNano())
		}
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(b.String()), 0o644))
}

// hold STORE takes the store's lock until the script ends.
func cmdHold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold STORE")
	}
	dir := filepath.Join(ts.Getenv("XDG_RUNTIME_DIR"), "cradle")
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Setenv("HOLDER", strconv.Itoa(os.Getpid()))
	release, err := lockIn(context.Background(), dir, "store", ts.MkAbs(args[0]), "cradle sync")
	ts.Check(err)
	ts.Defer(release)
}

// glob PATTERN FILE copies the one file of that name to FILE.
func cmdGlob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: glob PATTERN FILE")
	}
	b, err := os.ReadFile(onlyFile(ts, args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o644))
}

func onlyFile(ts *testscript.TestScript, pattern string) string {
	files, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	if len(files) != 1 {
		ts.Fatalf("%d files are %s: %s", len(files), pattern, files)
	}
	return files[0]
}

// rmglob PATTERN deletes files, of which there must be some.
func cmdRmGlob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rmglob PATTERN")
	}
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no file is %s", args[0])
	}
	for _, f := range files {
		ts.Check(os.Remove(f))
	}
}

// mvglob PATTERN FOLDER moves files.
func cmdMvGlob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mvglob PATTERN FOLDER")
	}
	files, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, f := range files {
		ts.Check(os.Rename(f, filepath.Join(ts.MkAbs(args[1]), filepath.Base(f))))
	}
}

// setfield N NAME VALUE edits a line of the store's card N.
func cmdSetField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: setfield N NAME VALUE")
	}
	setLine(ts, args)
}

// setin STORE N NAME VALUE is setfield in that store.
func cmdSetIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: setin STORE N NAME VALUE")
	}
	setLine(ts, args[1:], "--store", args[0])
}

func setLine(ts *testscript.TestScript, args []string, flags ...string) {
	ts.Check(ts.Exec("cradle", append(flags, "show", "--raw", "card-"+args[0])...))
	var lines []string
	for line := range strings.SplitSeq(ts.ReadFile("stdout"), "\n") {
		if strings.HasPrefix(line, args[1]+":") || strings.HasPrefix(line, args[1]+";") {
			name, _, _ := strings.Cut(line, ":")
			line = name + ":" + args[2] + "\r"
		}
		lines = append(lines, line)
	}
	file := ts.MkAbs("setfield.vcf")
	ts.Check(os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644))
	ts.Check(ts.Exec("cradle", append(flags, "edit", "card-"+args[0], "--from", file)...))
}

// fields N LINE... wants lines in card N, in the store and on the phone.
func cmdFields(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fields N LINE...")
	}
	ts.Check(ts.Exec("cradle", "show", "--raw", "card-"+args[0]))
	store := ts.ReadFile("stdout")
	b, err := os.ReadFile(phoneCard(ts, args[0]))
	ts.Check(err)
	for _, line := range args[1:] {
		for side, text := range map[string]string{"store": store, "phone": string(b)} {
			if !strings.Contains(strings.ReplaceAll("\n"+text, "\r", ""), "\n"+line+"\n") {
				ts.Fatalf("%s: no %q in\n%s", side, line, text)
			}
		}
	}
}

// phoneCard finds the file of card N on the phone by its UID.
func phoneCard(ts *testscript.TestScript, n string) string {
	found := ""
	ts.Check(filepath.Walk(ts.MkAbs("phone"), func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() || filepath.Ext(path) != ".vcf" {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), "UID:card-"+n+"\r\n") {
			if found != "" {
				ts.Fatalf("card-%s is twice on the phone: %s and %s", n, found, path)
			}
			found = path
		}
		return err
	}))
	if found == "" {
		ts.Fatalf("no card-%s on the phone", n)
	}
	return found
}

// sameplan A B wants the same plan in two documents of sync.
func cmdSamePlan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sameplan A B")
	}
	var plans [2]string
	for i, name := range args {
		var doc struct{ Plan []any }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(name)), &doc))
		if len(doc.Plan) == 0 {
			ts.Fatalf("%s has no plan", name)
		}
		plans[i] = jsonText(doc.Plan)
	}
	if plans[0] != plans[1] {
		ts.Fatalf("the plans differ:\n%s\n%s", plans[0], plans[1])
	}
}

// onphone N LINE wants a line in card N on the phone.
func cmdOnPhone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: onphone N LINE")
	}
	b, err := os.ReadFile(phoneCard(ts, args[0]))
	ts.Check(err)
	if !strings.Contains(string(b), "\n"+args[1]+"\r\n") {
		ts.Fatalf("no %q in\n%s", args[1], b)
	}
}

// copytree FROM TO copies a folder with its files' times.
func cmdCopyTree(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copytree FROM TO")
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

// sameitems A B wants the same items, whatever their files are called.
func cmdSameItems(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sameitems A B")
	}
	var lists [2]string
	for i, dir := range args {
		var texts []string
		ts.Check(filepath.Walk(ts.MkAbs(dir), func(path string, info os.FileInfo, err error) error {
			if err != nil || filepath.Ext(path) != ".vcf" && filepath.Ext(path) != ".ics" {
				return err
			}
			b, err := os.ReadFile(path)
			texts = append(texts, filepath.Base(filepath.Dir(path))+"\n"+strings.ReplaceAll(string(b), "\r\n", "\n"))
			return err
		}))
		slices.Sort(texts)
		lists[i] = strings.Join(texts, "")
	}
	if lists[0] != lists[1] {
		ts.Fatalf("%s has\n%s\n%s has\n%s", args[0], lists[0], args[1], lists[1])
	}
}

// spoil PATTERN changes a byte in the middle of a file.
func cmdSpoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: spoil PATTERN")
	}
	name := onlyFile(ts, args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	b[len(b)/2] ^= 0xff
	ts.Check(os.WriteFile(name, b, 0o644))
}

// newer PATTERN makes a state one of a later version of the program: the version
// is the number behind the magic (docs/state-format.md), and the checksum fits.
func cmdNewer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: newer PATTERN")
	}
	name := onlyFile(ts, args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	b[8] = 99
	sum := sha256.Sum256(b[:len(b)-sha256.Size])
	copy(b[len(b)-sha256.Size:], sum[:])
	ts.Check(os.WriteFile(name, b, 0o644))
}

// short NAME TEXT N puts the first N characters into the environment.
func cmdShort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: short NAME TEXT N")
	}
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Setenv(args[0], args[1][:n])
}

// copydb FROM TO copies a store that nobody has open, with what is in its WAL.
func cmdCopyDB(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copydb FROM TO")
	}
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	if info, err := os.Stat(ts.MkAbs(args[0]) + "-wal"); err == nil && info.Size() > 0 {
		ts.Fatalf("%s is open: its WAL has %d bytes", args[0], info.Size())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

// foreign PATTERN puts somebody's notes into a file; ! foreign wants them there.
func cmdForeign(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] foreign PATTERN")
	}
	const notes = "somebody's notes\n"
	name := onlyFile(ts, args[0])
	if !neg {
		ts.Check(os.WriteFile(name, []byte(notes), 0o644))
		return
	}
	b, err := os.ReadFile(name)
	ts.Check(err)
	if string(b) != notes {
		ts.Fatalf("%s was overwritten with\n%s", name, b)
	}
}

// photo FILE MB makes the card "big" with a picture of so many megabytes.
func cmdPhoto(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: photo FILE MB")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("\xff\xd8 not really a picture "), n<<20/24))
	var b strings.Builder
	b.WriteString("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:big\r\nFN:Big Picture\r\nPHOTO;ENCODING=b;TYPE=JPEG:")
	for len(text) > 74 {
		b.WriteString(text[:74] + "\r\n ")
		text = text[74:]
	}
	b.WriteString(text + "\r\nEND:VCARD\r\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}

// sqlbusy STORE SQL N runs a statement N times in a process of its own, once the
// store is there, while others use it.
func cmdSQLBusy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: sqlbusy STORE SQL N")
	}
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if err := ts.Exec("sqlite3", "-cmd", ".timeout 5000", args[0], "SELECT count(*) FROM items"); err == nil {
			break
		} else if time.Now().After(deadline) {
			ts.Fatalf("no store: %v", err)
		}
	}
	for range n {
		ts.Check(ts.Exec("sqlite3", "-cmd", ".timeout 5000", args[0], args[1]))
		time.Sleep(5 * time.Millisecond)
	}
}

// mode FILE WANT compares a file's permissions, in octal.
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode FILE WANT")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("mode of %s is %s, want %s", args[0], got, args[1])
	}
}

// sqlhold STORE has another program hold the store's write lock until the script
// ends.
func cmdSQLHold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sqlhold STORE")
	}
	c := exec.Command("sqlite3", ts.MkAbs(args[0]))
	in, err := c.StdinPipe()
	ts.Check(err)
	out, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	ts.Defer(func() {
		in.Close()
		if err := c.Wait(); err != nil {
			ts.Logf("sqlite3: %v", err)
		}
	})
	_, err = in.Write([]byte("BEGIN IMMEDIATE; SELECT 'held';\n"))
	ts.Check(err)
	line := make([]byte, 5)
	if _, err := io.ReadFull(out, line); err != nil {
		ts.Fatalf("sqlite3 didn't take the lock: %v", err)
	}
}
