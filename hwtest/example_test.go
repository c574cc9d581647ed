package hwtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cradle/hwtest"
	"cradle/mtp"
)

// A phone that halts its pipe in the middle of a file, once.
func ExampleParseScenario() {
	dir, err := os.MkdirTemp("", "phone")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "song.mp3"), make([]byte, 1<<20), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	scenario, err := hwtest.ParseScenario(`
		# The pipe stalls after half a MiB of the first file that is read.
		on GetObject nth 1 at data 512K: stall
	`)
	if err != nil {
		fmt.Println(err)
		return
	}
	phone, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{Scenario: scenario})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer phone.Close()

	// Any initiator will do; over USB/IP it is usbip.Serve that plugs the phone in.
	ctx := context.Background()
	session, err := mtp.Open(ctx, phone.Transport(), mtp.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer session.Close(ctx)
	storages, _ := session.GetStorageIDs(ctx)
	files, _ := session.ListFolder(ctx, storages[0], mtp.Root)
	for range 2 {
		var body bytes.Buffer
		_, err := session.GetObject(ctx, files[0].Handle, &body)
		fmt.Println(body.Len(), errors.Is(err, mtp.ErrStalled), session.Err())
	}
	// Output:
	// 524276 true <nil>
	// 1048576 false <nil>
}
