package udev

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// OnSeat reports whether a user is the one at a screen of this machine, to whom udev
// gives the device files of phones. known is false where no logind runs. root is put
// before /run, for tests. Read as sd-login(3) reads it: /run/systemd/seats.
func OnSeat(root string, uid int) (on, known bool) {
	dir := filepath.Join(root, "/run/systemd/seats")
	seats, err := os.ReadDir(dir)
	if err != nil {
		return false, false
	}
	for _, s := range seats {
		b, err := os.ReadFile(filepath.Join(dir, s.Name()))
		if err != nil {
			continue
		}
		known = true
		for line := range strings.Lines(string(b)) {
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "ACTIVE_UID="); ok && v == strconv.Itoa(uid) {
				return true, true
			}
		}
	}
	return false, known
}
