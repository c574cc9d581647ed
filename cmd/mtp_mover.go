package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"cradle/mtp"
	"cradle/mtp/files"
)

// mtpMoveDocument is the JSON of mtp get, put and rm.
type mtpMoveDocument struct {
	Version int          `json:"version"`
	Files   []mtpMoved   `json:"files"`
	Failed  []mtpFailure `json:"failed"`
	// Error is what ended the command before its end.
	Error *failure `json:"error"`
}

type mtpMoved struct {
	Path  string `json:"path"`  // on the phone
	Local string `json:"local"` // here; empty: it was deleted
	Bytes int64  `json:"bytes"`
	// Resumed are those of Bytes that were there before.
	Resumed int64 `json:"resumed"`
}

type mtpFailure struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// failures tells what concerns one file alone from what ends a command.
type failures struct {
	t          *files.Tree
	unanswered int // files in a row for which the phone didn't answer
}

// unansweredMost is for how many files in a row a phone may not answer: each takes its time.
const unansweredMost = 3

// end reports whether the command ends with an error, which isn't one of this file alone.
func (f *failures) end(err error) bool {
	if !errors.Is(err, mtp.ErrTimeout) {
		f.unanswered = 0
	} else if f.unanswered++; f.unanswered >= unansweredMost {
		return true
	}
	if f.t.Err() != nil {
		return true
	}
	return slices.ContainsFunc([]error{
		context.Canceled, files.ErrNoStorage, mtp.StoreFull, mtp.StoreReadOnly, mtp.StoreNotAvailable, mtp.InvalidStorageID, syscall.ENOSPC, syscall.EROFS,
	}, func(e error) bool { return errors.Is(err, e) })
}

// mover moves files one by one and remembers what came of it. What concerns one
// file alone doesn't end it.
type mover struct {
	failures
	g    *globals
	doc  mtpMoveDocument
	bar  *transferProgress
	opts files.Options
	// again: a put that may be that of an interrupted one, which sends no file twice.
	again bool
	next  []string // steps, of the files that failed
}

func (g *globals) newMover(t *files.Tree, o mtpMoveOptions) *mover {
	bar := newTransferProgress(g)
	return &mover{
		g: g, failures: failures{t: t}, bar: bar,
		doc:  mtpMoveDocument{Version: 1, Files: []mtpMoved{}, Failed: []mtpFailure{}},
		opts: files.Options{Replace: o.force, Restart: o.restart, Progress: bar.update},
	}
}

// one takes the outcome for one file; an error ends the command.
func (m *mover) one(err error, path, line string, moved mtpMoved) error {
	m.bar.done()
	switch {
	case err == nil:
		m.unanswered = 0
		m.doc.Files = append(m.doc.Files, moved)
		if !m.g.json {
			m.g.say("%s", plain(line))
		}
	case m.end(err):
		return err
	default:
		m.doc.Failed = append(m.doc.Failed, mtpFailure{path, err.Error()})
		m.g.warn("%v", err)
		if next := m.g.nextOf(err); next != "" && !slices.Contains(m.next, next) {
			m.next = append(m.next, next)
		}
	}
	return nil
}

// nextOf is the next step after a file that failed alone; empty: there is none but
// what the error says.
func (g *globals) nextOf(err error) string {
	switch {
	case errors.Is(err, files.ErrCannotReplace):
		return "cradle mtp rm deletes what is there; then run the command again"
	case errors.Is(err, files.ErrFolder):
		return "give another name with --to, or take the folder away"
	case errors.Is(err, files.ErrExists):
		return "run the command again with --force, which replaces what is there, or give another name with --to"
	case errors.Is(err, files.ErrNotFile):
		return "--to - writes a file to standard output, wherever that goes"
	case errors.Is(err, files.ErrGrown):
		return "run the command again with --force when no program writes to the file"
	case errors.Is(err, files.ErrShrunk):
		return "run the command again when no program writes to the file"
	case errors.Is(err, files.ErrName), errors.Is(err, mtp.ErrUnsendableName):
		return "cradle mtp put FILE --to /FOLDER/NAME sends a file under another name"
	case errors.Is(err, files.ErrNotFound), errors.Is(err, files.ErrNotFolder):
		return g.listCommand()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), mtp.IsRefusal(err), errors.Is(err, mtp.ErrUnsendable):
		return ""
	case errors.Is(err, mtp.ErrTimeout), errors.Is(err, mtp.ErrStalled):
		return "run the command again, which tries once more what failed"
	}
	return ""
}

// finish prints the document and decides the exit code.
func (m *mover) finish(err error) error {
	m.bar.done()
	var f *failure
	if err != nil {
		f = m.g.explain(err)
	}
	if m.g.json {
		m.doc.Error = f
		if perr := m.g.print(m.doc); perr != nil {
			return perr
		}
	}
	for _, next := range m.next {
		fmt.Fprintf(m.g.stderr, "  next: %s\n", next)
	}
	switch {
	case f != nil && m.g.json:
		m.g.warn("%s", f.Error())
		fmt.Fprintf(m.g.stderr, "  next: %s\n", f.Next)
		return quiet(f.exit)
	case err == nil && len(m.doc.Failed) > 0:
		return quiet(exitItemsFailed)
	}
	return err
}

// warn says something on standard error.
func (g *globals) warn(format string, args ...any) {
	fmt.Fprintf(g.stderr, "cradle: %s\n", plain(fmt.Sprintf(format, args...)))
}
