package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Setting is one line of a phone's table: a key and its value in TOML. An empty
// value takes the line out.
type Setting struct{ Key, Value string }

// Quote writes a string as a TOML basic string.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Edit gives a phone's table in the file at path these settings and leaves every
// other line as it is, comments and all. A file, or a table, that isn't there is made;
// title is a comment on a new one. What the result reads as is checked before the file
// is replaced in one step, so that a form of writing which Edit doesn't understand is
// an error, and never a setting lost.
func Edit(path, phone, title string, settings ...Setting) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Error{Path: path, Err: err}
	}
	next, err := edit(text, path, phone, title, settings)
	if err != nil || bytes.Equal(next, text) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return &Error{Path: path, Err: err}
	}
	if err := replace(path, next); err != nil {
		return &Error{Path: path, Err: err}
	}
	return nil
}

// replace writes a file in one step; it keeps its mode, a new one is 0600.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".config-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if info, err := os.Stat(path); err == nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			f.Close()
			return err
		}
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// edit is Edit on the file's text.
func edit(text []byte, path, phone, title string, settings []Setting) ([]byte, error) {
	before, err := Read(bytes.NewReader(text), path)
	if err != nil {
		return nil, err
	}
	next := []byte(rewrite(string(text), phone, title, settings))
	after, err := Read(bytes.NewReader(next), path)
	if err == nil && !onlyThese(before, after, phone, settings) {
		err = errors.New("the table is written in a way that isn't edited by programs")
	}
	if err != nil {
		var lines []string
		for _, s := range settings {
			if s.Value != "" {
				lines = append(lines, s.Key+" = "+s.Value)
			}
		}
		return nil, &Error{Path: path, Err: fmt.Errorf("please write %s into the table of phone %s yourself: %w", strings.Join(lines, ", "), strconv.Quote(phone), err)}
	}
	return next, nil
}

// onlyThese reports whether nothing but the settings of that phone differs, and they
// are as asked for.
func onlyThese(before, after *Config, phone string, settings []Setting) bool {
	var want file
	var b strings.Builder
	fmt.Fprintf(&b, "[phone.%s]\n", Quote(phone))
	for _, s := range settings {
		if s.Value != "" {
			fmt.Fprintf(&b, "%s = %s\n", s.Key, s.Value)
		}
	}
	c, err := Read(strings.NewReader(b.String()), "")
	if err != nil {
		return false
	}
	want.Phone = c.phones
	for name, p := range after.phones {
		if name != phone {
			if !reflect.DeepEqual(p, before.phones[name]) {
				return false
			}
			continue
		}
		old, given, got := reflect.ValueOf(before.phones[name]), reflect.ValueOf(want.Phone[name]), reflect.ValueOf(p)
		for i := range got.NumField() {
			key := got.Type().Field(i).Tag.Get("toml")
			expected := old.Field(i)
			if slices.ContainsFunc(settings, func(s Setting) bool { return s.Key == key }) {
				expected = given.Field(i)
			}
			if !reflect.DeepEqual(got.Field(i).Interface(), expected.Interface()) {
				return false
			}
		}
	}
	for name := range before.phones {
		if _, still := after.phones[name]; !still {
			return false
		}
	}
	return true
}

// headerOf reports whether a line begins the table of a phone.
func headerOf(line, phone string) bool {
	var any map[string]any
	meta, err := toml.Decode(line, &any)
	if err != nil {
		return false
	}
	keys := meta.Keys()
	return len(keys) > 0 && slices.Equal(keys[len(keys)-1], toml.Key{"phone", phone})
}

// rewrite changes the lines.
func rewrite(text, phone, title string, settings []Setting) string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	from := slices.IndexFunc(lines, func(l string) bool {
		return strings.HasPrefix(strings.TrimSpace(l), "[") && headerOf(l, phone)
	})
	if from < 0 {
		if n := len(lines); n > 0 && !strings.HasSuffix(lines[n-1], "\n") {
			lines[n-1] += "\n"
		}
		if len(lines) > 0 {
			lines = append(lines, "\n")
		}
		from = len(lines)
		lines = append(lines, fmt.Sprintf("[phone.%s]\n", Quote(phone)))
		if title != "" {
			lines = append(lines, "# "+strings.Map(func(r rune) rune {
				if r < 0x20 || r == 0x7f {
					return ' '
				}
				return r
			}, title)+"\n")
		}
	} else if !strings.HasSuffix(lines[from], "\n") {
		lines[from] += "\n"
	}
	for _, s := range settings {
		lines = setLine(lines, from, s)
	}
	return strings.Join(lines, "")
}

// setLine sets one key in the table whose header is the line from.
func setLine(lines []string, from int, s Setting) []string {
	key := regexp.MustCompile(`^\s*["']?` + regexp.QuoteMeta(s.Key) + `["']?\s*=`)
	end := from + 1
	at := -1
	for ; end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), "["); end++ {
		if key.MatchString(lines[end]) {
			at = end
		}
	}
	switch {
	case at >= 0 && s.Value == "":
		return slices.Delete(lines, at, at+1)
	case at >= 0:
		lines[at] = s.Key + " = " + s.Value + "\n"
	case s.Value != "":
		put := from + 1
		for put < end && strings.HasPrefix(strings.TrimSpace(lines[put]), "#") {
			put++
		}
		return slices.Insert(lines, put, s.Key+" = "+s.Value+"\n")
	}
	return lines
}
