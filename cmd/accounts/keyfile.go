package accounts

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxFile bounds a settings file: those of the programs here are a few kilobytes.
const maxFile = 1 << 20

// read reads a settings file.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("%s: more than %d bytes, which is no settings file", path, maxFile)
	}
	return b, err
}

// group is one [group] of a file of groups and KEY=VALUE lines, as GLib's key files and
// vdirsyncer's settings are.
type group struct {
	name string
	keys map[string]string
}

// groups takes such a file apart. Comments, and what is no line of these two, are passed over: the
// programs themselves judge their files.
func groups(b []byte) []group {
	var out []group
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, maxFile+1)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if name, ok := strings.CutPrefix(line, "["); ok {
			if name, ok = strings.CutSuffix(name, "]"); ok {
				out = append(out, group{strings.TrimSpace(name), map[string]string{}})
			}
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if ok && len(out) > 0 && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			out[len(out)-1].keys[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	return out
}
