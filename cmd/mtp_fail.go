package cmd

import (
	"context"
	"errors"
	"strings"

	"cradle/mtp"
	"cradle/mtp/files"
)

// explainFiles explains what moving a phone's files came to. Its next steps are
// those commands' own, not a sync.
func (g *globals) explainFiles(out *failure, err error) bool {
	if !strings.HasPrefix(g.running, "mtp") {
		return false
	}
	const again = "run the command again"
	switch {
	case errors.Is(err, context.Canceled):
		out.exit, out.Code, out.What, out.Why, out.Next = exitInterrupted, "interrupted", "interrupted", "", again
	case errors.Is(err, files.ErrNoStorage) && !errors.Is(err, mtp.StoreNotAvailable):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "locked", "the phone shows no storage", "it is locked, or not in file transfer mode", "unlock it, choose file transfer, and "+again
	case errors.Is(err, mtp.ErrDeviceGone):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "gone", "the phone is gone in the middle", "the cable was pulled, or the phone left the bus", "plug it in again and "+again
	case errors.Is(err, mtp.ErrSessionLost):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "session-lost", "the connection to the phone broke off", innermost(err), "unplug it, plug it in again and "+again
	case errors.Is(err, mtp.ErrPartialList):
		out.Code, out.What, out.Why, out.Next = "partial", "the phone doesn't tell of all objects in a folder", err.Error(), g.listCommand()
	case errors.Is(err, files.ErrNotFound), errors.Is(err, files.ErrNotFolder):
		out.Code, out.What, out.Why, out.Next = "not-found", "no such file on the phone", cause(err, files.ErrNotFound), g.listCommand()
	case errors.Is(err, mtp.StoreFull):
		out.Code, out.What, out.Why, out.Next = "full", "the phone is full", err.Error(), "make room on the phone and "+again
	case errors.Is(err, mtp.AccessDenied), errors.Is(err, mtp.StoreReadOnly), errors.Is(err, mtp.ObjectWriteProtected):
		out.Code, out.What, out.Why, out.Next = "read-only", "the phone can't be written to", err.Error(), "choose file transfer on the phone, and "+again
	case errors.Is(err, mtp.ErrTimeout):
		out.Code, out.What, out.Why, out.Next = "silent", "the phone doesn't answer", err.Error()+"; it may have done it all the same", "unlock it, see whether it asks something, look with "+g.listCommand()+", and "+again
	case errors.Is(err, mtp.StoreNotAvailable), errors.Is(err, mtp.InvalidStorageID):
		out.exit, out.Code, out.What, out.Why, out.Next = exitNoPhone, "locked", "the phone shows this storage no longer", "it was locked in the middle, or a card was taken out", "unlock it, choose file transfer, and "+again
	case errors.Is(err, mtp.InvalidObjectHandle), errors.Is(err, mtp.InvalidParentObject):
		out.Code, out.What, out.Why, out.Next = "changed", "what was there is no longer on the phone", "it was locked in the middle, or something was deleted or moved there: "+innermost(err), "unlock it and "+again
	case errors.Is(err, mtp.ErrStalled), mtp.IsRefusal(err):
		out.What, out.Why, out.Next = "that didn't work with this phone", err.Error(), again
	default:
		return false
	}
	return true
}

// listCommand is how the files of the phone are listed.
func (g *globals) listCommand() string {
	list := "cradle mtp ls"
	if g.phone != "" && g.phone != "usb" {
		list += " --phone " + quoteArg(g.phone)
	}
	return list
}
