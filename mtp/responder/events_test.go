package responder

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cradle/mtp"
)

// goldenEvents are those of the tables that a device sends, with the parameters
// that they have there.
var goldenEvents = []struct {
	code   mtp.EventCode
	params []uint32
}{
	{mtp.EventObjectAdded, []uint32{5}},
	{mtp.EventObjectRemoved, []uint32{5}},
	{mtp.EventStoreAdded, []uint32{0x20001}},
	{mtp.EventStoreRemoved, []uint32{0x20001}},
	{mtp.EventDevicePropChanged, []uint32{uint32(mtp.DevicePropBatteryLevel)}},
	{mtp.EventObjectInfoChanged, []uint32{2}},
	{mtp.EventDeviceInfoChanged, nil},
	{mtp.EventRequestObjectTransfer, []uint32{3}},
	{mtp.EventStoreFull, []uint32{uint32(memStorage)}},
	{mtp.EventStorageInfoChanged, []uint32{uint32(memStorage)}},
	{mtp.EventUnreportedStatus, nil},
	{mtp.EventServiceAdded, []uint32{uint32(contactsID)}},
	{mtp.EventServiceRemoved, []uint32{uint32(contactsID)}},
	{mtp.EventServicePropChanged, []uint32{uint32(contactsID), uint32(filterType)}},
	{mtp.EventMethodComplete, []uint32{6, 0x2001}},
	{mtp.EventObjectPropChanged, []uint32{2, uint32(mtp.PropObjectFileName)}},
	{mtp.EventObjectPropDescChanged, []uint32{uint32(mtp.PropObjectFileName), uint32(mtp.FormatMP3)}},
	{mtp.EventObjectReferencesChanged, []uint32{2}},
	{0xC777, []uint32{1, 2, 3}}, // a vendor's
}

// playEvents asks for one after the other.
func playEvents(t *testing.T, ctx context.Context, s *mtp.Session) {
	for _, want := range goldenEvents {
		if _, err := s.GetNumObjects(ctx, memStorage, 0, mtp.Root); err != nil {
			t.Fatal(err)
		}
		select {
		case e := <-s.Events():
			var params [3]uint32
			copy(params[:], want.params)
			if e.Code != want.code || e.Params != params {
				t.Errorf("%v, want %v %x", e, want.code, params)
			}
			same(t, e.TransactionID, fmt.Sprint(uint32(0xFFFFFFFF)))
		case <-time.After(10 * time.Second):
			t.Fatalf("no %v", want.code)
		}
	}
}
