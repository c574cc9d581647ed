package hwtest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// liar is a phone that lies, with ten files f0 … f9 of 0 to 9 bytes at the top
// and a folder of two more.
type liar struct {
	t       *testing.T
	dir     string
	p       *hwtest.Phone
	s       *mtp.Session
	storage mtp.StorageID
}

func (l *liar) handles(parent mtp.ObjectHandle) ([]mtp.ObjectHandle, error) {
	return l.s.GetObjectHandles(context.Background(), l.storage, 0, parent)
}

func (l *liar) list(h mtp.ObjectHandle, prop uint32, depth uint32) ([]mtp.ObjectProp, error) {
	return l.s.GetObjectPropList(context.Background(), h, 0, prop, 0, depth)
}

func (l *liar) info(name string) mtp.ObjectInfo {
	l.t.Helper()
	info, err := l.s.GetObjectInfo(context.Background(), handle(l.t, l.s, name))
	if err != nil {
		l.t.Fatal(err)
	}
	return info
}

// refused is the response code in err.
func refused(err error) mtp.RespCode {
	var code mtp.RespCode
	if err == nil {
		return mtp.OK
	}
	errors.As(err, &code)
	return code
}

// TestLies holds each lie of the table against what it says.
func TestLies(t *testing.T) {
	ctx := context.Background()
	const size, name = uint32(mtp.PropObjectSize), uint32(mtp.PropObjectFileName)
	wire := func(l *liar) string { // a lie of the wire: everything works all the same
		body := strings.Repeat("x", 500) // with its header a full packet
		c, err := send(l.s, l.storage, mtp.Root, "wire", body)
		if err != nil {
			return fmt.Sprint("send: ", err)
		}
		for range 3 {
			if got, err := l.s.GetObjectBytes(ctx, c.Handle, 1000); err != nil || string(got) != body {
				return fmt.Sprintf("got %d bytes, %v", len(got), err)
			}
		}
		return ""
	}
	checks := map[string]func(l *liar) string{
		"proplist-depth": func(l *liar) string {
			props, err := l.list(handle(l.t, l.s, "sub"), name, 1)
			if err != nil || len(props) != 1 || props[0].Value.Text() != "sub" {
				return fmt.Sprint(props, err)
			}
			return ""
		},
		"proplist-short": func(l *liar) string {
			props, err := l.list(mtp.Root, size, 1)
			if err != nil || len(props) != 10 {
				return fmt.Sprintf("%d of 11, %v, want 10", len(props), err)
			}
			return ""
		},
		"proplist-fail": func(l *liar) string {
			if _, err := l.list(mtp.Root, size, 1); refused(err) != mtp.GeneralError {
				return fmt.Sprint(err)
			}
			return ""
		},
		"proplist-empty": func(l *liar) string {
			if props, err := l.list(mtp.Root, size, 1); err != nil || len(props) != 0 {
				return fmt.Sprint(props, err)
			}
			return ""
		},
		"proplist-mixed": func(l *liar) string {
			props, err := l.list(mtp.Root, mtp.AllProps, 1)
			sub := handle(l.t, l.s, "sub")
			for _, p := range props {
				if p.Handle == sub && p.Code == mtp.PropAssociationType {
					return "the folder has its own properties"
				}
			}
			if err != nil || len(props) == 0 {
				return fmt.Sprint(props, err)
			}
			return ""
		},
		"duplicate-list": func(l *liar) string {
			all, err := l.handles(mtp.Root)
			if err != nil || len(all) != 12 || all[0] != all[11] {
				return fmt.Sprint(all, err)
			}
			props, err := l.list(mtp.Root, size, 1)
			if err != nil || len(props) != 12 || props[0] != props[1] {
				return fmt.Sprint(props, err)
			}
			return ""
		},
		"partial-list": func(l *liar) string {
			if all, err := l.handles(mtp.Root); refused(err) != mtp.GeneralError {
				return fmt.Sprint(all, err)
			}
			tx := l.p.Log()[l.p.Transactions()-1]
			if tx.In != 4+4*5 {
				return fmt.Sprintf("%d bytes, want five handles", tx.In)
			}
			return ""
		},
		"handles-short": func(l *liar) string {
			if all, err := l.handles(mtp.Root); err != nil || len(all) != 10 {
				return fmt.Sprint(all, err)
			}
			return ""
		},
		"handles-fail": func(l *liar) string {
			if _, err := l.handles(handle(l.t, l.s, "sub")); refused(err) != mtp.GeneralError {
				return fmt.Sprint(err)
			}
			return ""
		},
		"handles": func(l *liar) string {
			before := handle(l.t, l.s, "f1")
			if err := l.s.Close(ctx); err != nil {
				return fmt.Sprint(err)
			}
			l.s = session(l.t, l.p)
			if _, err := l.s.GetObjectInfo(ctx, before); refused(err) != mtp.InvalidObjectHandle {
				return fmt.Sprint("the old handle: ", err)
			}
			if after := handle(l.t, l.s, "f1"); after == before {
				return "the same handle"
			}
			return ""
		},
		"size": func(l *liar) string {
			if got := l.info("f3").Size; got != mtp.UnknownSize {
				return fmt.Sprint(got)
			}
			return ""
		},
		"wide-info": func(l *liar) string {
			tx := func() int64 { l.info("f3"); return l.p.Log()[l.p.Transactions()-1].In }()
			narrow := mtp.ObjectInfo{FileName: "f3", CaptureDate: noonText, ModificationDate: noonText}
			b, _ := narrow.AppendBinary(nil)
			if got := l.info("f3"); got.Size != 3 || tx != int64(len(b)+4) {
				return fmt.Sprintf("size %d in %d bytes, want 3 in %d", got.Size, tx, len(b)+4)
			}
			return ""
		},
		"bad-object": func(l *liar) string {
			all, err := l.handles(handle(l.t, l.s, "sub"))
			if err != nil || len(all) != 2 {
				return fmt.Sprint(all, err)
			}
			if _, err := l.s.GetObjectInfo(ctx, all[1]); refused(err) != mtp.GeneralError {
				return fmt.Sprint(err)
			}
			if props, err := l.list(handle(l.t, l.s, "sub"), size, 1); err != nil || len(props) != 1 {
				return fmt.Sprint(props, err)
			}
			return ""
		},
		"bad-dates": func(l *liar) string {
			if got := l.info("f1").ModificationDate; got != "20480000T000000" {
				return got
			}
			return ""
		},
		"sendinfo-date": func(l *liar) string {
			_, err := l.s.CreateObject(ctx, l.storage, mtp.Root, &mtp.ObjectInfo{FileName: "d", ModificationDate: noonText}, nil)
			if got := l.info("d").ModificationDate; err != nil || got == noonText {
				return fmt.Sprint(got, err)
			}
			return ""
		},
		"set-date": func(l *liar) string {
			err := l.s.SetObjectPropValue(ctx, handle(l.t, l.s, "f1"), mtp.PropDateModified, mtp.StringValue("20200101T000000"))
			if got := l.info("f1").ModificationDate; err == nil || got != noonText {
				return fmt.Sprint(got, err)
			}
			return ""
		},
		"move": func(l *liar) string {
			h := handle(l.t, l.s, "f1")
			if err := l.s.MoveObject(ctx, h, l.storage, handle(l.t, l.s, "sub")); refused(err) != mtp.GeneralError {
				return fmt.Sprint(err)
			}
			if _, err := l.s.CopyObject(ctx, h, l.storage, handle(l.t, l.s, "sub")); refused(err) != mtp.GeneralError {
				return fmt.Sprint(err)
			}
			return ""
		},
		"rename": func(l *liar) string {
			if err := l.s.Rename(ctx, handle(l.t, l.s, "f1"), "other"); err != nil {
				return fmt.Sprint(err)
			}
			if slices.Contains(names(l.t, l.dir), "other") {
				return "it was renamed"
			}
			return ""
		},
		"delete": func(l *liar) string {
			if err := l.s.DeleteObject(ctx, handle(l.t, l.s, "f1")); err != nil {
				return fmt.Sprint(err)
			}
			handle(l.t, l.s, "f1")
			return ""
		},
		"full-late": func(l *liar) string {
			c, err := l.s.SendObjectInfo(ctx, l.storage, mtp.Root, &mtp.ObjectInfo{FileName: "big", Size: 2000})
			if err != nil {
				return fmt.Sprint(err)
			}
			if err := l.s.SendObjectBytes(ctx, make([]byte, 2000)); refused(err) != mtp.StoreFull {
				return fmt.Sprint(c, err)
			}
			if slices.Contains(names(l.t, l.dir), "big") {
				return "the torn object is left"
			}
			return ""
		},
		"short-write": func(l *liar) string {
			if _, err := send(l.s, l.storage, mtp.Root, "n", "0123456789"); err != nil {
				return fmt.Sprint(err)
			}
			if got := read(l.t, l.dir, "n"); got != "01234" {
				return got
			}
			return ""
		},
		"nul-write": func(l *liar) string {
			if _, err := send(l.s, l.storage, mtp.Root, "n", "01"); err != nil {
				return fmt.Sprint(err)
			}
			if got := read(l.t, l.dir, "n"); got != "\x00\x00" {
				return got
			}
			return ""
		},
		"root-parent": func(l *liar) string {
			if got := l.info("f1").Parent; got != mtp.ObjectHandle(l.storage) {
				return fmt.Sprint(got)
			}
			return ""
		},
		"root-zero": func(l *liar) string {
			r := newRaw(l.t, l.p.Transport())
			r.do(mtp.OpOpenSession, nil, 1)
			resp, _ := r.do(mtp.OpGetNumObjects, nil, uint32(l.storage), 0, 0)
			if resp.Params[0] != 11 {
				return fmt.Sprintf("%d objects, want 11", resp.Params[0])
			}
			return ""
		},
		"no-events": func(l *liar) string {
			l.p.Lock()
			select {
			case e := <-l.s.Events():
				return e.String()
			case <-time.After(10 * time.Millisecond):
			}
			return ""
		},
		"busy": func(l *liar) string {
			h, from := handle(l.t, l.s, "f1"), l.p.Transactions()
			for range 30 {
				_, _ = l.s.GetObjectInfo(ctx, h) // a session may try again by itself
			}
			busy := 0
			for _, tx := range l.p.Log()[from:] {
				if tx.Response == mtp.DeviceBusy {
					busy++
				}
			}
			if busy < 2 || busy > 4 {
				return fmt.Sprintf("busy %d times in 30", busy)
			}
			return ""
		},
		"dummy-byte": func(l *liar) string {
			write(l.t, l.dir, "f0", strings.Repeat("x", 500))
			h := handle(l.t, l.s, "f0")
			r := newRaw(l.t, l.p.Transport())
			r.do(mtp.OpOpenSession, nil, 1)
			if _, data := r.do(mtp.OpGetObject, nil, uint32(h)); len(data) != 501 || data[500] != 0 {
				return fmt.Sprintf("%d bytes of payload, want 500 and a zero", len(data))
			}
			return ""
		},
		"partial-end": func(l *liar) string {
			write(l.t, l.dir, "f0", strings.Repeat("x", 1000))
			h := handle(l.t, l.s, "f0")
			ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			if p, err := l.s.GetPartialObject(ctx, h, 500, 500); err == nil {
				return fmt.Sprintf("%d bytes", len(p))
			}
			if p, err := l.s.GetPartialObject(context.Background(), h, 400, 500); err != nil || len(p) != 500 {
				return fmt.Sprintf("before the end: %d bytes, %v", len(p), err)
			}
			return ""
		},
		"stall-zlp": func(l *liar) string {
			r := newRaw(l.t, l.p.Transport())
			for _, short := range []string{"", "short"} {
				if err := r.tr.Write(ctx, []byte(short)); !errors.Is(err, mtp.ErrStalled) {
					return fmt.Sprintf("%d bytes: %v", len(short), err)
				}
			}
			r.do(mtp.OpOpenSession, nil, 1)
			return ""
		},
		"all-storages": func(l *liar) string {
			if hs, err := l.s.GetObjectHandles(ctx, l.storage, 0, mtp.Root); err != nil || len(hs) != 11 {
				return fmt.Sprint(hs, err)
			}
			if _, err := l.s.GetObjectHandles(ctx, mtp.AllStorages, 0, mtp.Root); refused(err) != mtp.InvalidStorageID {
				return fmt.Sprint(err)
			}
			ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			if ids, err := l.s.GetStorageIDs(ctx); err == nil {
				return fmt.Sprint(ids)
			}
			return ""
		},
		"names": func(l *liar) string {
			all, err := l.handles(mtp.Root)
			if err != nil {
				return fmt.Sprint(err)
			}
			for _, h := range all {
				if info, err := l.s.GetObjectInfo(ctx, h); err != nil || !strings.HasPrefix(info.FileName, "../") {
					return fmt.Sprint(info.FileName, err)
				}
			}
			return ""
		},
		"strange-names": func(l *liar) string {
			all, err := l.handles(mtp.Root)
			if err != nil {
				return fmt.Sprint(err)
			}
			got := map[string]bool{}
			for _, h := range all {
				info, err := l.s.GetObjectInfo(ctx, h)
				if err != nil {
					return fmt.Sprint(err)
				}
				got[info.FileName] = true
			}
			for _, want := range []string{"..", "a/b", "nul", "half\uFFFD.vcf", strings.Repeat("x", 254)} {
				if !got[want] {
					return fmt.Sprintf("no %q among %v", want, got)
				}
			}
			return ""
		},
		"same-handles": func(l *liar) string {
			all, err := l.handles(mtp.Root)
			if err != nil || len(all) != 11 || all[1] != all[2] || all[0] == all[1] {
				return fmt.Sprint(all, err)
			}
			props, err := l.list(mtp.Root, name, 1)
			if err != nil || len(props) != 11 || props[1].Handle != props[2].Handle || props[1].Value == props[2].Value {
				return fmt.Sprint(props, err)
			}
			return ""
		},
		"strange-dates": func(l *liar) string {
			if got := l.info("f1").ModificationDate; got == "" || got == noonText {
				return got
			}
			return ""
		},
		"info-changes": func(l *liar) string {
			first := l.s.Supports(mtp.OpGetObjectPropList)
			if err := l.s.Close(ctx); err != nil {
				return fmt.Sprint(err)
			}
			l.s = session(l.t, l.p)
			if second := l.s.Supports(mtp.OpGetObjectPropList); !first || second {
				return fmt.Sprint(first, second)
			}
			return ""
		},
		"growing-list": func(l *liar) string {
			for i := range 3 {
				if props, err := l.list(mtp.Root, size, 1); err != nil || len(props) != 12+i {
					return fmt.Sprint(len(props), err)
				}
			}
			return ""
		},
		"no-zlp": wire, "split-header": wire, "header-ids": wire, "pad-response": wire,
	}
	if len(checks) != len(responder.LieTable) {
		t.Errorf("%d checks for %d lies", len(checks), len(responder.LieTable))
	}
	for i, row := range responder.LieTable {
		t.Run(row.Name, func(t *testing.T) {
			if row.Lie != 1<<i {
				t.Errorf("row %d has another lie's bit", i)
			}
			if row.Symptom == "" || row.Seen == "" {
				t.Error("no symptom, or no source")
			}
			dir := t.TempDir()
			for i := range 10 {
				stamp(t, write(t, dir, fmt.Sprint("f", i), strings.Repeat("x", i)), noon)
			}
			write(t, dir, "sub/a", "a")
			write(t, dir, "sub/b", "b")
			synctest.Test(t, func(t *testing.T) { // some keep silent until they are called off
				l := &liar{t: t, dir: dir}
				l.p = open(t, hwtest.Android, dir, "free=1000&lie="+row.Name)
				var quirks mtp.Quirks
				if row.Lie == responder.LieHeaderIDs {
					quirks = mtp.QuirkIgnoreHeader
				}
				l.s = session(t, l.p, quirks)
				l.storage = top(t, l.s)
				if wrong := checks[row.Name](l); wrong != "" {
					t.Error(wrong)
				}
			})
		})
	}
}
