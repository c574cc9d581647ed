package udev

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Properties are what udev's rules found out about the USB device at an address, such
// as ID_SERIAL; nil where udev has nothing. The database has one file a device, by
// the node's number: character device 189, minor (bus-1)*128 + address-1. root is put
// before /run, for tests.
func Properties(root string, bus, address int) map[string]string {
	b, err := os.ReadFile(filepath.Join(root, fmt.Sprintf("/run/udev/data/c189:%d", (bus-1)*128+address-1)))
	if err != nil {
		return nil
	}
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if kv, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "E:"); ok {
			k, v, _ := strings.Cut(kv, "=")
			out[k] = v
		}
	}
	return out
}
