package mtp_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// spied is a phone whose transactions and writes are kept.
type spied struct {
	mtp.Transport
	writes []int
	seen   []mtp.Transaction
	s      *mtp.Session
	id     mtp.StorageID
}

func (p *spied) Write(ctx context.Context, b []byte) error {
	p.writes = append(p.writes, len(b))
	return p.Transport.Write(ctx, b)
}

// spy opens a session with a phone that no table knows and that holds a folder
// of three files.
func spy(t *testing.T, quirks mtp.Quirks, o hwtest.Options) *spied {
	t.Helper()
	dir := t.TempDir()
	tree(t, dir, map[string]string{"dir/a": "aaa", "dir/b": "bb", "dir/c": string(pattern(1012))})
	o.Extensions = "microsoft.com: 1.0;"
	p := &spied{Transport: phone(t, hwtest.Android, dir, o).Transport()}
	var err error
	p.s, err = mtp.Open(t.Context(), p, mtp.Options{Quirks: quirks, Observe: func(x mtp.Transaction) { p.seen = append(p.seen, x) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.s.Close(context.Background()); p.Close() })
	p.id = firstStorage(t, p.s)
	p.seen, p.writes = nil, nil
	return p
}

func (p *spied) ops() (ops []mtp.OpCode) {
	for _, x := range p.seen {
		ops = append(ops, x.Op)
	}
	return ops
}

func (p *spied) has(op mtp.OpCode) bool { return slices.Contains(p.ops(), op) }

func (p *spied) put(t *testing.T, parent mtp.ObjectHandle, size int) mtp.Created {
	t.Helper()
	c, err := p.s.CreateObject(t.Context(), p.id, parent, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "new"}, pattern(size))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// remedies are what a session does about each quirk. They are played with the
// quirk and without it; on says which, and the result has to differ.
var remedies = map[mtp.Quirks]func(t *testing.T, on mtp.Quirks) (done bool){
	mtp.QuirkPropListByProp: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		listed(t, p, p.id)
		return !slices.ContainsFunc(p.seen, func(x mtp.Transaction) bool {
			return x.Op == mtp.OpGetObjectPropList && x.Params[2] == mtp.AllProps
		})
	},
	mtp.QuirkNoPropList: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		listed(t, p, p.id)
		return p.has(mtp.OpGetObjectInfo) && !p.has(mtp.OpGetObjectPropList)
	},
	mtp.QuirkNoOutZLP: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{Lies: responder.LieStallZLP})
		p.put(t, mtp.Root, 500)
		return !slices.Contains(p.writes, 0)
	},
	mtp.QuirkSplitHeader: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		p.put(t, mtp.Root, 100)
		return slices.Contains(p.writes, 100) && !slices.Contains(p.writes, 112)
	},
	mtp.QuirkIgnoreHeader: func(t *testing.T, on mtp.Quirks) (done bool) {
		d := opened(mtp.DeviceInfo{})
		d.command(mtp.OpGetObject, 9)
		garbage := d.data([]byte("body"))
		garbage[6], garbage[8] = 1, 99 // of another operation and transaction
		d.in(garbage)
		d.respond(mtp.OK)
		play(t, d, mtp.Options{Quirks: on}, func(s *mtp.Session) {
			b, err := s.GetObjectBytes(t.Context(), 9, 100)
			if err != nil {
				t.Error(err)
			}
			done = string(b) == "body"
		})
		return done
	},
	mtp.QuirkLongTimeout: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{Scenario: scenario(t, "latency 40s GetObjectHandles")})
		_, err := p.s.GetObjectHandles(t.Context(), p.id, 0, mtp.Root)
		if err != nil && !errors.Is(err, mtp.ErrTimeout) {
			t.Error(err)
		}
		return err == nil
	},
	mtp.QuirkNoCloseSession: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		if err := p.s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		again, err := mtp.Open(t.Context(), p.Transport, mtp.Options{Quirks: on, Observe: func(x mtp.Transaction) { p.seen = append(p.seen, x) }})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close(context.Background())
		if _, err := again.GetStorageIDs(t.Context()); err != nil { // in the session left open
			t.Error(err)
		}
		return !p.has(mtp.OpCloseSession)
	},
	mtp.QuirkNoSetPropList: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		c := p.put(t, mtp.Root, 5)
		if err := p.s.SetObjectPropList(t.Context(), []mtp.ObjectProp{{Handle: c.Handle, Code: mtp.PropObjectFileName, Value: mtp.StringValue("other")}}); err != nil {
			t.Error(err)
		}
		return p.has(mtp.OpSetObjectPropValue) && !p.has(mtp.OpSetObjectPropList)
	},
	mtp.QuirkPartialEnd: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		h := listed(t, p, p.id)["c"]
		if b, err := p.s.GetPartialObject(t.Context(), h, 512, 500); err != nil || len(b) != 500 {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		last := p.seen[len(p.seen)-1]
		return last.Params[len(last.Params)-1] == 1
	},
	mtp.QuirkShortEnd: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		_, err := p.s.CreateObject(t.Context(), p.id, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "sixty-four"}, pattern(64-12))
		if err != nil && (!errors.Is(err, mtp.ErrUnsendable) || len(p.seen) > 0) {
			t.Errorf("%v after %v", err, p.ops())
		}
		p.put(t, mtp.Root, 64-12+1)
		return err != nil
	},
	mtp.QuirkListFirst: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		p.put(t, mtp.Root, 5)
		return slices.Index(p.ops(), mtp.OpGetObjectHandles) == 0
	},
	mtp.QuirkEventPoll: func(t *testing.T, on mtp.Quirks) bool {
		tr := &lateEvents{Transport: &huge{t: t}}
		s, err := mtp.Open(t.Context(), tr, mtp.Options{Quirks: on})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())
		synctest.Wait() // the pipe is being read
		tr.ready.Store(true)
		select {
		case e := <-s.Events():
			return e.Code == mtp.EventObjectAdded
		case <-time.After(time.Minute):
			return false
		}
	},
	mtp.QuirkNoBattery: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		_, err := p.s.GetDevicePropDesc(t.Context(), mtp.DevicePropBatteryLevel)
		_, verr := p.s.GetDevicePropValue(t.Context(), mtp.DevicePropBatteryLevel, mtp.TypeUint8)
		if on != 0 && (!errors.Is(err, mtp.DevicePropNotSupported) || !errors.Is(verr, mtp.DevicePropNotSupported)) {
			t.Errorf("%v, %v, want DevicePropNotSupported", err, verr)
		}
		return len(p.seen) == 0
	},
	mtp.QuirkBMPNames: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		const name = "😀.txt"
		fileName := mtp.ObjectProp{Code: mtp.PropObjectFileName, Value: mtp.StringValue(name)}
		c := p.put(t, mtp.Root, 5)
		fileName.Handle = c.Handle
		p.seen = nil
		refused := 0
		for what, do := range map[string]func() error{
			"file": func() error {
				_, err := p.s.CreateObject(t.Context(), p.id, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: name}, pattern(5))
				return err
			},
			"folder": func() error {
				_, err := p.s.CreateFolder(t.Context(), p.id, mtp.Root, "d"+name)
				return err
			},
			"list": func() error {
				_, err := p.s.SendObjectPropList(t.Context(), p.id, mtp.Root, mtp.FormatUndefined, 0, []mtp.ObjectProp{{Code: mtp.PropObjectFileName, Value: mtp.StringValue("2" + name)}})
				return err
			},
			"rename":      func() error { return p.s.Rename(t.Context(), c.Handle, "3"+name) },
			"set by list": func() error { return p.s.SetObjectPropList(t.Context(), []mtp.ObjectProp{fileName}) },
		} {
			if err := do(); errors.Is(err, mtp.ErrUnsendableName) {
				refused++
			} else if on != 0 {
				t.Errorf("%s: %v", what, err)
			}
		}
		return refused == 5 && len(p.seen) == 0
	},
	mtp.QuirkOwnTimes: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		changed := time.Date(2024, 2, 29, 12, 34, 56, 0, time.Local)
		there := func(at time.Time) *mtp.ObjectEntry {
			face := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
			return &mtp.ObjectEntry{Size: 5, Modified: face, HasModified: true}
		}
		if !p.s.IsSent(there(changed), 5, changed.Add(time.Second)) || !p.s.IsSent(&mtp.ObjectEntry{Size: 5}, 5, changed) {
			t.Error("its size and its time aren't enough")
		}
		if p.s.IsSent(there(changed), 6, changed) || p.s.IsSent(there(changed), 5, changed.Add(time.Minute)) {
			t.Error("another size, or a change since, is no difference")
		}
		return p.s.IsSent(there(changed.Add(time.Hour)), 5, changed)
	},
	mtp.QuirkNoAllStorages: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{Lies: responder.LieAllStorages})
		hs, err := p.s.GetObjectHandles(t.Context(), mtp.AllStorages, 0, listed(t, p, p.id)["dir"])
		if err != nil {
			return false
		}
		n, err := p.s.GetNumObjects(t.Context(), mtp.AllStorages, 0, mtp.Root)
		return err == nil && n == 1 && len(hs) == 3
	},
	mtp.QuirkSettleClose: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		h := p.put(t, mtp.Root, 5).Handle
		late := func(change func() error) bool {
			time.Sleep(time.Hour)
			if err := change(); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := p.s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			took := time.Since(began)
			var err error
			if p.s, err = mtp.Open(t.Context(), p.Transport, mtp.Options{Quirks: on}); err != nil {
				t.Fatal(err)
			}
			return took >= 100*time.Millisecond
		}
		if late(func() error { _, err := p.s.GetObjectInfo(t.Context(), h); return err }) {
			t.Error("where nothing was changed it is waited too")
		}
		return late(func() error { return p.s.Rename(t.Context(), h, "other") }) &&
			late(func() error { p.put(t, mtp.Root, 7); return nil }) &&
			late(func() error { return p.s.DeleteObject(t.Context(), h) })
	},
	// Never used, so that nothing differs.
	mtp.QuirkNoSendPropList: func(t *testing.T, on mtp.Quirks) bool {
		p := spy(t, on, hwtest.Options{})
		p.put(t, mtp.Root, 5)
		return p.has(mtp.OpSendObjectInfo) && !p.has(mtp.OpSendObjectPropList)
	},
}

// listed lists the folder "dir", into one map with the top.
func listed(t *testing.T, p *spied, storage mtp.StorageID) map[string]mtp.ObjectHandle {
	t.Helper()
	all := map[string]mtp.ObjectHandle{}
	for _, folder := range []string{"", "dir"} {
		es, err := p.s.ListFolder(t.Context(), storage, all[folder])
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			all[e.Name] = e.Handle
		}
	}
	if len(all) != 4 {
		t.Fatalf("listed %v", all)
	}
	return all
}

func scenario(t *testing.T, text string) *hwtest.Scenario {
	t.Helper()
	s, err := hwtest.ParseScenario(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lateEvents gives an event only to a read that begins after it is there.
type lateEvents struct {
	mtp.Transport
	ready atomic.Bool
}

func (l *lateEvents) ReadEvent(ctx context.Context) ([]byte, error) {
	if l.ready.CompareAndSwap(true, false) {
		return mtp.Event{Code: mtp.EventObjectAdded}.AppendBinary(nil)
	}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// TestRemedies: about every quirk a session does what the table says, and not
// without it.
func TestRemedies(t *testing.T) {
	for _, q := range (^mtp.Quirks(0)).Split() {
		if q.Symptom() == "" {
			continue
		}
		do := remedies[q]
		if do == nil {
			t.Errorf("%v: no test of its remedy", q)
			continue
		}
		t.Run(q.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // some wait for a device
				if !do(t, q) {
					t.Errorf("%s: not so", q.Remedy())
				}
				if q != mtp.QuirkNoSendPropList && do(t, 0) {
					t.Errorf("%s: so without the quirk too", q.Remedy())
				}
			})
		})
	}
}
