package hwtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cradle/hwtest"
	"cradle/mtp"
)

// TestPhoneRoundTrip does with each kind what a sync does: list, read, send,
// read back, delete.
func TestPhoneRoundTrip(t *testing.T) {
	ctx := context.Background()
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			stamp(t, write(t, dir, "a.vcf", "hello"), noon)
			p, s := plug(t, kind, dir, "")
			storage := top(t, s)

			h := handle(t, s, "a.vcf")
			info, err := s.GetObjectInfo(ctx, h)
			if err != nil {
				t.Fatal(err)
			}
			want := mtp.ObjectInfo{Storage: storage, Format: mtp.FormatUndefined, Size: 5, FileName: "a.vcf", CaptureDate: noonText, ModificationDate: noonText}
			if d := cmp.Diff(want, info); d != "" {
				t.Errorf("ObjectInfo (-want +got):\n%s", d)
			}
			if body, err := s.GetObjectBytes(ctx, h, 100); string(body) != "hello" || err != nil {
				t.Errorf("GetObject = %q, %v, want hello", body, err)
			}
			if body, err := s.GetPartialObject(ctx, h, 1, 3); string(body) != "ell" || err != nil {
				t.Errorf("GetPartialObject = %q, %v, want ell", body, err)
			}

			folder, err := s.CreateFolder(ctx, storage, mtp.Root, "Grüße")
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{0, 1, 499, 500, 501, 512, 1012, 1024, 300_000, 256<<10 - 12, 2 << 20} {
				name := fmt.Sprintf("s%d.bin", size)
				body := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
				c, err := s.CreateObject(ctx, storage, folder.Handle,
					&mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: name, ModificationDate: noonText}, body)
				if err != nil {
					t.Fatalf("send %d bytes: %v", size, err)
				}
				if got := read(t, dir, "Grüße/"+name); got != string(body) {
					t.Errorf("sent %d bytes, the file has %d or others", size, len(got))
				}
				fi, err := os.Stat(filepath.Join(dir, "Grüße", name))
				if err != nil || !fi.ModTime().Equal(noon) {
					t.Errorf("%s: time %v, %v, want %v", name, fi.ModTime(), err, noon)
				}
				var got bytes.Buffer
				if _, err := s.GetObject(ctx, c.Handle, &got); err != nil || !bytes.Equal(got.Bytes(), body) {
					t.Errorf("%d bytes came back as %d, %v", size, got.Len(), err)
				}
			}
			if err := s.DeleteObject(ctx, folder.Handle); err != nil {
				t.Fatal(err)
			}
			if got, want := names(t, dir), []string{"a.vcf"}; !slices.Equal(got, want) {
				t.Errorf("left in the folder: %q, want %q", got, want)
			}
			if _, err := s.GetObjectInfo(ctx, folder.Handle); !errors.Is(err, mtp.InvalidObjectHandle) {
				t.Errorf("deleted folder: %v, want InvalidObjectHandle", err)
			}
			log := p.Log()
			if got := len(log); got != p.Transactions() {
				t.Errorf("%d transactions in the log, %d counted", got, p.Transactions())
			}
		})
	}
}

// TestPhoneSeesOutsideEdits changes the folder between transactions.
func TestPhoneSeesOutsideEdits(t *testing.T) {
	ctx := context.Background()
	for _, count := range []int{3, 200} { // 200: the listing is kept and watched
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			dir := t.TempDir()
			for i := range count {
				stamp(t, write(t, dir, fmt.Sprintf("f%03d", i), "x"), noon)
			}
			old := time.Now().Add(-time.Hour)
			stamp(t, dir, old)
			_, s := plug(t, hwtest.Android, dir, "")
			storage := top(t, s)
			list := func() int {
				all, err := s.GetObjectHandles(ctx, storage, 0, mtp.Root)
				if err != nil {
					t.Fatal(err)
				}
				return len(all)
			}
			size := func(name string) uint64 {
				props, err := s.GetObjectPropList(ctx, mtp.Root, 0, uint32(mtp.PropObjectFileName), 0, 1)
				if err != nil {
					t.Fatal(err)
				}
				sizes, err := s.GetObjectPropList(ctx, mtp.Root, 0, uint32(mtp.PropObjectSize), 0, 1)
				if err != nil {
					t.Fatal(err)
				}
				for i, p := range props {
					if p.Value.Text() == name {
						return sizes[i].Value.Uint()
					}
				}
				t.Fatalf("%s isn't listed", name)
				return 0
			}
			if got := list(); got != count {
				t.Fatalf("%d objects, want %d", got, count)
			}
			list()
			write(t, dir, "f001", "longer") // in place, while it is watched
			if got := size("f001"); got != 6 {
				t.Errorf("size after an edit: %d, want 6", got)
			}
			write(t, dir, "new", "")
			if got := list(); got != count+1 {
				t.Errorf("after an addition: %d objects, want %d", got, count+1)
			}
			h := handle(t, s, "f000")
			if err := os.Remove(filepath.Join(dir, "f000")); err != nil {
				t.Fatal(err)
			}
			if _, err := s.GetObjectInfo(ctx, h); !errors.Is(err, mtp.InvalidObjectHandle) {
				t.Errorf("removed file: %v, want InvalidObjectHandle", err)
			}
			if got := list(); got != count {
				t.Errorf("after a removal: %d objects, want %d", got, count)
			}
			if err := os.Symlink("/etc", filepath.Join(dir, "link")); err != nil {
				t.Fatal(err)
			}
			if got := list(); got != count {
				t.Errorf("with a link: %d objects, want %d: links are none", got, count)
			}
		})
	}
}

func TestAndroidChangesInPlace(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "a", "0123456789")
	write(t, dir, "sub/b", "b")
	_, s := plug(t, hwtest.Android, dir, "settimes=1")
	storage, a, sub := top(t, s), handle(t, s, "a"), handle(t, s, "sub")

	if err := s.Rename(ctx, a, "ä"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetObjectPropValue(ctx, a, mtp.PropDateModified, mtp.StringValue(noonText)); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(filepath.Join(dir, "ä")); err != nil || !fi.ModTime().Equal(noon) {
		t.Fatalf("renamed and stamped: %v, %v", fi, err)
	}
	if err := s.MoveObject(ctx, a, storage, sub); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(dir, "sub")); !slices.Equal(got, []string{"b", "ä"}) {
		t.Errorf("after a move: %q", got)
	}
	c, err := s.CopyObject(ctx, a, storage, mtp.Root)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := s.GetObjectInfo(ctx, c); err != nil || info.FileName != "ä" || info.Parent != 0 || info.ModificationDate != noonText {
		t.Errorf("copy: %+v, %v", info, err)
	}
	if err := s.MoveObject(ctx, sub, storage, sub); !errors.Is(err, mtp.InvalidParentObject) {
		t.Errorf("a folder into itself: %v, want InvalidParentObject", err)
	}
	if err := s.MoveObject(ctx, a, storage, mtp.Root); !errors.Is(err, mtp.GeneralError) {
		t.Errorf("onto the copy: %v, want GeneralError", err)
	}
	for _, err := range []error{
		s.BeginEditObject(ctx, a), s.TruncateObject(ctx, a, 3), s.SendPartialObject(ctx, a, 3, []byte("!!")), s.EndEditObject(ctx, a),
	} {
		if err != nil {
			t.Errorf("edit: %v", err)
		}
	}
	if got := read(t, dir, "sub/ä"); got != "012!!" {
		t.Errorf("edited: %q, want 012!!", got)
	}
}

// TestAndroidRefusesDates: Android says that DateModified can't be set.
func TestAndroidRefusesDates(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "a", "a")
	_, s := plug(t, hwtest.Android, dir, "")
	for code, want := range map[mtp.PropCode]bool{mtp.PropDateModified: false, mtp.PropName: false, mtp.PropObjectFileName: true} {
		d, err := s.GetObjectPropDesc(ctx, code, mtp.FormatUndefined)
		if err != nil || d.Writable != want {
			t.Errorf("%v writable: %v, %v, want %v", code, d.Writable, err, want)
		}
	}
	err := s.SetObjectPropValue(ctx, handle(t, s, "a"), mtp.PropDateModified, mtp.StringValue(noonText))
	if !errors.Is(err, mtp.AccessDenied) {
		t.Errorf("set: %v, want AccessDenied", err)
	}
}

// TestAndroidEdits writes into an object in place.
func TestAndroidEdits(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", "0123456789")
	p := open(t, hwtest.Android, dir, "")
	r := newRaw(t, p.Transport())
	r.do(mtp.OpOpenSession, nil, 1)
	r.do(mtp.OpGetObjectHandles, nil, 0x10001, 0, uint32(mtp.AllHandles))
	steps := []struct {
		op     mtp.OpCode
		data   []byte
		params []uint32
		want   mtp.RespCode
	}{
		{mtp.OpTruncateObject, nil, []uint32{1, 4, 0}, mtp.GeneralError}, // not begun
		{mtp.OpBeginEditObject, nil, []uint32{9}, mtp.InvalidObjectHandle},
		{mtp.OpBeginEditObject, nil, []uint32{1}, mtp.OK},
		{mtp.OpBeginEditObject, nil, []uint32{1}, mtp.GeneralError},
		{mtp.OpTruncateObject, nil, []uint32{1, 4, 0}, mtp.OK},
		{mtp.OpSendPartialObject, []byte("XYZ"), []uint32{1, 2, 0, 3}, mtp.OK},
		{mtp.OpSendPartialObject, []byte("XYZ"), []uint32{1, 2, 0, 2}, mtp.GeneralError}, // more than announced
		{mtp.OpEndEditObject, nil, []uint32{1}, mtp.OK},
		{mtp.OpEndEditObject, nil, []uint32{1}, mtp.GeneralError},
	}
	for _, st := range steps {
		resp, _ := r.do(st.op, st.data, st.params...)
		if got := mtp.RespCode(resp.Code); got != st.want {
			t.Errorf("%v%x: %v, want %v", st.op, st.params, got, st.want)
		}
		if st.op == mtp.OpSendPartialObject && st.want == mtp.OK && resp.Params[0] != 3 {
			t.Errorf("SendPartialObject says %d bytes, want 3", resp.Params[0])
		}
	}
	if got := read(t, dir, "a"); got != "01XYZ" {
		t.Errorf("edited: %q, want 01XYZ", got)
	}
	if _, data := r.do(mtp.OpGetPartialObject64, nil, 1, 3, 0, 100); string(data) != "YZ" {
		t.Errorf("GetPartialObject64 from 3 on: %q, want YZ", data)
	}
}

// TestRootParents: the top folder is 0xFFFFFFFF in SendObjectInfo and
// GetObjectHandles, and 0 in MoveObject and CopyObject; Android refuses the
// other, a basic device takes 0 in SendObjectInfo too.
func TestRootParents(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "sub/a", "a")
	p := open(t, hwtest.Android, dir, "")
	tr := p.Transport()
	r := newRaw(t, tr)
	r.do(mtp.OpOpenSession, nil, 1)
	info := &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "new"}
	data, _ := info.AppendBinary(nil)
	all, storage := uint32(mtp.AllHandles), uint32(0x10001)
	tests := []struct {
		name   string
		op     mtp.OpCode
		data   []byte
		params []uint32
		want   mtp.RespCode
	}{
		{"send, parent 0", mtp.OpSendObjectInfo, data, []uint32{storage, 0}, mtp.InvalidObjectHandle},
		{"send, parent all ones", mtp.OpSendObjectInfo, data, []uint32{storage, all}, mtp.OK},
		{"move to all ones", mtp.OpMoveObject, nil, []uint32{2, storage, all}, mtp.InvalidObjectHandle},
		{"move to 0", mtp.OpMoveObject, nil, []uint32{2, storage, 0}, mtp.OK},
	}
	r.do(mtp.OpGetObjectHandles, nil, storage, 0, 0) // gives sub and a their handles
	for _, tt := range tests {
		resp, _ := r.do(tt.op, tt.data, tt.params...)
		if got := mtp.RespCode(resp.Code); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		if tt.op == mtp.OpSendObjectInfo && tt.want == mtp.OK && resp.Params[1] != all {
			t.Errorf("%s: the response's parent is %#x, want all ones", tt.name, resp.Params[1])
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"a", "sub"}) {
		t.Errorf("after the move: %q", got)
	}
	_ = ctx
	q := open(t, hwtest.Basic, dir, "")
	r = newRaw(t, q.Transport())
	r.do(mtp.OpOpenSession, nil, 1)
	if resp, _ := r.do(mtp.OpSendObjectInfo, data, storage, 0); mtp.RespCode(resp.Code) != mtp.OK {
		t.Errorf("basic, send, parent 0: %v, want OK", mtp.RespCode(resp.Code))
	}
}

func TestBasicLacks(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "a", "a")
	_, s := plug(t, hwtest.Basic, dir, "")
	h := handle(t, s, "a")
	_, listErr := s.GetObjectPropList(ctx, h, 0, uint32(mtp.PropObjectSize), 0, 0)
	for name, err := range map[string]error{
		"property list": listErr,
		"rename":        s.Rename(ctx, h, "b"),
		"move":          s.MoveObject(ctx, h, top(t, s), mtp.Root),
	} {
		if !errors.Is(err, mtp.OperationNotSupported) {
			t.Errorf("%s: %v, want OperationNotSupported", name, err)
		}
	}
	if s.Info().HasExtension("android.com") {
		t.Errorf("a basic phone says %q", s.Info().VendorExtensions)
	}
}

func TestListFolder(t *testing.T) {
	ctx := context.Background()
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			for i := range 100 {
				stamp(t, write(t, dir, fmt.Sprintf("c/%03d.vcf", i), strings.Repeat("x", i)), noon)
			}
			_, s := plug(t, kind, dir, "")
			l, err := s.ListFolder(ctx, top(t, s), handle(t, s, "c"))
			if err != nil {
				t.Fatal(err)
			}
			if len(l) != 100 {
				t.Fatalf("%d entries, want 100", len(l))
			}
			e := l[7]
			if e.Name != "007.vcf" || e.Size != 7 {
				t.Errorf("entry 7: %+v", e)
			}
		})
	}
}

// TestClosed: a phone that was closed can't be plugged in any more.
func TestClosed(t *testing.T) {
	p, s := plug(t, hwtest.Android, t.TempDir(), "")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.GetStorageIDs(context.Background()); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("the session goes on: %v", err)
	}
	if _, err := mtp.Open(context.Background(), p.Transport(), mtp.Options{}); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("a new session: %v, want the device gone", err)
	}
}
