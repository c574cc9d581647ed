package cmd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/hostprovider"

	"github.com/adrg/xdg"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal: what a person types goes into hand, and a program
// has the other end.
func terminal(t *testing.T) (hand, tty *os.File) {
	t.Helper()
	hand, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { hand.Close() })
	fd := int(hand.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return hand, tty
}

// At a first meeting a person is asked about folders of cards that lie on the phone,
// and then about the meeting itself.
func TestFirstMeetingAsksForFolders(t *testing.T) {
	for _, tt := range []struct {
		name, answers string
		exit, items   int
	}{
		{"both", "y\nyes\n", exitDone, 2},
		{"not the folder", "n\ny\n", exitDone, 1},
		{"no answer for the folder", "\ny\n", exitDone, 1},
		{"not at all", "y\nn\n", exitBraked, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Cleanup(xdg.Reload) // after the variables are back
			for _, v := range []string{"XDG_RUNTIME_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"} {
				t.Setenv(v, filepath.Join(dir, v))
			}
			t.Setenv("CRADLE_CONFIG", "")
			xdg.Reload()
			for path, uid := range map[string]string{"Cradle/contacts/personal/a.vcf": "a", "Documents/Contacts/b.vcf": "b"} {
				path = filepath.Join(dir, "stick", path)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				text := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + uid + "\r\nFN:" + uid + "\r\nN:" + uid + ";;;;\r\nEND:VCARD\r\n"
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			hand, tty := terminal(t)
			if _, err := hand.WriteString(tt.answers); err != nil {
				t.Fatal(err)
			}
			asked := make(chan string, 1)
			go func() { // or the terminal fills up
				var b bytes.Buffer
				hand.SetReadDeadline(time.Now().Add(30 * time.Second)) //nolint:errcheck // a terminal that can't is read until it closes
				b.ReadFrom(hand)                                       //nolint:errcheck // it ends with the terminal
				asked <- b.String()
			}()
			store := filepath.Join(dir, "s.db")
			var out bytes.Buffer
			ctx := context.Background()
			args := []string{"sync", "--phone", "dir:" + filepath.Join(dir, "stick"), "--store", store}
			if code := Main(ctx, args, tty, &out, tty); code != tt.exit {
				t.Errorf("exit code %d, want %d", code, tt.exit)
			}
			tty.Close()
			if text := <-asked; !strings.Contains(text, "Documents/Contacts on the phone holds 1 card, one a file.") || !strings.Contains(text, "meet for the first time") {
				t.Errorf("asked: %q", text)
			}
			if tt.exit != exitDone {
				return
			}
			s, err := hostprovider.Open(ctx, store, hostprovider.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if items, err := s.List(ctx, hostprovider.Query{}); err != nil || len(items) != tt.items {
				t.Errorf("%d items in the store, want %d (%v)", len(items), tt.items, err)
			}
		})
	}
}
