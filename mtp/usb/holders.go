package usb

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Holder is a process that has a device node open.
type Holder struct {
	PID  int
	Name string // as ps -o comm has it, at most 15 characters
}

// holders looks for the node among the open files of all processes. Those of
// other users can't be seen, and our own process doesn't count. adb keeps every
// phone open for an interface of its own, so it is left out if there is anybody
// else.
func (s System) holders(node string) []Holder {
	fds, err := filepath.Glob(filepath.Join(s.Root, "/proc/[0-9]*/fd"))
	if err != nil {
		return nil
	}
	var out []Holder
	for _, dir := range fds {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err != nil || pid == os.Getpid() && s.Root == "" {
			continue
		}
		if hasOpen(dir, node) {
			out = append(out, Holder{PID: pid, Name: text(filepath.Dir(dir), "comm")})
		}
	}
	slices.SortFunc(out, func(a, b Holder) int { return a.PID - b.PID })
	if others := slices.DeleteFunc(slices.Clone(out), func(h Holder) bool { return h.Name == "adb" }); len(others) > 0 {
		return others
	}
	return out
}

func hasOpen(fdDir, node string) bool {
	names, err := os.ReadDir(fdDir)
	if err != nil {
		return false
	}
	for _, n := range names {
		if link, err := os.Readlink(filepath.Join(fdDir, n.Name())); err == nil && link == node {
			return true
		}
	}
	return false
}

// mountedBy finds where a FUSE program has mounted what it shows, quoted for a shell;
// "" when it is in no place, or in several. root is put before /proc, for tests.
func mountedBy(root, program string) string {
	b, err := os.ReadFile(filepath.Join(root, "/proc/self/mounts"))
	if err != nil {
		return ""
	}
	at := ""
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line) // source, place, type …; proc(5)
		if len(f) < 3 || !strings.HasPrefix(f[2], "fuse") || !strings.Contains(f[0]+" "+f[2], program) {
			continue
		}
		if at != "" {
			return ""
		}
		at = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(f[1])
	}
	if strings.ContainsFunc(at, func(r rune) bool {
		return !strings.ContainsRune("/._-+", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		at = "'" + strings.ReplaceAll(at, "'", `'\''`) + "'"
	}
	return at
}

// ownDescriptors lists this process's descriptors on the node.
func ownDescriptors(node string) []int {
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	var out []int
	for _, n := range names {
		link, err := os.Readlink("/proc/self/fd/" + n.Name())
		if err != nil || strings.TrimSuffix(link, " (deleted)") != node {
			continue
		}
		if fd, err := strconv.Atoi(n.Name()); err == nil {
			out = append(out, fd)
		}
	}
	return out
}
