package usbip

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// TestUnlinkAfterAnswer: who takes back a transfer that has ended hears so after its end. Linux's
// vhci_hcd would give it up, empty, at the first of the two, and the whole device at the second.
func TestUnlinkAfterAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skipf("no loopback: %v", err)
	}
	defer l.Close()
	host, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dev, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	serving := make(chan struct{}, 1)
	d := &device{c: dev}
	d.in = newPipe(func(context.Context, *urb) (int, []byte, int32, error) {
		serving <- struct{}{}
		return 4, []byte("data"), statusOK, nil
	})
	d.ep0, d.out, d.event = newPipe(nil), newPipe(nil), newPipe(nil)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { _ = d.receive(ctx) })
	all.Go(func() { d.run(ctx, d.in) })
	defer all.Wait()
	defer cancel()
	defer host.Close()

	be := binary.BigEndian
	send := func(command, seq uint32, fields ...uint32) {
		var h [48]byte
		be.PutUint32(h[0:], command)
		be.PutUint32(h[4:], seq)
		be.PutUint32(h[8:], busNum<<16|devNum)
		for i, f := range fields {
			be.PutUint32(h[12+4*i:], f)
		}
		if _, err := host.Write(h[:]); err != nil {
			t.Error(err)
		}
	}
	receive := func() (command, seq uint32, status int32) {
		var h [48]byte
		if _, err := io.ReadFull(host, h[:]); err != nil {
			t.Fatal(err)
		}
		if command = be.Uint32(h[0:]); command == retSubmit {
			var data [4]byte
			if _, err := io.ReadFull(host, data[:]); err != nil {
				t.Fatal(err)
			}
		}
		return command, be.Uint32(h[4:]), int32(be.Uint32(h[20:]))
	}
	for i := range uint32(20_000) {
		victim, unlink := 2*i+1, 2*i+2
		send(cmdSubmit, victim, 1, bulkIn&0xF, 0, 512)
		<-serving
		all.Go(func() {
			for start := time.Now(); time.Since(start) < time.Duration(i%64)*100*time.Nanosecond; {
			}
			send(cmdUnlink, unlink, 0, 0, victim)
		})
		command, seq, status := receive()
		switch {
		case command == retUnlink && status == statusUnlinked:
			continue // it was quicker
		case command == retUnlink:
			t.Fatalf("round %d: the transfer is said to have ended before it has", i)
		case seq != victim:
			t.Fatalf("round %d: URB %d ended, there is %d", i, seq, victim)
		}
		if command, _, status = receive(); command != retUnlink || status != statusOK {
			t.Fatalf("round %d: command %d with status %d, want that it has ended", i, command, status)
		}
	}
}
