package cmd

import (
	"fmt"
	"io"
	"time"

	"cradle/mtp/files"
)

// megabytes says a size in bytes.
func megabytes[N int64 | uint64](n N) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

// transferProgress shows how far a file is: one line that changes on a terminal,
// a line now and then in a pipe.
type transferProgress struct {
	w     io.Writer
	tty   bool
	now   func() time.Time
	path  string
	first int64 // bytes at the start, of a fetch that was gone on with
	start time.Time
	last  time.Time
	drawn bool
}

func newTransferProgress(g *globals) *transferProgress {
	return &transferProgress{w: g.stderr, tty: isTerminal(g.stderr), now: g.now}
}

func (p *transferProgress) update(n files.Node, done, total int64) {
	now := p.now()
	if n.Path != p.path {
		p.path, p.first, p.start, p.last = n.Path, done, now, now
		return
	}
	every := 2 * time.Second
	if p.tty {
		every = 100 * time.Millisecond
	}
	if now.Sub(p.last) < every {
		return
	}
	p.last = now
	text := plain(n.Path) + ": " + megabytes(done)
	if total > 0 {
		text += fmt.Sprintf(" of %s, %d %%", megabytes(total), 100*done/total)
	}
	if spent := now.Sub(p.start).Seconds(); spent > 0 {
		text += fmt.Sprintf(", %s/s", megabytes(int64(float64(done-p.first)/spent)))
	}
	if !p.tty {
		fmt.Fprintln(p.w, text)
		return
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", text)
	p.drawn = true
}

// done takes the line away.
func (p *transferProgress) done() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}
