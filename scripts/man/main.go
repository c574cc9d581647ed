//go:build man

// Command man writes a man page for each command of the program into a folder (make man). It is
// a program of its own so that cobra's generator and what that needs stay out of cradle.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra/doc"

	"cradle/cmd"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// write fills dir with cradle.1, cradle-sync.1 and so on. The pages' date is SOURCE_DATE_EPOCH's
// where that is set, so that packages can be built twice alike.
func write(dir string) error {
	date := time.Now()
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		date = time.Unix(seconds, 0).UTC()
	}
	root := cmd.New()
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Title: "CRADLE", Section: "1", Source: "Cradle", Manual: "Cradle", Date: &date}
	return doc.GenManTree(root, header, dir)
}
