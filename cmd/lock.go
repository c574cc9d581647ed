package cmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/adrg/xdg"
)

// lockWait is how long a command waits for another one to end; tests wait less.
var lockWait = 10 * time.Second

// lockFolder is where locks lie: the user's runtime folder.
func lockFolder() (string, error) {
	dir := filepath.Join(xdg.RuntimeDir, "cradle")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("cradle-%d", os.Getuid()))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", fmt.Errorf("making the folder of locks: %w", err)
		}
	}
	return dir, nil
}

// lock takes the lock of a store or a phone, which kind and name say. Locks go
// with the process.
func lock(ctx context.Context, kind, name, command string) (release func(), err error) {
	dir, err := lockFolder()
	if err != nil {
		return nil, err
	}
	return lockIn(ctx, dir, kind, name, command)
}

func lockIn(ctx context.Context, dir, kind, name, command string) (release func(), err error) {
	path := filepath.Join(dir, lockName(kind, name))
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	deadline := time.Now().Add(lockWait)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("locking the %s: %w", kind, err)
		}
		if time.Now().After(deadline) {
			holder := holderOf(path)
			f.Close()
			return nil, &failure{exit: exitBusy, Code: "busy", What: fmt.Sprintf("the %s is in use", kind), Why: holder, Next: "wait until it has ended, and run the command again"}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	if err := f.Truncate(0); err == nil {
		// Without it the lock holds all the same, only nobody can tell who has it.
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+" "+command+"\n"), 0)
	}
	return func() {
		_ = f.Truncate(0)
		f.Close()
	}, nil
}

// lockName is the file name of a lock.
func lockName(kind, name string) string {
	sum := sha256.Sum256([]byte(name))
	return kind + "-" + hex.EncodeToString(sum[:12]) + ".lock"
}

// holderOf names the process that has a lock.
func holderOf(path string) string {
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return "by another cradle"
	}
	pid, command, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	return fmt.Sprintf("by process %s: %s", pid, command)
}
