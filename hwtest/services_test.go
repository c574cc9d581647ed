package hwtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cradle/hwtest"
	"cradle/mtp"
)

// servicePhone has files in Internal and services in the folders of their names.
func servicePhone(t *testing.T, kind hwtest.Kind) (*mtp.Session, string) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range map[string]string{
		"Internal/note.txt":       "a note",
		"Contacts/ada.vcf":        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n",
		"Contacts/more/grace.vcf": "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Grace\r\nEND:VCARD\r\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sel, err := hwtest.ParseSelector(fmt.Sprintf("virtual:%s:%s?storages=Internal&services=contacts,calendar", kind, dir))
	if err != nil {
		t.Fatal(err)
	}
	p, err := sel.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	tr := p.Transport()
	s, err := mtp.Open(t.Context(), tr, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	return s, dir
}

// versionProps are those of Nokia's responder, after their count: one unit for all properties,
// whose version is DateModified.
const versionProps = "30000000" + "01000000" + "00000000000000000000000000000000" + "00000000" +
	"01000000" + "0d496befd85c7a43affcda8b60ee4a3c" + "28000000"

// TestServices plays the initiator's part of a synchronisation by full enumeration, as far as it
// is known: find the service, list its objects, keep and replace the knowledge object.
func TestServices(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			s, dir := servicePhone(t, kind)
			ctx := t.Context()
			if !s.HasServices() {
				t.Fatal("it doesn't say that it has services")
			}
			ids, err := s.GetServiceIDs(ctx)
			if err != nil || len(ids) != 3 {
				t.Fatalf("services %v, %v", ids, err)
			}
			infos := map[string]mtp.ServiceInfo{}
			for _, id := range ids {
				info, err := s.GetServiceInfo(ctx, id)
				if err != nil {
					t.Fatal(err)
				}
				infos[info.Name] = info
			}
			contacts, base := infos["Contacts"], infos["FullEnumSync"]
			if !base.Abstract || contacts.Abstract || len(contacts.Uses) != 1 || contacts.Uses[0] != base.GUID || contacts.Base != base.ID {
				t.Errorf("Contacts uses %v of base %v; FullEnumSync is %v %v", contacts.Uses, contacts.Base, base.ID, base.GUID)
			}
			caps, err := s.GetServiceCapabilities(ctx, contacts.ID, 0)
			if err != nil || len(caps) != 4 || caps[0].Code != uint16(mtp.FormatVCard3) || len(caps[0].Props) == 0 {
				t.Errorf("capabilities %+v, %v", caps, err)
			}
			codes := map[string]mtp.ServiceCode{}
			for _, p := range contacts.Props {
				codes[p.Name] = p.Code
			}
			prop := func(name string) (mtp.Value, bool) {
				t.Helper()
				l, err := s.GetServicePropList(ctx, contacts.ID, codes[name])
				if err != nil || len(l) > 1 {
					t.Fatalf("%s: %v, %v", name, l, err)
				}
				if len(l) == 0 {
					return mtp.Value{}, false
				}
				return l[0].Value, true
			}
			if v, ok := prop("FullEnumVersionProps"); !ok || v.Type() != mtp.TypeArrayUint8 {
				t.Errorf("version properties %v, %v", v, ok)
			} else if got, err := mtp.AppendValue(nil, v); err != nil || fmt.Sprintf("%x", got) != versionProps {
				t.Errorf("version properties %x, %v; want %s", got, err, versionProps)
			}

			// The storage is for those who know it.
			seen, err := s.GetStorageIDs(ctx)
			if err != nil || len(seen) != 1 || seen[0] == contacts.Storage {
				t.Fatalf("storages %v, %v, the service's is %v", seen, err, contacts.Storage)
			}
			if all, err := s.GetObjectHandles(ctx, mtp.AllStorages, 0, mtp.Root); err != nil || len(all) != 1 {
				t.Errorf("the top folder of all storages: %v, %v; want the one file", all, err)
			}
			if info, err := s.GetStorageInfo(ctx, contacts.Storage); err != nil || info.Description != "Contacts" {
				t.Errorf("the service's storage: %+v, %v", info, err)
			}
			if _, err := s.GetObjectHandles(ctx, contacts.Storage+1, 0, mtp.Root); !errors.Is(err, mtp.InvalidStorageID) {
				t.Errorf("a storage that isn't: %v", err)
			}
			enumerate := func(format mtp.FormatCode) []mtp.ObjectHandle {
				t.Helper()
				l, err := s.GetObjectPropList(ctx, mtp.AllHandles, format, uint32(mtp.PropPersistentUniqueObjectIdentifier), 0, mtp.DepthObject)
				if err != nil {
					t.Fatal(err)
				}
				var hs []mtp.ObjectHandle
				for _, p := range l {
					hs = append(hs, p.Handle)
				}
				return hs
			}
			if n := len(enumerate(mtp.FormatVCard3)); n != 2 {
				t.Errorf("%d contacts, want 2", n)
			}

			// A contact comes, under a name that the phone gives.
			card := []byte("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Edsger\r\nEND:VCARD\r\n")
			created, err := s.SendObjectPropList(ctx, contacts.Storage, mtp.AllHandles, mtp.FormatVCard3, uint64(len(card)), nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.SendObjectBytes(ctx, card); err != nil {
				t.Fatal(err)
			}
			if files, _ := filepath.Glob(filepath.Join(dir, "Contacts", "item-*.vcf")); len(files) != 1 {
				t.Errorf("the new contact is in %q", files)
			}
			uid := func(h mtp.ObjectHandle) mtp.Value {
				t.Helper()
				v, err := s.GetObjectPropValue(ctx, h, mtp.PropPersistentUniqueObjectIdentifier, mtp.TypeUint128)
				if err != nil {
					t.Fatal(err)
				}
				return v
			}
			before := uid(created.Handle)
			files, _ := filepath.Glob(filepath.Join(dir, "Contacts", "item-*.vcf"))
			if err := os.WriteFile(files[0], append(card, card...), 0o600); err != nil { // the user's edit
				t.Fatal(err)
			}
			if after := uid(created.Handle); after != before {
				t.Errorf("an edit changed the persistent identifier from %v to %v", before, after)
			}

			// The knowledge object.
			knowledge := contacts.Formats[1].Code
			if contacts.Formats[1].Name != "FullEnumSyncKnowledge" {
				t.Fatalf("formats %+v", contacts.Formats)
			}
			if _, ok := prop("FullEnumKnowledgeObjectID"); ok {
				t.Error("there is a knowledge object before the first sync")
			}
			blob := bytes.Repeat([]byte{0, 1, 2, 0xFF}, 5000)
			for round := range 2 {
				c, err := s.SendObjectPropList(ctx, contacts.Storage, mtp.AllHandles, knowledge, uint64(len(blob)), nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := s.SendObjectBytes(ctx, blob); err != nil {
					t.Fatal(err)
				}
				v, ok := prop("FullEnumKnowledgeObjectID")
				if !ok || v.Uint() != uint64(c.Handle) {
					t.Fatalf("round %d: the knowledge object is %v, %v; want %d", round, v, ok, c.Handle)
				}
				if got, err := s.GetObjectBytes(ctx, c.Handle, 1<<20); err != nil || !bytes.Equal(got, blob) {
					t.Errorf("round %d: %d bytes of knowledge came back, %v", round, len(got), err)
				}
				if _, err := s.SendObjectPropList(ctx, contacts.Storage, mtp.AllHandles, knowledge, 1, nil); !errors.Is(err, mtp.AccessDenied) {
					t.Errorf("a second knowledge object: %v, want AccessDenied", err)
				}
				if n := len(enumerate(mtp.FormatVCard3)); n != 3 {
					t.Errorf("%d contacts beside the knowledge, want 3", n)
				}
				if err := s.DeleteObject(ctx, c.Handle); err != nil {
					t.Fatal(err)
				}
				if v, ok := prop("FullEnumKnowledgeObjectID"); ok {
					t.Errorf("the knowledge object that was deleted is %v", v)
				}
			}

			// A method is listed, and the call of one refused in the words that initiators expect.
			method := contacts.Methods[0]
			if _, err := s.SendObjectPropList(ctx, contacts.Storage, mtp.AllHandles, mtp.FormatCode(method.Code), 0, nil); method.Name != "BeginSync" || !errors.Is(err, mtp.InvalidObjectFormatCode) {
				t.Errorf("%s: %v", method.Name, err)
			}
		})
	}
}

func TestServicesSwitch(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ query, want string }{
		{"services=contacts", "set storages"},
		{"services=sms&storages=A", "contacts,calendar"},
		{"services=contacts,contacts&storages=A", "each once"},
		{"services=contacts&storages=Contacts", "another one"},
		{"services=contacts&storages=A&times=none", "times"},
	} {
		sel, err := hwtest.ParseSelector("virtual:android:" + dir + "?" + tt.query)
		if err == nil {
			var p *hwtest.Phone
			if p, err = sel.Open(); err == nil {
				p.Close()
			}
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", tt.query, err, tt.want)
		}
	}
}
