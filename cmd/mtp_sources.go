package cmd

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cradle/mtp/files"
)

// source is a file or folder that is to be sent.
type source struct {
	path string // as given
	name string // its own, on the phone
}

// putSources looks at what is to be sent before the phone is opened: each once, and no two that
// would have one name.
func putSources(from []string, deep bool) ([]source, error) {
	var out []source
	first := map[string]string{} // the absolute path by the name
	for _, path := range from {
		st, err := os.Stat(path)
		switch {
		case path == "-" && errors.Is(err, fs.ErrNotExist):
			return nil, noSize("standard input")
		case err != nil && len(from) > 1: // told in its turn
		case err != nil:
			return nil, err
		case st.IsDir() && !deep:
			return nil, usageError("%s is a folder: -r sends it with all that is in it", path)
		case !st.IsDir() && !st.Mode().IsRegular():
			return nil, noSize(path)
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(abs)
		other, twice := first[name]
		switch {
		case twice && other == abs:
			continue
		case twice:
			i := slices.IndexFunc(out, func(s source) bool { return s.name == name })
			return nil, usageError("%s and %s would both be %s on the phone: send one of them under another name, or into another folder", out[i].path, path, name)
		}
		first[name] = abs
		out = append(out, source{path, name})
	}
	return out, nil
}

// noSize refuses what has no size before its end.
func noSize(what string) error {
	return usageError("put sends files, and %s is none: a phone wants to know the size before the first byte; write it into a file, and put that", what)
}

// getTargets are what nodes are called here, each node once: name if there is one, else their own.
func getTargets(nodes []files.Node, name string) ([]files.Node, []string, error) {
	var once []files.Node
	var names []string
	for _, n := range nodes {
		at := name
		if at == "" {
			if at = n.Name; n.IsRoot() {
				at = "."
			}
		}
		if i := slices.Index(names, at); i >= 0 {
			if once[i].Path == n.Path {
				continue
			}
			return nil, nil, usageError("%s and %s would both be %s here: fetch them one by one, with --to", once[i].Path, n.Path, at)
		}
		once, names = append(once, n), append(names, at)
	}
	return once, names, nil
}

// outermost leaves out what is there twice, and what lies within another one.
func outermost(nodes []files.Node) []files.Node {
	var out []files.Node
	for i, n := range nodes {
		if slices.ContainsFunc(nodes[:i], func(m files.Node) bool { return m.Path == n.Path }) {
			continue
		}
		if slices.ContainsFunc(nodes, func(m files.Node) bool { return strings.HasPrefix(n.Path, m.Path+"/") }) {
			continue
		}
		out = append(out, n)
	}
	return out
}
