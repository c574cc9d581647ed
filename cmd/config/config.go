package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/adrg/xdg"
)

// Env names the variable of the environment that says where the settings are.
const Env = "CRADLE_CONFIG"

// EveryPhone is the name of the table that holds for phones that have none of their
// own, or that leave a setting out.
const EveryPhone = "*"

// maxSize bounds the file; a settings file is a page.
const maxSize = 1 << 20

// Config is what a settings file says. The zero value is an empty file.
type Config struct {
	// Path is the file that was read; empty when there was none.
	Path   string
	phones map[string]Phone
	store  Store
}

// file is the file's outermost table.
type file struct {
	Phone map[string]Phone `toml:"phone"`
	Store Store            `toml:"store"`
}

// Error is a settings file that can't be taken.
type Error struct {
	Path string
	Line int // from 1; 0 unknown
	Err  error
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s, line %d: %v", e.Path, e.Line, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Locate says which file holds the settings: the flag's, else the environment's,
// else $XDG_CONFIG_HOME/cradle/config.toml. Only the last one may be absent.
func Locate(flag string) (path string, asked bool) {
	if flag != "" {
		return flag, true
	}
	if env := os.Getenv(Env); env != "" {
		return env, true
	}
	return filepath.Join(xdg.ConfigHome, "cradle", "config.toml"), false
}

// Load reads the settings that Locate finds. A file that isn't there is an empty one,
// unless somebody asked for it. An error of the content is an *Error.
func Load(flag string) (*Config, error) {
	path, asked := Locate(flag)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !asked {
		return &Config{}, nil
	}
	if err != nil {
		return nil, &Error{Path: path, Err: err}
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads settings; path names them in errors, which are of type *Error.
func Read(r io.Reader, path string) (*Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, &Error{Path: path, Err: err}
	}
	if len(text) > maxSize {
		return nil, &Error{Path: path, Err: fmt.Errorf("more than %d bytes: that is no settings file", maxSize)}
	}
	var raw file
	meta, err := toml.Decode(string(text), &raw)
	if err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return nil, &Error{Path: path, Line: pe.Position.Line, Err: errors.New(reason(pe))}
		}
		return nil, &Error{Path: path, Err: err}
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		// The first one in the file: of a table that isn't known each key is one.
		key := unknown[0]
		return nil, &Error{Path: path, Line: lineOf(string(text), key), Err: fmt.Errorf("no setting %q%s", key.String(), suggestion(key))}
	}
	for name, p := range raw.Phone {
		if err := p.check(); err != nil {
			return nil, &Error{Path: path, Line: lineOf(string(text), toml.Key{"phone", name}), Err: fmt.Errorf("phone %q: %w", name, err)}
		}
	}
	return &Config{Path: path, phones: raw.Phone, store: raw.Store}, nil
}

// reason is what the parser says, without the place, which Error has.
func reason(pe toml.ParseError) string {
	if inner := errors.Unwrap(pe); inner != nil {
		return inner.Error()
	}
	return pe.Message
}

// Phone gives the settings of the phone that goes by these names, the least specific
// first: its model, its selector, its serial. What none of their tables says is taken
// from the table "*".
func (c *Config) Phone(names ...string) Phone {
	var p Phone
	var seen []string
	for _, name := range append([]string{EveryPhone}, names...) {
		t, ok := c.phones[name]
		if !ok || slices.Contains(seen, name) {
			continue
		}
		seen = append(seen, name)
		p = t.over(p)
	}
	return p
}

// Phones lists the names of the phones' tables, sorted, without "*".
func (c *Config) Phones() []string {
	var names []string
	for name := range c.phones {
		if name != EveryPhone {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// suggestion helps where a word is close to one that there is.
func suggestion(key toml.Key) string {
	last := key[len(key)-1]
	for _, known := range words {
		if known != last && (strings.TrimSuffix(known, "s") == strings.TrimSuffix(last, "s") || strings.EqualFold(known, last)) {
			return fmt.Sprintf(": did you mean %s?", known)
		}
	}
	return ""
}
