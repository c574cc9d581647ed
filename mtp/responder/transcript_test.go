package responder

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cradle/mtp"
	"cradle/mtp/mtptest"
)

var update = flag.Bool("update", false, "write the golden transcripts anew")

// golden is a device with a folder (handle 1) that holds a song (2), a picture
// (3) and an empty text (4).
func golden() (Device, *memory) {
	d := all()
	d.Info.VendorExtensions = "microsoft.com: 1.0; microsoft.com/DeviceServices: 1.0; android.com: 1.0;"
	d.Info.StandardVersion, d.Info.VendorExtensionVersion = 100, 100
	d.Info.Manufacturer, d.Info.Model, d.Info.SerialNumber = "Cradle", "Golden", "G1"
	d.Zone = time.UTC
	d.Info.DeviceProps = []mtp.DevicePropCode{mtp.DevicePropBatteryLevel, mtp.DevicePropDeviceFriendlyName}
	d.Info.PlaybackFormats = []mtp.FormatCode{mtp.FormatAssociation, mtp.FormatText, mtp.FormatMP3, mtp.FormatEXIFJPEG}
	u16 := func(n uint64) mtp.Value { return mtp.UintValue(mtp.TypeUint16, n) }
	d.Interdependent = [][]mtp.ObjectPropDesc{{
		{Code: mtp.PropObjectFormat, Type: mtp.TypeUint16, Default: u16(0), Form: mtp.Form{Flag: mtp.FormEnum, Enum: []mtp.Value{u16(0x3009)}}},
	}, {}}
	d.Services = goldenServices()
	stamp := time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)
	m := &memory{}
	add := func(parent mtp.ObjectHandle, format mtp.FormatCode, name, body string) {
		m.objects = append(m.objects, &memObject{there: true, body: []byte(body), o: Object{
			Handle: mtp.ObjectHandle(len(m.objects) + 1), Parent: parent, Storage: memStorage, Format: format,
			Folder: format == mtp.FormatAssociation, Name: name, Created: stamp, Modified: stamp,
		}})
	}
	add(0, mtp.FormatAssociation, "Music", "")
	add(1, mtp.FormatMP3, "größe.mp3", string(bytes.Repeat([]byte("la "), 100)))
	add(1, mtp.FormatEXIFJPEG, "cover.jpg", "a picture")
	add(1, mtp.FormatText, "empty.txt", "")
	return d, m
}

// want fails the test unless err is want, nil included.
func want(t *testing.T, err, want error) {
	t.Helper()
	if want == nil && err != nil || !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func same[T any](t *testing.T, got T, want string) {
	t.Helper()
	if s := fmt.Sprint(got); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// families are the operations by what they are about. What they say is checked
// by hand against the specification's datasets; the transcript holds it.
var families = map[string]func(t *testing.T, ctx context.Context, s *mtp.Session){
	"storages": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		ids, err := s.GetStorageIDs(ctx)
		want(t, err, nil)
		same(t, ids, "[65537]")
		info, err := s.GetStorageInfo(ctx, ids[0])
		want(t, err, nil)
		same(t, info.Description, "memory")
		_, err = s.GetStorageInfo(ctx, 0x20001)
		want(t, err, mtp.InvalidStorageID)
	},
	"objects": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		n, err := s.GetNumObjects(ctx, memStorage, 0, mtp.Root)
		want(t, err, nil)
		same(t, n, "1")
		hs, err := s.GetObjectHandles(ctx, memStorage, mtp.FormatMP3, 1)
		want(t, err, nil)
		same(t, hs, "[2]")
		o, err := s.GetObjectInfo(ctx, 2)
		want(t, err, nil)
		same(t, []any{o.FileName, o.Size, o.Parent, o.ModificationDate}, "[größe.mp3 300 1 20240229T123456]")
		_, err = s.GetObjectInfo(ctx, 99)
		want(t, err, mtp.InvalidObjectHandle)
	},
	"bodies": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		p, err := s.GetObjectBytes(ctx, 2, 1000)
		want(t, err, nil)
		same(t, len(p), "300")
		p, err = s.GetObjectBytes(ctx, 4, 1000)
		want(t, err, nil)
		same(t, len(p), "0")
		p, err = s.GetPartialObject(ctx, 2, 295, 100) // the 64-bit form
		want(t, err, nil)
		same(t, string(p), "a la ")
		results, p, err := s.Transact(ctx, mtp.OpGetPartialObject, []uint32{3, 2, 7}, nil)
		want(t, err, nil)
		same(t, string(p), "picture")
		same(t, results, "[7]")
	},
	"thumbnails": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		p, err := s.GetThumb(ctx, 3, 1000)
		want(t, err, nil)
		same(t, string(p), "thumbnail of cover.jpg")
		_, err = s.GetThumb(ctx, 2, 1000)
		want(t, err, mtp.NoThumbnailPresent)
		_, err = s.GetThumb(ctx, 3, 5)
		want(t, err, mtp.ErrMalformed) // longer than we take
	},
	"send": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		for _, size := range []int{0, 1, 500, 512} { // 500: with its header a full packet
			c, err := s.CreateObject(ctx, memStorage, 1, &mtp.ObjectInfo{Format: mtp.FormatText, FileName: fmt.Sprint(size), ModificationDate: "20240301T000000"}, make([]byte, size))
			want(t, err, nil)
			o, err := s.GetObjectInfo(ctx, c.Handle)
			want(t, err, nil)
			same(t, o.Size, fmt.Sprint(size))
		}
		f, err := s.CreateFolder(ctx, memStorage, mtp.Root, "new")
		want(t, err, nil)
		same(t, f.Parent, "0")
	},
	"send-prop-list": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		name := mtp.ObjectProp{Code: mtp.PropObjectFileName, Value: mtp.StringValue("by list.txt")}
		c, err := s.SendObjectPropList(ctx, memStorage, 1, mtp.FormatText, 4, []mtp.ObjectProp{name})
		want(t, err, nil)
		want(t, s.SendObjectBytes(ctx, []byte("body")), nil)
		p, err := s.GetObjectBytes(ctx, c.Handle, 10)
		want(t, err, nil)
		same(t, string(p), "body")
		want(t, s.SendObjectBytes(ctx, []byte("body")), mtp.NoValidObjectInfo)
	},
	"move-copy-delete": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		h, err := s.CopyObject(ctx, 2, memStorage, mtp.Root)
		want(t, err, nil)
		want(t, s.MoveObject(ctx, 3, memStorage, mtp.Root), nil)
		want(t, s.MoveObject(ctx, 1, memStorage, 1), mtp.InvalidParentObject)
		want(t, s.Rename(ctx, h, "copy.mp3"), nil)
		hs, err := s.GetObjectHandles(ctx, memStorage, 0, mtp.Root)
		want(t, err, nil)
		same(t, hs, "[1 3 5]")
		want(t, s.DeleteObject(ctx, 1), nil) // with what is in it
		want(t, s.DeleteObject(ctx, 2), mtp.InvalidObjectHandle)
	},
	"protection": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		want(t, s.SetObjectProtection(ctx, 2, mtp.ProtectionReadOnly), nil)
		o, err := s.GetObjectInfo(ctx, 2)
		want(t, err, nil)
		same(t, o.Protection, fmt.Sprint(mtp.ProtectionReadOnly))
		want(t, s.SetObjectProtection(ctx, 2, 0x7777), mtp.InvalidParameter)
	},
	"properties": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		props, err := s.GetObjectPropsSupported(ctx, mtp.FormatMP3)
		want(t, err, nil)
		same(t, len(props), "4")
		d, err := s.GetObjectPropDesc(ctx, mtp.PropObjectFileName, mtp.FormatMP3)
		want(t, err, nil)
		same(t, d.Writable, "true")
		v, err := s.GetObjectPropValue(ctx, 2, mtp.PropObjectSize, mtp.TypeUint64)
		want(t, err, nil)
		same(t, v.Uint(), "300")
		want(t, s.SetObjectPropValue(ctx, 2, mtp.PropDateModified, mtp.StringValue("20250102T030405")), nil)
		want(t, s.SetObjectPropValue(ctx, 2, mtp.PropObjectSize, mtp.UintValue(mtp.TypeUint64, 1)), mtp.AccessDenied)
		sets, err := s.GetInterdependentPropDesc(ctx, mtp.FormatMP3)
		want(t, err, nil)
		same(t, []int{len(sets), len(sets[0]), len(sets[1])}, "[2 1 0]")
	},
	"prop-lists": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		count := func(h mtp.ObjectHandle, format mtp.FormatCode, prop, group, depth uint32) string {
			l, err := s.GetObjectPropList(ctx, h, format, prop, group, depth)
			want(t, err, nil)
			return fmt.Sprint(len(l))
		}
		same(t, count(2, 0, mtp.AllProps, 0, mtp.DepthObject), "4")
		same(t, count(2, 0, uint32(mtp.PropObjectFileName), 0, mtp.DepthObject), "1")
		same(t, count(2, 0, 0, 2, mtp.DepthObject), "2") // a group
		same(t, count(1, 0, uint32(mtp.PropObjectFileName), 0, mtp.DepthChildren), "3")
		same(t, count(1, mtp.FormatMP3, uint32(mtp.PropObjectSize), 0, mtp.DepthChildren), "1")
		same(t, count(0, 0, uint32(mtp.PropObjectFileName), 0, mtp.DepthAll), "4")
		same(t, count(mtp.AllHandles, 0, uint32(mtp.PropObjectFileName), 0, 0), "4")
		_, err := s.GetObjectPropList(ctx, 99, 0, mtp.AllProps, 0, mtp.DepthObject)
		want(t, err, mtp.InvalidObjectHandle)
		// Android's quirk has them set one by one; by themselves:
		list, err := mtp.AppendObjectPropList(nil, []mtp.ObjectProp{
			{Handle: 2, Code: mtp.PropObjectFileName, Value: mtp.StringValue("a.mp3")},
			{Handle: 2, Code: mtp.PropObjectSize, Value: mtp.UintValue(mtp.TypeUint64, 1)},
		})
		want(t, err, nil)
		results, _, err := s.Transact(ctx, mtp.OpSetObjectPropList, nil, list)
		want(t, err, mtp.AccessDenied)
		same(t, results, "[1]")
		want(t, s.SetObjectPropList(ctx, []mtp.ObjectProp{{Handle: 2, Code: mtp.PropObjectFileName, Value: mtp.StringValue("b.mp3")}}), nil)
	},
	"references": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		want(t, s.SetObjectReferences(ctx, 2, []mtp.ObjectHandle{3, 4}), nil)
		want(t, s.DeleteObject(ctx, 4), nil)
		refs, err := s.GetObjectReferences(ctx, 2)
		want(t, err, nil)
		same(t, refs, "[3]")
		want(t, s.SetObjectReferences(ctx, 2, []mtp.ObjectHandle{99}), mtp.InvalidObjectReference)
	},
	"edit": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		want(t, s.BeginEditObject(ctx, 3), nil)
		want(t, s.TruncateObject(ctx, 3, 2), nil)
		want(t, s.SendPartialObject(ctx, 3, 2, []byte("drawing")), nil)
		want(t, s.EndEditObject(ctx, 3), nil)
		p, err := s.GetObjectBytes(ctx, 3, 100)
		want(t, err, nil)
		same(t, string(p), "a drawing")
		want(t, s.TruncateObject(ctx, 3, 0), mtp.GeneralError) // not open
	},
	"device-properties": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		d, err := s.GetDevicePropDesc(ctx, mtp.DevicePropDeviceFriendlyName)
		want(t, err, nil)
		same(t, d.Current, `"me"`)
		want(t, s.SetDevicePropValue(ctx, mtp.DevicePropDeviceFriendlyName, mtp.StringValue("you")), nil)
		v, err := s.GetDevicePropValue(ctx, mtp.DevicePropDeviceFriendlyName, mtp.TypeString)
		want(t, err, nil)
		same(t, v, `"you"`)
		want(t, s.ResetDevicePropValue(ctx, mtp.DevicePropDeviceFriendlyName), nil)
		want(t, s.ResetDevicePropValue(ctx, mtp.AllDeviceProps), nil)
		want(t, s.SetDevicePropValue(ctx, mtp.DevicePropBatteryLevel, mtp.UintValue(mtp.TypeUint8, 1)), mtp.AccessDenied)
		_, err = s.GetDevicePropDesc(ctx, 0x5099)
		want(t, err, mtp.DevicePropNotSupported)
	},
	"session": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		_, _, err := s.Transact(ctx, mtp.OpOpenSession, []uint32{7}, nil)
		want(t, err, mtp.SessionAlreadyOpen)
		var refused *mtp.OpError
		if errors.As(err, &refused) {
			same(t, refused.RespParams, "[1]") // the session that is open
		}
		info, err := s.GetDeviceInfo(ctx)
		want(t, err, nil)
		same(t, info.Model, "Golden")
	},
	"upkeep": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		want(t, s.SelfTest(ctx, 0), nil)
		want(t, s.SelfTest(ctx, 0x8001), mtp.ParameterNotSupported)
		want(t, s.FormatStore(ctx, 0x20001), mtp.InvalidStorageID)
		want(t, s.FormatStore(ctx, memStorage), nil)
		n, err := s.GetNumObjects(ctx, memStorage, 0, mtp.Root)
		want(t, err, nil)
		same(t, n, "0")
		want(t, s.ResetDevice(ctx), nil)
		_, err = s.GetStorageIDs(ctx)
		want(t, err, mtp.ErrSessionLost)
	},
	"power": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		want(t, s.PowerDown(ctx), nil)
		_, err := s.GetStorageIDs(ctx)
		want(t, err, mtp.ErrSessionLost)
	},
	"events":             playEvents,
	"services":           playServices,
	"service-properties": playServiceProps,
	"service-objects":    playServiceObjects,
	"vendor": func(t *testing.T, ctx context.Context, s *mtp.Session) {
		_, _, err := s.Transact(ctx, 0x9123, []uint32{1, 2, 3, 4, 5}, nil)
		want(t, err, mtp.OperationNotSupported)
		_, err = s.GetStorageIDs(ctx) // the session goes on
		want(t, err, nil)
	},
}

// TestFamilies plays each family in both roles: the session against the
// transcript, and the transcript's commands against the responder.
func TestFamilies(t *testing.T) {
	names := []string{}
	for name := range families {
		names = append(names, name)
	}
	slices.Sort(names)
	played, ran := map[mtp.OpCode]bool{}, 0
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", "transcripts", name+".txt")
			if *update {
				record(t, name, file)
			}
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			steps, err := mtptest.Parse(f)
			if err != nil {
				t.Fatal(err)
			}
			// Each byte belongs to a field, by a reading that isn't the codecs'.
			var again bytes.Buffer
			if err := mtptest.Annotate(&again, steps); err != nil {
				t.Fatal(err)
			}
			if text, err := os.ReadFile(file); err != nil || !bytes.Equal(text, again.Bytes()) {
				t.Errorf("%s isn't annotated so: %v", file, err)
			}
			player := mtptest.Play(steps, 512)
			s, err := mtp.Open(t.Context(), player, mtp.Options{})
			if err != nil {
				t.Fatal(err, player.Err())
			}
			families[name](t, t.Context(), s)
			s.Close(context.Background())
			if err := player.Err(); err != nil {
				t.Error("the initiator:", err)
			}
			answer(t, name, steps)
			ran++
			for _, s := range steps {
				if m, err := mtp.DecodeMessage(s.Data); err == nil && m.Type == mtp.ContainerCommand {
					played[mtp.OpCode(m.Code)] = true
				}
			}
		})
	}
	for op := range operations {
		if !played[op] && ran == len(families) {
			t.Errorf("no transcript has %v", op)
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "transcripts", "*.txt"))
	if err != nil || len(files) != len(families) {
		t.Errorf("%d transcripts for %d families, %v", len(files), len(families), err)
	}
}

// goldenResponder is the golden device; that of the events sends them.
func goldenResponder(family string) *Responder {
	d, m := golden()
	if family != "events" {
		return New(d, m)
	}
	d.Info.Events = nil
	for _, e := range goldenEvents {
		d.Info.Events = append(d.Info.Events, e.code)
	}
	r := New(d, m)
	for i, e := range goldenEvents {
		r.Plan(Fault{Op: mtp.OpGetNumObjects, From: i + 1, Count: 1, Phase: After, Do: Call, Call: func() { r.Emit(e.code, e.params...) }})
	}
	return r
}

func record(t *testing.T, name, file string) {
	rec := mtptest.Record(goldenResponder(name).Connect())
	s, err := mtp.Open(t.Context(), rec, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	families[name](t, t.Context(), s)
	s.Close(context.Background())
	var b bytes.Buffer
	if err := mtptest.Annotate(&b, rec.Steps()); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// answer sends the responder what the transcript's initiator sent, and compares
// what it answers.
func answer(t *testing.T, name string, steps []mtptest.Step) {
	t.Helper()
	c := goldenResponder(name).Connect()
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for i, step := range steps {
		switch step.Kind {
		case mtptest.Out:
			if err := c.Write(ctx, step.Data); err != nil {
				t.Fatalf("the responder, transfer %d: %v", i, err)
			}
		case mtptest.In:
			buf := make([]byte, (len(step.Data)/512+1)*512)
			n, err := c.Read(ctx, buf)
			if err != nil || !bytes.Equal(buf[:n], step.Data) {
				t.Fatalf("the responder, transfer %d: %v\ngot  %x\nwant %x", i, err, buf[:n], step.Data)
			}
		case mtptest.Event:
			if p, err := c.ReadEvent(ctx); err != nil || !bytes.Equal(p, step.Data) {
				t.Fatalf("the responder, event %d: %v\ngot  %x\nwant %x", i, err, p, step.Data)
			}
		default:
			t.Fatalf("transfer %d is a %c", i, step.Kind)
		}
	}
}
