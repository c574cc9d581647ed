// Command package lays out a folder with all files of a distribution's package as they lie
// below / (make package), for nfpm to pack. The program and the man pages are there before it
// is called.
//
//	package ROOT PROGRAM MANDIR
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"cradle/udev"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: package ROOT PROGRAM MANDIR")
		os.Exit(2)
	}
	if err := layOut(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

// installed is where the package has the program.
const installed = "/usr/bin/cradle"

// completions are the files of each shell. zsh's folder is one in Debian and another in Fedora;
// packaging/nfpm.yaml takes the right one.
var completions = map[string][]string{
	"bash": {"/usr/share/bash-completion/completions/cradle"},
	"zsh":  {"/usr/share/zsh/vendor-completions/_cradle", "/usr/share/zsh/site-functions/_cradle"},
	"fish": {"/usr/share/fish/vendor_completions.d/cradle.fish"},
}

func layOut(root, program, man string) error {
	put := func(path string, b []byte, mode os.FileMode) error {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return err
		}
		return os.WriteFile(full, b, mode)
	}
	copyTo := func(path, from string, mode os.FileMode) error {
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return put(path, b, mode)
	}
	files, err := udev.Packaged(installed)
	if err != nil {
		return err
	}
	for path, b := range files {
		if err := put(path, b, 0o644); err != nil {
			return err
		}
	}
	if err := copyTo(installed, program, 0o755); err != nil {
		return err
	}
	pages, err := filepath.Glob(filepath.Join(man, "*.1"))
	if err != nil || len(pages) == 0 {
		return fmt.Errorf("no man page in %s: make man first", man)
	}
	for _, p := range pages {
		if err := copyTo("/usr/share/man/man1/"+filepath.Base(p), p, 0o644); err != nil {
			return err
		}
	}
	self, err := filepath.Abs(program)
	if err != nil {
		return err
	}
	for shell, paths := range completions {
		b, err := exec.Command(self, "completion", shell).Output()
		if err != nil {
			return fmt.Errorf("%s completion %s: %w", program, shell, err)
		}
		if !strings.Contains(string(b), "cradle") {
			return fmt.Errorf("%s completion %s prints no completion", program, shell)
		}
		for _, path := range paths {
			if err := put(path, b, 0o644); err != nil {
				return err
			}
		}
	}
	for path, from := range map[string]string{
		"/usr/share/doc/cradle/copyright": "LICENSE", "/usr/share/doc/cradle/README.md": "README.md", "/usr/share/doc/cradle/CHANGELOG.md": "CHANGELOG.md",
		"/usr/share/doc/cradle/config.toml": "docs/config.toml", "/usr/share/doc/cradle/cli.md": "docs/cli.md", "/usr/share/doc/cradle/store.md": "docs/store.md",
	} {
		if err := copyTo(path, from, 0o644); err != nil {
			return err
		}
	}
	return nil
}
