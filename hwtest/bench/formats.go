package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-vcard"

	"cradle/pim"
	"cradle/valuebag"
)

// formatObjects is how many cards and events the readers are given, in one file.
const formatObjects = 1000

//go:embed libical.c.txt
var libicalSource []byte

// event is the nth made-up event, with an alarm and in a zone, of some 300 bytes.
func event(n int) []byte {
	return fmt.Appendf(nil, "BEGIN:VEVENT\r\nUID:event-%d@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260301T%02d0000\r\n"+
		"DTEND;TZID=Europe/Berlin:20260301T%02d3000\r\nRRULE:FREQ=WEEKLY;COUNT=10\r\nSUMMARY:Meeting %d\r\nLOCATION:Room 3\\, upstairs\r\n"+
		"BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\n", n, n%24, n%24, n)
}

// calendar is one file with n events.
func calendar(n int) []byte {
	b := []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Bench//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n" +
		"BEGIN:DAYLIGHT\r\nDTSTART:19810329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n" +
		"BEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")
	for i := range n {
		b = append(b, event(i)...)
	}
	return append(b, "END:VCALENDAR\r\n"...)
}

// work is one thing to do with a file; it gives how many objects it was done to.
type work struct {
	format, step, by string
	do               func() (int, error)
}

// runFormats prints how many MB of cards and of a calendar each reader and writer
// gets through in a second of CPU: on a busy machine the clock says how busy it was.
func runFormats(ctx context.Context, w io.Writer, rounds int) error {
	var cards []byte
	for i := range formatObjects {
		cards = append(cards, card(i, 0)...)
	}
	cal := calendar(formatObjects)
	size := map[string]int{"cards": len(cards), "events": len(cal)}
	all, err := formatWorks(cards, cal)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%d cards of %d bytes, %d events of %d bytes in one zone; MB a second of CPU, the best of %d\n\n",
		formatObjects, len(cards)/formatObjects, formatObjects, len(cal)/formatObjects, rounds)
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "format\tstep\tby\tMB/s")
	for _, x := range all {
		best := time.Duration(0)
		for range rounds {
			took, err := cpuOf(ctx, x)
			if err != nil {
				return fmt.Errorf("%s, %s, %s: %w", x.format, x.step, x.by, err)
			}
			if best == 0 || took < best {
				best = took
			}
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%.0f\n", x.format, x.step, x.by, float64(size[x.format])/best.Seconds()/1e6)
	}
	if err := libical(ctx, tw, cards, cal, rounds); err != nil {
		if ferr := tw.Flush(); ferr != nil {
			return ferr
		}
		fmt.Fprintf(w, "\nlibical is left out: %v (Debian: apt install gcc libical-dev)\n", err)
		return nil
	}
	return tw.Flush()
}

// formatWorks are the steps of Cradle and of the two Go libraries.
func formatWorks(cards, cal []byte) ([]work, error) {
	cardItems, err := bags(cards)
	if err != nil {
		return nil, err
	}
	eventItems, err := bags(cal)
	if err != nil {
		return nil, err
	}
	vcards, err := decodeCards(cards)
	if err != nil {
		return nil, err
	}
	ics, err := ical.NewDecoder(bytes.NewReader(cal)).Decode()
	if err != nil {
		return nil, err
	}
	read := func(data []byte) func() (int, error) {
		return func() (int, error) { return len(pim.Read(data).Objects), nil }
	}
	bag := func(data []byte) func() (int, error) {
		return func() (int, error) { l, err := bags(data); return len(l), err }
	}
	write := func(k *pim.Kind, items []*valuebag.Values, export func([][]byte) []byte) func() (int, error) {
		return func() (int, error) {
			texts := make([][]byte, len(items))
			for i, item := range items {
				texts[i] = k.Text(item)
			}
			return len(texts), whole(export(texts))
		}
	}
	return []work{
		{"cards", "read", "cradle", read(cards)},
		{"cards", "read", "go-vcard", func() (int, error) { l, err := decodeCards(cards); return len(l), err }},
		{"cards", "into bags", "cradle", bag(cards)},
		{"cards", "write", "cradle", write(pim.Contacts, cardItems, pim.ExportVCF)},
		{"cards", "write", "go-vcard", func() (int, error) {
			var out bytes.Buffer
			e := vcard.NewEncoder(&out)
			for _, c := range vcards {
				if err := e.Encode(c); err != nil {
					return 0, err
				}
			}
			return len(vcards), whole(out.Bytes())
		}},
		{"events", "read", "cradle", read(cal)},
		{"events", "read", "go-ical", func() (int, error) {
			c, err := ical.NewDecoder(bytes.NewReader(cal)).Decode()
			if err != nil {
				return 0, err
			}
			return len(c.Events()), nil
		}},
		{"events", "into bags", "cradle", bag(cal)},
		{"events", "write", "cradle", write(pim.Events, eventItems, pim.ExportICS)},
		{"events", "write", "go-ical", func() (int, error) {
			var out bytes.Buffer
			if err := ical.NewEncoder(&out).Encode(ics); err != nil {
				return 0, err
			}
			return len(ics.Events()), whole(out.Bytes())
		}},
	}, nil
}

// whole is an error for a file that can't hold what was written.
func whole(b []byte) error {
	if len(b) < 100*formatObjects {
		return fmt.Errorf("it wrote %d bytes", len(b))
	}
	return nil
}

// bags reads a file as an import does.
func bags(data []byte) ([]*valuebag.Values, error) {
	var items []*valuebag.Values
	s := pim.NewScanner(bytes.NewReader(data))
	for s.Scan() {
		f := s.File()
		for i := range f.Objects {
			item, err := f.Objects[i].Item("")
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
	}
	return items, s.Err()
}

func decodeCards(data []byte) ([]vcard.Card, error) {
	var out []vcard.Card
	for d := vcard.NewDecoder(bytes.NewReader(data)); ; {
		c, err := d.Decode()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
}

// cpuOf is the CPU time of one work, the collector's share included: as many
// times as take a tenth of a second.
func cpuOf(ctx context.Context, x work) (time.Duration, error) {
	runtime.GC()
	start, n := cpuTime(), 0
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		objects, err := x.do()
		if err != nil {
			return 0, err
		}
		if objects != formatObjects {
			return 0, fmt.Errorf("%d objects, not %d", objects, formatObjects)
		}
		if n++; cpuTime()-start > 100*time.Millisecond {
			return (cpuTime() - start) / time.Duration(n), nil
		}
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// libical builds the small C program and runs it on the same files.
func libical(ctx context.Context, w io.Writer, cards, cal []byte, rounds int) error {
	dir, err := os.MkdirTemp("", "cradle-libical.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := buildLibical(ctx, dir)
	if err != nil {
		return err
	}
	items, err := bags(cards)
	if err != nil {
		return err
	}
	var old []byte // versit reads vCard 2.1 alone
	for _, item := range items {
		if item, err = pim.Contacts.Convert(item, pim.VCard21); err != nil {
			return err
		}
		old = append(old, pim.Contacts.Text(item)...)
	}
	for _, f := range []struct {
		format, by string
		data       []byte
	}{{"cards", "versit (libical), vCard 2.1, card by card", old}, {"events", "libical", cal}} {
		file := filepath.Join(dir, f.format)
		if err := os.WriteFile(file, f.data, 0o600); err != nil {
			return err
		}
		var best [2]float64
		for range rounds {
			const times = 20
			out, err := exec.CommandContext(ctx, program, f.format, file, strconv.Itoa(times)).Output()
			if err != nil {
				return fmt.Errorf("its run on %s: %w", f.format, err)
			}
			var read, write float64
			var n int
			if _, err := fmt.Sscanf(string(out), "read %g write %g objects %d", &read, &write, &n); err != nil || n != formatObjects {
				return fmt.Errorf("its run on %s wrote %q", f.format, out)
			}
			for i, s := range []float64{read / times, write / times} {
				if best[i] == 0 || s < best[i] {
					best[i] = s
				}
			}
		}
		for i, step := range []string{"read", "write"} {
			fmt.Fprintf(w, "%s\t%s\t%s\t%.0f\n", f.format, step, f.by, float64(len(f.data))/best[i]/1e6)
		}
	}
	return nil
}

// buildLibical compiles the program into dir.
func buildLibical(ctx context.Context, dir string) (string, error) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", errors.New("no C compiler")
	}
	source, program := filepath.Join(dir, "libical.c"), filepath.Join(dir, "libical")
	if err := os.WriteFile(source, libicalSource, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.CommandContext(ctx, cc, "-O2", "-o", program, source, "-lical", "-licalvcal").CombinedOutput(); err != nil {
		return "", fmt.Errorf("it can't be built: %w: %s", err, bytes.TrimSpace(tail(out, 200)))
	}
	return program, nil
}
