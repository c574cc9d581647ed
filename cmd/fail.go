package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/mtp"
	"cradle/mtp/usb"
	"cradle/pim"
)

// The exit codes, a contract that scripts rely on.
const (
	exitDone        = 0
	exitFailure     = 1
	exitUsage       = 2
	exitNoPhone     = 3 // no phone, locked, or the cable was pulled
	exitBusy        = 4
	exitConflicts   = 5 // conflicts wait for a person
	exitBraked      = 6 // stopped by a brake, or not paired
	exitItemsFailed = 7
	exitNewer       = 8 // store or state newer than the program
	exitInterrupted = 130
)

// failure is an error as a person gets it: what happened, why, and the one next
// step. Code is a short name for programs.
type failure struct {
	exit int
	Code string `json:"code"`
	What string `json:"what"`
	Why  string `json:"why"`
	Next string `json:"next"`
	err  error
}

func (f *failure) Error() string {
	s := f.What
	if f.Why != "" {
		s += ": " + f.Why
	}
	return s
}

func (f *failure) Unwrap() error { return f.err }

// helpCommand is the next step of a mistake on the command line.
const helpCommand = "cradle help"

// quiet is an exit code whose reason stands in the output already.
type quiet int

func (q quiet) Error() string { return fmt.Sprintf("exit %d", int(q)) }

// usageError is a mistake on the command line. Main adds the command to its next
// step.
func usageError(format string, args ...any) error {
	return &failure{exit: exitUsage, Code: "usage", What: fmt.Sprintf(format, args...), Next: helpCommand}
}

// explain turns any error into one for people: what, the cause in a few words, and
// a command that can be run as it stands. The whole chain is in the log.
func (g *globals) explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	g.log().Debug("the error in full", "err", err)
	var open *usb.OpenError
	if errors.As(err, &open) {
		return g.explainOpen(open)
	}
	out := &failure{exit: exitFailure, Code: "failed", What: "that didn't work", Why: err.Error(), Next: g.command("doctor"), err: err}
	for _, explain := range []func(*failure, error) bool{g.explainSettings, g.explainFiles, g.explainPhone, g.explainStore, g.explainFile} {
		if explain(out, err) {
			return out
		}
	}
	return out
}

// explainPhone explains how a run ended, and what a phone said.
func (g *globals) explainPhone(out *failure, err error) bool {
	sync := g.command("sync")
	folder, isFolder := strings.CutPrefix(g.phone, "dir:")
	switch {
	case errors.Is(err, context.Canceled):
		out.exit, out.Code, out.What, out.Why, out.Next = exitInterrupted, "interrupted", "interrupted", "", g.again()
	case errors.Is(err, engine.ErrNewer):
		out.exit, out.Code, out.What, out.Next = exitNewer, "newer", "written by a newer Cradle", "install the newer version of cradle"
	case errors.Is(err, mtp.ErrSessionLost) && !errors.Is(err, mtp.ErrDeviceGone):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "session-lost", "the connection to the phone broke off", innermost(err), "unplug it, plug it in again and run: "+sync
	case errors.Is(err, engine.ErrGone), errors.Is(err, mtp.ErrDeviceGone):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "gone", "the phone is gone in the middle", "the cable was pulled, or the phone left the bus", "plug it in again and run: "+sync
	case errors.Is(err, devprovider.ErrNoStorage):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "locked", "the phone shows no storage", "it is locked, or not in file transfer mode", "unlock it, choose file transfer, and run: "+sync
	case errors.Is(err, devprovider.ErrReadOnly) && isFolder:
		out.Code, out.What, out.Why, out.Next = "read-only", fmt.Sprintf("the folder %s can't be written to", folder), "", "ls -ld "+quoteArg(folder)
		if errors.Is(err, fs.ErrPermission) {
			out.Code, out.Why = "permission", "no permission"
		}
	case errors.Is(err, devprovider.ErrReadOnly):
		out.Code, out.What, out.Why, out.Next = "read-only", "the phone can't be written to", cause(err, devprovider.ErrReadOnly), "choose file transfer on the phone, or free its storage from write protection, and run: "+sync
	case errors.Is(err, devprovider.ErrFull) && isFolder:
		out.Code, out.What, out.Why, out.Next = "full", "the disk of "+folder+" is full", cause(err, devprovider.ErrFull), "make room on it and run: "+sync
	case errors.Is(err, devprovider.ErrFull):
		out.Code, out.What, out.Why, out.Next = "full", "the phone is full", cause(err, devprovider.ErrFull), "make room on the phone and run: "+sync
	case errors.Is(err, mtp.StoreNotAvailable), errors.Is(err, mtp.InvalidStorageID):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "locked", "the phone shows this storage no longer", "it was locked in the middle, or a card was taken out", "unlock it, choose file transfer, and run: "+sync
	case errors.Is(err, mtp.InvalidObjectHandle), errors.Is(err, mtp.InvalidParentObject):
		out.Code, out.What, out.Why, out.Next = "changed", "what was there is no longer on the phone", "it was locked in the middle, or something was deleted or moved there: "+innermost(err), "unlock it and run: "+sync
	default:
		return false
	}
	return true
}

// explainStore explains what the store said.
func (g *globals) explainStore(out *failure, err error) bool {
	switch {
	case errors.Is(err, hostprovider.ErrBusy):
		out.exit, out.Code, out.What, out.Why = exitBusy, "busy", "the store is in use", fmt.Sprintf("another program is writing to %s", g.storePath())
		out.Next = "end its transaction (fuser " + quoteArg(g.storePath()) + " names it), and run the command again"
	case errors.Is(err, hostprovider.ErrFull):
		out.Code, out.What, out.Why, out.Next = "full", "the disk is full", "there is no room for the store "+g.storePath(), "make room (df -h "+quoteArg(filepath.Dir(g.storePath()))+"), and run the command again"
	case errors.Is(err, hostprovider.ErrForeign):
		out.Code, out.What, out.Why, out.Next = "foreign", "the store can't be used", g.storePath()+": "+hostprovider.ErrForeign.Error(), g.command("doctor")
	case errors.Is(err, hostprovider.ErrOver):
		out.Code, out.What, out.Why, out.Next = "over", "nothing to resolve", err.Error(), g.command("conflicts list")
	case errors.Is(err, hostprovider.ErrNotFound):
		out.Code, out.What, out.Why, out.Next = "not-found", "no such item", cause(err, hostprovider.ErrNotFound), g.command("list")
		// People type names; items go by IDs and UIDs, and list finds them by name.
		var none *hostprovider.NoItemError
		if errors.As(err, &none) && none.Name != "" && !strings.HasPrefix(none.Name, "-") {
			out.Why = fmt.Sprintf("nothing has the ID or UID %q", none.Name)
			out.Next = g.command("list " + quoteArg(none.Name))
		}
	case errors.Is(err, hostprovider.ErrNoImages):
		out.Code, out.What, out.Why, out.Next = "no-images", "the run can't be taken back", cause(err, hostprovider.ErrNoImages), g.command("history")
	case errors.Is(err, pim.ErrNoObject), errors.Is(err, pim.ErrSeveral), errors.Is(err, pim.ErrLimit), errors.Is(err, pim.ErrNotWhole):
		out.Code, out.What, out.Next = "bad-text", "the text can't be taken", "give one whole vCard or iCalendar object"
	case errors.Is(err, hostprovider.ErrAmbiguous):
		out.Code, out.What, out.Why, out.Next = "ambiguous", "that names several items", cause(err, hostprovider.ErrAmbiguous), g.command("list")+", and use an ID"
	default:
		return false
	}
	return true
}

// explainFile explains what the file system said.
func (g *globals) explainFile(out *failure, err error) bool {
	path := g.storePath()
	var pe *fs.PathError
	if errors.As(err, &pe) {
		path = pe.Path
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		out.Code, out.What, out.Why, out.Next = "not-found", "no such file or folder", path, "ls -l "+quoteArg(filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		out.Code, out.What, out.Why, out.Next = "permission", "no permission", path+" can't be read, or not be written", "ls -ld "+quoteArg(filepath.Dir(path))+" "+quoteArg(path)
	case errors.Is(err, syscall.ENOSPC):
		out.Code, out.What, out.Why, out.Next = "full", "the disk is full", path, "make room (df -h "+quoteArg(filepath.Dir(path))+"), and run the command again"
	default:
		return false
	}
	return true
}

// cause is the text of an error without that of the sentinel, which What says.
func cause(err, sentinel error) string {
	s := strings.TrimSuffix(err.Error(), ": "+sentinel.Error())
	if s == sentinel.Error() {
		return ""
	}
	if _, rest, ok := strings.Cut(s, sentinel.Error()+": "); ok {
		return rest
	}
	return s
}

// innermost is the text of the error at the bottom of a chain.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// command is a command line with the phone and the store of this one.
func (g *globals) command(words string) string {
	name, _, _ := strings.Cut(words, " ")
	if name == "sync" && g.sync != "" {
		return g.sync
	}
	c := "cradle " + words
	if g.phone != "" && g.phone != "usb" && slices.Contains([]string{"sync", "undo", "reset", "pair", "unpair"}, name) {
		c += " --phone " + quoteArg(g.phone)
	}
	if g.store != "" {
		c += " --store " + quoteArg(g.store)
	}
	return c
}

// again is how a command that was stopped is carried on.
func (g *globals) again() string {
	switch g.running {
	case "sync", "undo", "reset", "pair", "unpair", "doctor", "history", "devices", "":
		return g.command(cmp.Or(g.running, "sync"))
	}
	return "run the command again"
}

// onceMore is the end of a next step: the command that is to be run then.
func (g *globals) onceMore() string {
	again := g.again()
	if strings.HasPrefix(again, "cradle ") {
		return "run: " + again
	}
	return again
}

func (g *globals) explainOpen(o *usb.OpenError) *failure {
	f := &failure{exit: exitNoPhone, Code: "usb", What: o.Summary(), Why: o.Why, Next: o.Next, err: o}
	switch {
	case errors.Is(o, usb.ErrBusy):
		f.exit, f.Code = exitBusy, "busy"
		if pid := cradleHolding(o); pid != 0 {
			f.Next = fmt.Sprintf("wait until it has ended, or end it (kill %d), and %s", pid, g.onceMore())
		}
	case errors.Is(o, usb.ErrNoPermission):
		f.exit, f.Code = exitFailure, "no-permission"
		f.Why, f.Next = g.permission(o.Device)
	case errors.Is(o, usb.ErrChargeOnly):
		f.Code = "charge-only"
	}
	return f
}

// worst picks the exit code that counts when several apply.
func worst(codes ...int) int {
	for _, c := range []int{exitInterrupted, exitFailure, exitNewer, exitBusy, exitNoPhone, exitBraked, exitConflicts, exitItemsFailed, exitUsage} {
		for _, have := range codes {
			if have == c {
				return c
			}
		}
	}
	return exitDone
}
