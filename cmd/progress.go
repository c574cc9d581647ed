package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"cradle/engine"

	"golang.org/x/term"
)

// progress shows how far a run is: one line that changes on a terminal, a line
// now and then in a pipe.
type progress struct {
	w     io.Writer
	tty   bool
	last  time.Time
	stage string
	drawn bool
	now   func() time.Time
}

func newProgress(g *globals) *progress {
	return &progress{w: g.stderr, tty: isTerminal(g.stderr), now: g.now, last: g.now()}
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(s any) bool {
	if o, ok := s.(*output); ok {
		s = o.Writer
	}
	f, ok := s.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

var stageNames = map[string]string{
	"detect": "looking through the phone", "plan": "comparing", "store": "into the store",
	"phone": "to the phone", "commit": "writing down what was agreed",
}

func (p *progress) update(e engine.Progress) {
	now := p.now()
	every := 2 * time.Second
	if p.tty {
		every = 100 * time.Millisecond
	}
	if now.Sub(p.last) < every && e.Done != e.Total {
		return
	}
	if !p.tty && now.Sub(p.last) < every {
		return
	}
	p.last, p.stage = now, e.Stage
	text := stageNames[e.Stage]
	if e.Total > 0 {
		text += fmt.Sprintf(" %d/%d", e.Done, e.Total)
	}
	if !p.tty {
		fmt.Fprintln(p.w, text)
		return
	}
	if e.Total > 0 {
		const width = 24
		full := width * e.Done / max(e.Total, 1)
		text = fmt.Sprintf("[%s%s] %s", strings.Repeat("█", full), strings.Repeat("·", width-full), text)
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", text)
	p.drawn = true
}

// done takes the line away.
func (p *progress) done() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}
