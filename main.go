// Cradle: plug in a phone, and its contacts, calendars and tasks sync with your
// desktop.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"cradle/cmd"
)

// A run is short and the desktop has other work: rather a little more time for
// the collector than twice the memory.
const collectAt = 50 // per cent of growth

func main() {
	debug.SetGCPercent(collectAt)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cmd.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
