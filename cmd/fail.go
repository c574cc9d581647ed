package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

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

// quiet is an exit code whose reason stands in the output already.
type quiet int

func (q quiet) Error() string { return fmt.Sprintf("exit %d", int(q)) }

func usageError(format string, args ...any) error {
	return &failure{exit: exitUsage, Code: "usage", What: fmt.Sprintf(format, args...), Next: "cradle help"}
}

// explain turns any error into one for people.
func explain(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	var open *usb.OpenError
	if errors.As(err, &open) {
		return explainOpen(open)
	}
	out := &failure{exit: exitFailure, Code: "failed", What: "that didn't work", Why: err.Error(), Next: "cradle doctor", err: err}
	switch {
	case errors.Is(err, context.Canceled):
		out.exit, out.Code, out.What, out.Next = exitInterrupted, "interrupted", "interrupted", "cradle sync"
	case errors.Is(err, engine.ErrNewer):
		out.exit, out.Code, out.What, out.Next = exitNewer, "newer", "written by a newer Cradle", "install the newer version of cradle"
	case errors.Is(err, engine.ErrGone), errors.Is(err, mtp.ErrDeviceGone):
		out.exit, out.Code, out.What, out.Next = exitNoPhone, "gone", "the phone is gone in the middle", "plug it in again and run: cradle sync"
	case errors.Is(err, devprovider.ErrNoStorage):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "locked", "the phone shows no storage", "it is locked, or not in file transfer mode", "unlock it, choose file transfer, and run: cradle sync"
	case errors.Is(err, mtp.ErrSessionLost):
		out.exit, out.Code, out.What, out.Next = exitNoPhone, "session-lost", "the connection to the phone broke off", "unplug it, plug it in again and run: cradle sync"
	case errors.Is(err, hostprovider.ErrForeign):
		out.Code, out.What, out.Next = "foreign", "the store can't be used", "cradle doctor, or choose another with --store FILE"
	case errors.Is(err, hostprovider.ErrNotFound):
		out.Code, out.What, out.Next = "not-found", "no such item", "cradle list"
	case errors.Is(err, hostprovider.ErrNoImages):
		out.Code, out.What, out.Next = "no-images", "the run can't be taken back", "cradle history"
	case errors.Is(err, pim.ErrNoObject), errors.Is(err, pim.ErrSeveral), errors.Is(err, pim.ErrLimit):
		out.Code, out.What, out.Next = "bad-text", "the text can't be taken", "give one whole vCard or iCalendar object"
	case errors.Is(err, hostprovider.ErrAmbiguous):
		out.Code, out.What, out.Next = "ambiguous", "that names several items", "cradle list, and use an ID"
	case errors.Is(err, devprovider.ErrReadOnly):
		out.Code, out.What, out.Next = "read-only", "the phone can't be written to", "choose file transfer on the phone, or free its storage from write protection"
	case errors.Is(err, devprovider.ErrFull):
		out.Code, out.What, out.Next = "full", "the phone is full", "make room on the phone and run: cradle sync"
	case errors.Is(err, fs.ErrNotExist):
		out.Code, out.What, out.Next = "not-found", "no such file", "check the path"
	case errors.Is(err, fs.ErrPermission):
		out.Code, out.What, out.Next = "permission", "no permission", "check who owns the file"
	}
	return out
}

func explainOpen(o *usb.OpenError) *failure {
	f := &failure{exit: exitNoPhone, Code: "usb", What: fmt.Sprintf("%s: %s", o.Device, o.What), Why: o.Why, Next: o.Next, err: o}
	switch {
	case errors.Is(o, usb.ErrBusy):
		f.exit, f.Code = exitBusy, "busy"
	case errors.Is(o, usb.ErrNoPermission):
		f.exit, f.Code = exitFailure, "no-permission"
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
