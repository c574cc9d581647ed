package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// output is standard output. It keeps the first error, which ends the program with
// a failure: what isn't written (a full disk behind a redirection) isn't done.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("writing standard output: %w", err)
	}
	return n, err
}

// print writes one JSON document.
func (g *globals) print(doc any) error {
	e := json.NewEncoder(g.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(doc)
}

func (g *globals) say(format string, args ...any) { fmt.Fprintf(g.stdout, format+"\n", args...) }

// sayRow is say for a table, whose last columns may be empty.
func (g *globals) sayRow(format string, args ...any) {
	g.say("%s", strings.TrimRight(fmt.Sprintf(format, args...), " "))
}

// plain makes text of a phone fit for a terminal's line: no control characters,
// so that a card can't move the cursor or change colours.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)
}

// titled is an item's summary for a person, who is told that there is none.
func titled(summary string) string {
	if strings.TrimSpace(summary) == "" {
		return "(no title)"
	}
	return plain(summary)
}

// count says a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
