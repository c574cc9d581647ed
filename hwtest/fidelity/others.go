package main

import (
	"bufio"
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-vcard"
)

// sighting is one object as a reader names it.
type sighting struct{ component, uid string }

// reading is what one reader made of one file.
type reading struct {
	seen    []sighting
	written []byte // nil when it can't write what it read
	err     string
}

// patience is how long a reader may take for one file.
const patience = 20 * time.Second

// guarded runs a reader on a file; a panic and a hang are errors like any other.
// A reader that hangs goes on until the program ends.
func guarded(read func(data []byte) reading, data []byte) reading {
	done := make(chan reading, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- reading{err: fmt.Sprintf("panic: %v", p)}
			}
		}()
		done <- read(data)
	}()
	select {
	case r := <-done:
		return r
	case <-time.After(patience):
		return reading{err: "hangs"}
	}
}

// goVCard reads and writes with github.com/emersion/go-vcard, card by card until
// it gives up.
func goVCard(data []byte) reading {
	var r reading
	var out bytes.Buffer
	d := vcard.NewDecoder(bytes.NewReader(data))
	for {
		card, err := d.Decode()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.err = err.Error()
			}
			break
		}
		r.seen = append(r.seen, sighting{"VCARD", card.Value(vcard.FieldUID)})
		var one bytes.Buffer
		if err := vcard.NewEncoder(&one).Encode(card); err == nil {
			out.Write(one.Bytes())
		} else if r.err == "" {
			r.err = err.Error()
		}
	}
	r.written = out.Bytes()
	return r
}

// goICal reads and writes with github.com/emersion/go-ical: a calendar that it
// refuses to write is lost as a whole.
func goICal(data []byte) reading {
	var r reading
	var out bytes.Buffer
	d := ical.NewDecoder(bytes.NewReader(data))
	for {
		cal, err := d.Decode()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.err = err.Error()
			}
			break
		}
		for _, c := range cal.Children {
			switch c.Name {
			case "VEVENT", "VTODO", "VJOURNAL":
				uid := ""
				if p := c.Props.Get(ical.PropUID); p != nil {
					uid = p.Value
				}
				r.seen = append(r.seen, sighting{c.Name, uid})
			}
		}
		var one bytes.Buffer
		if err := ical.NewEncoder(&one).Encode(cal); err == nil {
			out.Write(one.Bytes())
		} else if r.err == "" {
			r.err = err.Error()
		}
	}
	r.written = out.Bytes()
	return r
}

// libraryVersion is the version of a module that this program was built with.
func libraryVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}

//go:embed readers.py
var readersScript string

// other is a third-party reader's findings by file name.
type other struct {
	name, version string
	absent        string // why it isn't there
	files         map[string]reading
}

// python runs the readers that are Debian packages. Without Python all are
// absent.
func python(interpreter string, files []file) ([]other, error) {
	if _, err := exec.LookPath(interpreter); err != nil {
		return []other{{name: "vobject, icalendar, libical", absent: fmt.Sprintf("no %s", interpreter)}}, nil
	}
	dir, err := os.MkdirTemp("", "fidelity")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var names strings.Builder
	back := map[string]string{}
	for i, f := range files {
		name := filepath.Join(dir, fmt.Sprintf("%d%s", i, filepath.Ext(f.name)))
		if err := os.WriteFile(name, f.data, 0o600); err != nil {
			return nil, err
		}
		back[name] = f.name
		names.WriteString(name + "\n")
	}
	c := exec.Command(interpreter, "-c", readersScript)
	c.Stdin = strings.NewReader(names.String())
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("running readers.py with %s: %w", interpreter, err)
	}
	return parsePython(out, back)
}

// parsePython reads the script's output; back gives the corpus name of a file.
func parsePython(out []byte, back map[string]string) ([]other, error) {
	var all []other
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var l struct {
			Reader, Version, Absent, File, Error string
			Objects                              [][2]string
		}
		if err := json.Unmarshal(s.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("readers.py wrote %.80q: %w", s.Text(), err)
		}
		if l.File == "" {
			all = append(all, other{name: l.Reader, version: l.Version, absent: l.Absent, files: map[string]reading{}})
			continue
		}
		if len(all) == 0 || all[len(all)-1].name != l.Reader {
			return nil, fmt.Errorf("readers.py: files of %q, which isn't announced", l.Reader)
		}
		r := reading{err: l.Error}
		for _, o := range l.Objects {
			r.seen = append(r.seen, sighting{o[0], o[1]})
		}
		all[len(all)-1].files[cmp.Or(back[l.File], l.File)] = r
	}
	return all, s.Err()
}
