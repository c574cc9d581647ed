package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"cradle/engine"
	"cradle/mtp/usb"
	"cradle/udev/session"
)

// The buttons of a notification.
const (
	buttonReview = "review"
	buttonUndo   = "undo"
)

// buttonTime is how long the program stays for the buttons of its last notice. It
// ends sooner when the phone is unplugged, since the next event must find it gone.
const buttonTime = 2 * time.Minute

// noticeOf puts a report into a bubble. A sync that changed nothing and left nothing
// has none.
func (g *globals) noticeOf(r *syncReport, doc *syncDocument) (notice, bool) {
	n := notice{Key: strings.TrimPrefix(r.phone.selector, "usb:"), Title: doc.Phone.Name}
	var lines []string
	moved, conflicts, failed := 0, 0, 0
	for _, k := range r.kinds {
		d := doc.Kinds[k.Name()]
		moved += d.ToStore.Total() + d.ToPhone.Total()
		conflicts += d.Conflicts
		failed += len(d.Failed)
		var parts []string
		if d.ToStore.Total() > 0 {
			parts = append(parts, moves(d.ToStore)+" from the phone")
		}
		if d.ToPhone.Total() > 0 {
			parts = append(parts, moves(d.ToPhone)+" to the phone")
		}
		if len(parts) > 0 {
			lines = append(lines, strings.ToUpper(k.Name()[:1])+k.Name()[1:]+": "+strings.Join(parts, ", "))
		}
	}
	if conflicts > 0 {
		lines = append(lines, count(conflicts, "field was", "fields were")+" changed on both sides")
		n.Buttons = append(n.Buttons, session.Action{Key: buttonReview, Label: "Review"})
	}
	if failed > 0 {
		lines = append(lines, count(failed, "item is", "items are")+" left out: cradle sync lists them")
	}
	switch {
	case errors.Is(r.err, engine.ErrBraked):
		n.Title += ": nothing was synced"
		n.Urgent = true
		lines = []string{doc.Error.Why, "To see the plan: cradle sync --dry-run"}
	case errors.Is(r.err, engine.ErrNotPaired):
		n.Title += " has lost what was agreed"
		lines = []string{"Nothing was synced. To match it anew: cradle pair"}
	case isGone(r.err):
		n.Title += " was unplugged"
		lines = append(lines, "The rest follows when it is plugged in again.")
	case errors.Is(r.err, context.Canceled):
		return n, false // the session ends, or the person stopped it
	case r.err != nil:
		n.Title += " isn't synced"
		lines = append([]string{doc.Error.Error()}, lines...)
		if doc.Error.Next != "" {
			lines = append(lines, "Next: "+doc.Error.Next)
		}
	case moved+conflicts+failed == 0:
		return n, false
	default:
		n.Title += " is in sync"
	}
	if doc.Run != nil && r.err == nil {
		n.Buttons = append(n.Buttons, session.Action{Key: buttonUndo, Label: "Undo"})
	}
	n.Body = strings.Join(lines, "\n")
	return n, true
}

// pressed waits for the buttons of a notice, and does what they say. The store and
// the phone are free meanwhile.
func (g *globals) pressed(ctx context.Context, d usb.DeviceDesc, selector string, run *int64) {
	port := d.Port
	switch g.button(ctx, d) {
	case buttonReview:
		if err := g.inTerminal("conflicts list"); err != nil {
			g.desktop.tell(ctx, notice{Key: port, Title: "No terminal to show it in", Body: "Run: " + g.command("conflicts list")})
		}
	case buttonUndo:
		if run == nil {
			return
		}
		err := g.runUndo(ctx, *run, selector, true)
		n := notice{Key: port, Title: "The sync was taken back", Body: "To have it again: cradle undo"}
		if err != nil {
			f := g.explain(err)
			n = notice{Key: port, Title: "The sync can't be taken back", Body: f.Error() + "\nNext: " + f.Next}
		}
		g.desktop.tell(ctx, n)
	}
}

// button waits for one, until the phone is gone or plugged in anew, or its time is up.
func (g *globals) button(ctx context.Context, d usb.DeviceDesc) string {
	ctx, stop := context.WithTimeout(ctx, buttonTime)
	var watch sync.WaitGroup
	watch.Go(func() {
		for pause(ctx, time.Second) == nil {
			if now, there, err := g.findPort(d.Port); err != nil || !there || now.Address != d.Address {
				stop()
			}
		}
	})
	defer watch.Wait()
	defer stop()
	return g.desktop.await(ctx, d.Port)
}

// terminals are the programs that show a command in a window, with the argument that
// comes before it; the first that is there is taken.
var terminals = [][]string{
	{"xdg-terminal-exec"}, {"x-terminal-emulator", "-e"}, {"gnome-terminal", "--"}, {"konsole", "-e"}, {"xfce4-terminal", "-x"}, {"foot"}, {"kitty"}, {"alacritty", "-e"}, {"xterm", "-e"},
}

// inTerminal runs a command of ours in a window that stays until a key is pressed.
func (g *globals) inTerminal(words string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	line := quoteArg(self) + strings.TrimPrefix(g.command(words), "cradle")
	for _, t := range terminals {
		program, err := exec.LookPath(t[0])
		if err != nil {
			continue
		}
		c := exec.Command(program, append(t[1:len(t):len(t)], "sh", "-c", line+`; printf '\nEnter closes this window. '; read -r _`)...)
		if err := c.Start(); err != nil {
			return fmt.Errorf("starting %s: %w", program, err)
		}
		return c.Process.Release()
	}
	return errors.New("no terminal program was found")
}
