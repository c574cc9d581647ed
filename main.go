// Cradle: plug in a phone, and its contacts, calendars and tasks sync with your
// desktop.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"cradle/cmd"
)

func main() {
	paceCollector()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cmd.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
