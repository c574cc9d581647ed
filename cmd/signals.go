package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// interruptNotice is how long a command may take to end after Ctrl-C before it says
// that it is about to: a phone that hangs is called off, and given time for that.
const interruptNotice = time.Second

// Signals gives a context that ends at the first Ctrl-C or SIGTERM. The second ends
// the program at once, which is as safe as a power cut: what is half done is gone on
// with the next time. stop sets the signals free.
func Signals(stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			cancel()
		case <-done:
			return
		}
		late := time.After(interruptNotice)
		for {
			select {
			case <-late:
				fmt.Fprintln(stderr, "cradle: interrupted: what is under way is brought to an end; Ctrl-C once more ends it at once")
			case <-signals:
				os.Exit(exitInterrupted)
			case <-done:
				return
			}
		}
	}()
	return ctx, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
		cancel()
	})
}
