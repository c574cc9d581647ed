// Cradle: plug in a phone, and its contacts, calendars and tasks sync with your
// desktop.
package main

import (
	"os"

	"cradle/cmd"
)

func main() {
	paceCollector()
	ctx, stop := cmd.Signals(os.Stderr)
	defer stop()
	os.Exit(cmd.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
