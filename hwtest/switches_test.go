package hwtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

func TestParseSelector(t *testing.T) {
	tests := []struct {
		text string
		want string // part of the error; "" for none
	}{
		{"virtual:android:/tmp/x", ""},
		{"virtual:basic:rel/dir?cut=3&free=0&clock=-90&times=none&names=7bit&readonly=1&locked=0&serial=A&name=B C", ""},
		{"virtual:android:/x?cut=2&cut=9.0", ""},
		{"virtual:android:/x?lie=size,proplist-depth&without=MoveObject,CopyObject&storages=a,b", ""},
		{"virtual:android:/x?", ""},
		{"virtual:android:/x?extensions=microsoft.com: 1.0;", ""},
		{"virtual:android:/x?extensions=", "extensions=: empty"},
		{"virtual:android:/x?with=GetThumb,SetObjectReferences&firmware=2.1&scenario=a.scenario", ""},
		{"virtual:android:/x?with=InitiateCapture", `with=InitiateCapture: no operation`},
		{"virtual:android:/x?firmware=", "firmware=: empty"},
		{"virtual:android:/x?scenario=", "scenario=: want one file"},
		{"virtual:android:/x?scenario=a&scenario=b", "scenario=b: want one file"},
		{"usb", "doesn't start with virtual:"},
		{"virtual:android", "want virtual:KIND:DIR"},
		{"virtual:android:", "want virtual:KIND:DIR"},
		{"virtual:android:?cut=1", "no folder"},
		{"virtual:apple:/x", `no kind "apple"`},
		{"virtual:android:/x?cuts=1", `unknown key "cuts"`},
		{"virtual:android:/x?free=1&free=2", "free: given twice"},
		{"virtual:android:/x?cut=0", "cut=0: want N or N.BYTES"},
		{"virtual:android:/x?cut=1.x", "cut=1.x: want"},
		{"virtual:android:/x?free=-1", "free=-1: bytes: \"-1\": want a number"},
		{"virtual:android:/x?free=2G", ""},
		{"virtual:android:/x?lie=?", `lie=?: unknown lie "?"; known: proplist-depth,`},
		{"virtual:android:/what?/x?cuts=1", `unknown key "cuts"`},
		{"virtual:android:/x?clock=soon", "clock=soon: want seconds"},
		{"virtual:android:/x?times=3s", "times=3s: want one of none, 1s, 2s"},
		{"virtual:android:/x?names=dos", "names=dos: want one of host, fat, 7bit"},
		{"virtual:android:/x?readonly=yes", "readonly=yes: want 0 or 1"},
		{"virtual:android:/x?serial=", "serial=: empty"},
		{"virtual:android:/x?lie=size,nonsense", `lie=size,nonsense: unknown lie "nonsense"`},
		{"virtual:android:/x?without=Nothing", `without=Nothing: no operation "Nothing"`},
	}
	for _, tt := range tests {
		_, err := hwtest.ParseSelector(tt.text)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.text, err)
		case tt.want != "" && err == nil:
			t.Errorf("%s: no error, want one with %q", tt.text, tt.want)
		case tt.want != "" && (!strings.Contains(err.Error(), tt.want) || !errors.Is(err, hwtest.ErrSelector)):
			t.Errorf("%s: error %q, want ErrSelector with %q", tt.text, err, tt.want)
		}
	}
}

// TestCapabilities: what a phone can do is what it advertises, and that can be
// chosen operation by operation.
func TestCapabilities(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "a", "a")
	write(t, dir, "b", "b")
	for _, tt := range []struct {
		switches string
		want     error // of SetObjectReferences, which the kind doesn't have
		size     error // of GetObjectPropValue, which it has
	}{
		{"", mtp.OperationNotSupported, nil},
		{"with=SetObjectReferences", nil, nil},
		{"without=GetObjectPropValue", mtp.OperationNotSupported, mtp.OperationNotSupported},
		{"with=SetObjectReferences&without=GetObjectPropValue&firmware=9", nil, mtp.OperationNotSupported},
	} {
		_, s := plug(t, hwtest.Android, dir, tt.switches)
		a, b := handle(t, s, "a"), handle(t, s, "b")
		err := s.SetObjectReferences(ctx, a, []mtp.ObjectHandle{b})
		if !errors.Is(err, tt.want) || s.Supports(mtp.OpSetObjectReferences) != (tt.want == nil) {
			t.Errorf("%q: references: %v, want %v", tt.switches, err, tt.want)
		}
		if refs, err := s.GetObjectReferences(ctx, a); tt.want == nil && (err != nil || len(refs) != 1 || refs[0] != b) {
			t.Errorf("%q: references %v, %v", tt.switches, refs, err)
		}
		if _, err := s.ObjectSize(ctx, a); !errors.Is(err, tt.size) {
			t.Errorf("%q: size: %v, want %v", tt.switches, err, tt.size)
		}
		if got, want := s.Info().DeviceVersion == "9", strings.Contains(tt.switches, "firmware=9"); got != want {
			t.Errorf("%q: firmware %q", tt.switches, s.Info().DeviceVersion)
		}
	}
}

func FuzzParseSelector(f *testing.F) {
	f.Add("virtual:android:/x?cut=1.2&free=3&lie=size&clock=+5")
	f.Add("virtual:basic:a?b?names=fat")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := hwtest.ParseSelector(text)
		if err == nil && s.Dir == "" {
			t.Errorf("%q: no folder and no error", text)
		}
		if err != nil && !errors.Is(err, hwtest.ErrSelector) {
			t.Errorf("%q: %v isn't ErrSelector", text, err)
		}
	})
}

func TestSerialAndName(t *testing.T) {
	dir := t.TempDir()
	_, s := plug(t, hwtest.Android, dir, "serial=ABC&name=My Phone")
	if s.Info().SerialNumber != "ABC" || s.Info().Model != "My Phone" {
		t.Errorf("DeviceInfo says %q, %q", s.Info().SerialNumber, s.Info().Model)
	}
	a, b := open(t, hwtest.Android, dir, ""), open(t, hwtest.Android, t.TempDir(), "")
	again := open(t, hwtest.Android, dir+"/./", "")
	if a.Serial() == b.Serial() || a.Serial() == "" {
		t.Errorf("serials of two folders: %q and %q", a.Serial(), b.Serial())
	}
	if a.Serial() != again.Serial() {
		t.Errorf("serials of one folder: %q and %q", a.Serial(), again.Serial())
	}
}

func TestOpenRefuses(t *testing.T) {
	file := write(t, t.TempDir(), "file", "")
	tests := []struct {
		name string
		kind hwtest.Kind
		dir  string
		opt  hwtest.Options
	}{
		{"no folder", hwtest.Android, filepath.Join(t.TempDir(), "none"), hwtest.Options{}},
		{"a file", hwtest.Android, file, hwtest.Options{}},
		{"no such kind", "apple", t.TempDir(), hwtest.Options{}},
		{"storage outside", hwtest.Android, t.TempDir(), hwtest.Options{Storages: []string{"../x"}}},
		{"storage missing", hwtest.Android, t.TempDir(), hwtest.Options{Storages: []string{"x"}}},
	}
	for _, tt := range tests {
		if _, err := hwtest.Open(tt.kind, tt.dir, tt.opt); err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
}

func TestFree(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "old", "0123456789")
	_, s := plug(t, hwtest.Android, dir, "free=100")
	storage := top(t, s)
	free := func(want uint64) {
		t.Helper()
		info, err := s.GetStorageInfo(ctx, storage)
		if err != nil || info.FreeBytes != want || info.Capacity != 110 {
			t.Errorf("storage: %+v, %v, want %d of 110 free", info, err, want)
		}
	}
	free(100)
	if _, err := send(s, storage, mtp.Root, "big", strings.Repeat("x", 101)); !errors.Is(err, mtp.StoreFull) {
		t.Errorf("101 bytes: %v, want StoreFull", err)
	}
	if _, err := send(s, storage, mtp.Root, "fits", strings.Repeat("x", 100)); err != nil {
		t.Errorf("100 bytes: %v", err)
	}
	free(0)
	if _, err := send(s, storage, mtp.Root, "one", "x"); !errors.Is(err, mtp.StoreFull) {
		t.Errorf("one more byte: %v, want StoreFull", err)
	}
	if err := s.DeleteObject(ctx, handle(t, s, "old")); err != nil {
		t.Fatal(err)
	}
	free(10)
	if got := names(t, dir); !slices.Equal(got, []string{"fits"}) {
		t.Errorf("in the folder: %q, want fits alone", got)
	}
}

func TestReadOnly(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "a", "a")
	_, s := plug(t, hwtest.Android, dir, "readonly=1&settimes=1")
	storage, h := top(t, s), handle(t, s, "a")
	if info, err := s.GetStorageInfo(ctx, storage); err != nil || info.Writable() {
		t.Errorf("storage: %+v, %v, want a read-only one", info, err)
	}
	_, sendErr := send(s, storage, mtp.Root, "b", "b")
	_, folderErr := s.CreateFolder(ctx, storage, mtp.Root, "f")
	_, copyErr := s.CopyObject(ctx, h, storage, mtp.Root)
	for name, err := range map[string]error{
		"send": sendErr, "folder": folderErr, "copy": copyErr,
		"delete": s.DeleteObject(ctx, h),
		"rename": s.Rename(ctx, h, "c"),
		"date":   s.SetObjectPropValue(ctx, h, mtp.PropDateModified, mtp.StringValue(noonText)),
	} {
		if !errors.Is(err, mtp.StoreReadOnly) {
			t.Errorf("%s: %v, want StoreReadOnly", name, err)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"a"}) {
		t.Errorf("in the folder: %q, want a alone", got)
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		rule, name string
		ok         bool
	}{
		{"host", "ada 😀:?.vcf", true},
		{"host", "a/b", false},
		{"host", "..", false},
		{"host", strings.Repeat("ä", 128), false}, // 256 bytes
		{"fat", "Ärger 日本.vcf", true},
		{"fat", strings.Repeat("ä", 127), true},
		{"fat", "a:b", false},
		{"fat", `a\b`, false},
		{"fat", "a?", false},
		{"fat", "a.", false},
		{"fat", "a ", false},
		{"fat", "a😀", false},
		{"fat", "a\tb", false},
		{"fat", "OLD.vcf", false}, // old.vcf is there
		{"7bit", "a-b_c (1).vcf", true},
		{"7bit", "ä", false},
	}
	ctx := context.Background()
	for _, tt := range tests {
		t.Run(tt.rule+" "+tt.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "old.vcf", "x")
			_, s := plug(t, hwtest.Android, dir, "names="+tt.rule)
			_, err := send(s, top(t, s), mtp.Root, tt.name, "x")
			if (err == nil) != tt.ok {
				t.Errorf("send: %v, want success %v", err, tt.ok)
			}
			if err != nil && !errors.Is(err, mtp.InvalidParameter) && !errors.Is(err, mtp.GeneralError) {
				t.Errorf("send: %v, want InvalidParameter or GeneralError", err)
			}
			if !tt.ok {
				err := s.Rename(ctx, handle(t, s, "old.vcf"), tt.name)
				if tt.name == "OLD.vcf" {
					if err != nil {
						t.Errorf("rename to another case: %v", err)
					}
				} else if !errors.Is(err, mtp.InvalidObjectPropValue) {
					t.Errorf("rename: %v, want InvalidObjectPropValue", err)
				}
			}
		})
	}
}

func TestTimes(t *testing.T) {
	ctx := context.Background()
	odd := time.Date(2026, 3, 1, 12, 0, 1, 700e6, time.Local)
	tests := []struct {
		switches string
		listed   string // of a file with the time odd
		sent     string // of a file sent with noonText
	}{
		{"times=1s", noonText, noonText},
		{"times=2s", "20260301T120000", "20260301T120000"},
		{"times=none", "", ""},
		{"clock=+7200", "20260301T140001", noonText},
		{"clock=-3601&times=2s", "20260301T110000", "20260301T120000"},
	}
	for _, kind := range hwtest.Kinds() {
		for _, tt := range tests {
			t.Run(string(kind)+" "+tt.switches, func(t *testing.T) {
				dir := t.TempDir()
				stamp(t, write(t, dir, "a", "a"), odd)
				_, s := plug(t, kind, dir, tt.switches)
				date := func(h mtp.ObjectHandle) string {
					info, err := s.GetObjectInfo(ctx, h)
					if err != nil {
						t.Fatal(err)
					}
					return info.ModificationDate
				}
				if got := date(handle(t, s, "a")); got != tt.listed {
					t.Errorf("listed: %q, want %q", got, tt.listed)
				}
				c, err := s.CreateObject(ctx, top(t, s), mtp.Root, &mtp.ObjectInfo{FileName: "b", Format: mtp.FormatUndefined, ModificationDate: noonText}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got := date(c.Handle); got != tt.sent {
					t.Errorf("sent: %q, want %q", got, tt.sent)
				}
				props, err := s.GetObjectPropsSupported(ctx, mtp.FormatUndefined)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := slices.Contains(props, mtp.PropDateModified), tt.listed != ""; got != want {
					t.Errorf("DateModified supported: %v, want %v", got, want)
				}
			})
		}
	}
}

// TestStampsOwnTime: without a date the phone stamps with its own clock.
func TestStampsOwnTime(t *testing.T) {
	ctx := context.Background()
	_, s := plug(t, hwtest.Android, t.TempDir(), "clock=86400")
	c, err := send(s, top(t, s), mtp.Root, "a", "a")
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.GetObjectInfo(ctx, c.Handle)
	if err != nil {
		t.Fatal(err)
	}
	d, err := mtp.ParseDateTime(info.ModificationDate)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(24 * time.Hour)
	face := time.Date(now.Year(), now.Month(), now.Day(), now.Hour(), now.Minute(), now.Second(), 0, time.UTC)
	if off := face.Sub(d.Time).Abs(); off > time.Minute {
		t.Errorf("stamped %s, %v off the phone's clock", info.ModificationDate, off)
	}
}

func TestLocked(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "a", "a")
	p, s := plug(t, hwtest.Android, dir, "locked=1")
	if ids, err := s.GetStorageIDs(ctx); err != nil || len(ids) != 0 {
		t.Errorf("locked: storages %v, %v, want none", ids, err)
	}
	if _, err := s.GetObjectHandles(ctx, 0x10001, 0, mtp.Root); !errors.Is(err, mtp.InvalidStorageID) {
		t.Errorf("locked: %v, want InvalidStorageID", err)
	}
	p.Unlock()
	select {
	case e := <-s.Events():
		if e.Code != mtp.EventStoreAdded || e.Params[0] != 0x10001 {
			t.Errorf("event %v, want StoreAdded 0x10001", e)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no event after Unlock")
	}
	h := handle(t, s, "a")
	p.Lock()
	if _, err := s.GetObjectBytes(ctx, h, 10); !errors.Is(err, mtp.InvalidObjectHandle) {
		t.Errorf("locked again: %v, want InvalidObjectHandle", err)
	}
}

func TestEvents(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "a", "a")
	write(t, dir, "b", "b")
	p, s := plug(t, hwtest.Android, dir, "")
	a, b := handle(t, s, "a"), handle(t, s, "b")
	write(t, dir, "a", "longer")
	write(t, dir, "c", "new")
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if err := p.Scan(); err != nil {
		t.Fatal(err)
	}
	c := handle(t, s, "c")
	want := []mtp.Event{
		{Code: mtp.EventObjectInfoChanged, Params: [3]uint32{uint32(a)}},
		{Code: mtp.EventObjectRemoved, Params: [3]uint32{uint32(b)}},
		{Code: mtp.EventObjectAdded, Params: [3]uint32{uint32(c)}},
	}
	for _, w := range want {
		select {
		case e := <-s.Events():
			if e.Code != w.Code || e.Params != w.Params {
				t.Errorf("event %v, want %v", e, w)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("no event, want %v", w)
		}
	}
	// What the initiator does itself is no news.
	if _, err := send(s, top(t, s), mtp.Root, "d", "d"); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteObject(ctx, a); err != nil {
		t.Fatal(err)
	}
	if err := p.Scan(); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-s.Events():
		t.Errorf("event %v for the initiator's own doing", e)
	case <-time.After(20 * time.Millisecond):
	}
}

func TestStorages(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	write(t, dir, "internal/a", "a")
	write(t, dir, "card/b", "bb")
	_, s := plug(t, hwtest.Android, dir, "storages=internal,card")
	ids, err := s.GetStorageIDs(ctx)
	if err != nil || len(ids) != 2 {
		t.Fatalf("storages %v, %v, want two", ids, err)
	}
	var infos []mtp.StorageInfo
	for _, id := range ids {
		info, err := s.GetStorageInfo(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		infos = append(infos, info)
	}
	if infos[0].Description == infos[1].Description || infos[1].VolumeIdentifier == "" {
		t.Errorf("the storages can't be told apart: %+v", infos)
	}
	all, err := s.GetObjectHandles(ctx, ids[1], 0, mtp.Root)
	if err != nil || len(all) != 1 {
		t.Fatalf("on the card: %v, %v, want one object", all, err)
	}
	if err := s.MoveObject(ctx, all[0], ids[0], mtp.Root); err != nil {
		t.Fatal(err)
	}
	if info, err := s.GetObjectInfo(ctx, all[0]); err != nil || info.Storage != ids[0] {
		t.Errorf("after the move: %+v, %v", info, err)
	}
	if got := names(t, filepath.Join(dir, "internal")); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("internal storage: %q", got)
	}
	if n, err := s.GetNumObjects(ctx, mtp.AllStorages, 0, mtp.Root); err != nil || n != 2 {
		t.Errorf("on all storages: %d objects, %v, want 2", n, err)
	}
}

func TestWithout(t *testing.T) {
	_, s := plug(t, hwtest.Android, t.TempDir(), "without=MoveObject,GetObjectPropList")
	for op, want := range map[mtp.OpCode]bool{mtp.OpMoveObject: false, mtp.OpGetObjectPropList: false, mtp.OpCopyObject: true} {
		if got := s.Supports(op); got != want {
			t.Errorf("%v advertised: %v, want %v", op, got, want)
		}
	}
}

// TestExtensions: what DeviceInfo names can be chosen, and a trace tells of each
// transaction.
func TestExtensions(t *testing.T) {
	sel, err := hwtest.ParseSelector("virtual:android:" + t.TempDir() + "?extensions=microsoft.com: 1.0;")
	if err != nil {
		t.Fatal(err)
	}
	var seen []mtp.OpCode
	sel.Options.Trace = func(x responder.Transaction) { seen = append(seen, x.Op()) }
	p, err := sel.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, err := mtp.Open(t.Context(), p.Transport(), mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Info().VendorExtensions; got != "microsoft.com: 1.0;" {
		t.Errorf("extensions: %q", got)
	}
	s.Close(t.Context())
	var want []mtp.OpCode
	for _, x := range p.Log() {
		want = append(want, x.Op())
	}
	if len(want) < 3 || !slices.Equal(seen, want) {
		t.Errorf("traced %v, the phone remembers %v", seen, want)
	}
}

func TestLongName(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("n", 255)
	write(t, dir, long, "x")
	_, s := plug(t, hwtest.Android, dir, "")
	all, err := s.ListFolder(context.Background(), top(t, s), mtp.Root)
	if err != nil || len(all) != 1 || all[0].Name != long[:254] {
		t.Errorf("a name of 255 characters: %v, %v, want it cut to 254", fmt.Sprint(all), err)
	}
}

// TestDocsOfLies: the documentation has every lie as the table describes it.
func TestDocsOfLies(t *testing.T) {
	b, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range responder.LieTable {
		if line := fmt.Sprintf("| `%s` | %s | %s |\n", row.Name, row.Symptom, row.Seen); !strings.Contains(string(b), line) {
			t.Errorf("docs/scenarios.md lacks the line %q", line)
		}
	}
}

// TestLargeSizes: sizes around what 32 bits hold are listed as they are where
// the phone has the 64-bit property, and not told where it hasn't.
func TestLargeSizes(t *testing.T) {
	const most = 1<<32 - 1
	dir := t.TempDir()
	sizes := map[string]uint64{"less": most - 1, "most": most, "more": most + 1}
	for name, n := range sizes {
		if err := os.Truncate(write(t, dir, name, ""), int64(n)); err != nil {
			t.Skipf("no sparse files: %v", err)
		}
	}
	for _, tt := range []struct {
		kind     hwtest.Kind
		switches string
		told     bool
	}{
		{hwtest.Android, "", true},
		{hwtest.Android, "without=GetObjectPropList", true},
		{hwtest.Android, "lie=size", true},
		{hwtest.Android, "without=GetObjectPropList,GetObjectPropValue", false},
	} {
		_, s := plug(t, tt.kind, dir, tt.switches)
		ids, err := s.GetStorageIDs(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		l, err := s.ListFolder(context.Background(), ids[0], mtp.Root)
		if err != nil || len(l) != len(sizes) {
			t.Fatalf("%d entries, %v", len(l), err)
		}
		for _, e := range l {
			want := sizes[e.Name]
			if !tt.told && want >= most {
				want = mtp.NoSize
			}
			if e.Size != want {
				t.Errorf("%s %s: %s has %d bytes, want %d", tt.kind, tt.switches, e.Name, e.Size, want)
			}
		}
	}
}
