//go:build linux

package usb

import (
	"bytes"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fakeKernel is usbfs with a device behind it that sends what feed is given
// and takes what comes.
type fakeKernel struct {
	mu        sync.Mutex
	caps      uint32
	packet    int
	packets   [][]byte // to come from the IN endpoint; a short one ends a transfer
	stalled   bool     // the IN endpoint halts after packets
	changed   *sync.Cond
	queued    map[uint8][]*usbfsURB
	most      map[uint8]int // transfers in flight at once, at most
	completed chan *usbfsURB
	seen      []*usbfsURB // of completed, by await
	wakes     chan struct{}
	gone      chan struct{} // closed: unplugged
	closed    chan struct{}

	out       [][]byte // transfers that went out
	holdOut   bool     // they wait for releaseOut
	outResult func(n int, u *usbfsURB)
	refuse    func(u *usbfsURB) error // of submit
	setups    [][]byte
	answer    func(setup, data []byte) (int, error) // of control transfers; nil doesn't answer

	mapped      [][]byte             // pieces of memory given
	going       map[*usbfsURB][]byte // out: what they were when they were submitted
	overwritten int                  // and weren't any more when they were done, in such memory

	claimed   int
	claimErr  error
	cleared   []uint8
	connected bool
	inFlight  int // when a halt was cleared
}

func newFakeKernel() *fakeKernel {
	k := &fakeKernel{
		caps: capScatterGather, packet: 512, claimed: -1,
		queued: map[uint8][]*usbfsURB{}, most: map[uint8]int{}, going: map[*usbfsURB][]byte{},
		completed: make(chan *usbfsURB, 4096), wakes: make(chan struct{}, 1), gone: make(chan struct{}), closed: make(chan struct{}),
	}
	k.changed = sync.NewCond(&k.mu)
	return k
}

func (k *fakeKernel) claim(i int) error {
	if k.claimErr == nil {
		k.claimed = i
	}
	return k.claimErr
}
func (k *fakeKernel) release(i int) error  { k.claimed = -1; return nil }
func (k *fakeKernel) connect(i int) error  { k.connected = true; return nil }
func (k *fakeKernel) capabilities() uint32 { return k.caps }

// memory is there if the capabilities say so.
func (k *fakeKernel) memory(size int) ([]byte, error) {
	if k.caps&capMmap == 0 {
		return nil, unix.ENOTSUP
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	p, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err == nil {
		k.mapped = append(k.mapped, p)
	}
	return p, err
}

// data is where a URB's buffer is.
func data(u *usbfsURB) []byte {
	return unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&u.buffer))), u.length)
}

func (k *fakeKernel) submit(u *usbfsURB) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refuse != nil {
		if err := k.refuse(u); err != nil {
			return err
		}
	}
	select {
	case <-k.gone:
		return unix.ENODEV
	default:
	}
	if u.kind == urbControl {
		buf := data(u)
		k.setups = append(k.setups, slices.Clone(buf))
		if k.answer != nil {
			n, err := k.answer(buf[:8], buf[8:])
			u.actual = int32(n)
			k.complete(u, err)
			return nil
		}
	} else if u.endpoint&0x80 == 0 {
		k.out = append(k.out, slices.Clone(data(u)))
		k.going[u] = k.out[len(k.out)-1]
	}
	q := append(k.queued[u.endpoint], u)
	k.queued[u.endpoint] = q
	k.most[u.endpoint] = max(k.most[u.endpoint], len(q))
	k.move()
	k.changed.Broadcast()
	return nil
}

func (k *fakeKernel) complete(u *usbfsURB, err error) {
	u.status = 0
	if errno, ok := err.(unix.Errno); ok { //nolint:errorlint // the fake's own
		u.status = -int32(errno)
	}
	k.completed <- u
}

// move has the device do what it can.
func (k *fakeKernel) move() {
	const in, out = 0x81, 0x02
	select {
	case <-k.closed: // the transfers' memory may be gone
		return
	default:
	}
	for len(k.queued[in]) > 0 && len(k.packets) > 0 {
		u, p := k.queued[in][0], k.packets[0]
		k.packets = k.packets[1:]
		copy(data(u)[u.actual:], p)
		u.actual += int32(len(p))
		if len(p) < k.packet || u.actual == u.length {
			k.queued[in] = k.queued[in][1:]
			k.complete(u, nil)
		}
	}
	if k.stalled && len(k.queued[in]) > 0 && len(k.packets) == 0 {
		u := k.queued[in][0]
		k.queued[in] = k.queued[in][1:]
		k.complete(u, unix.EPIPE)
	}
	for len(k.queued[out]) > 0 && !k.holdOut {
		u := k.queued[out][0]
		k.queued[out] = k.queued[out][1:]
		u.actual = u.length
		if k.caps&capMmap != 0 && !bytes.Equal(k.going[u], data(u)) {
			k.overwritten++
		}
		if k.outResult != nil {
			k.outResult(len(k.out), u)
		}
		k.completed <- u
	}
}

// feed has the device send transfers.
func (k *fakeKernel) feed(transfers ...[]byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, x := range transfers {
		for len(x) >= k.packet {
			k.packets = append(k.packets, x[:k.packet])
			x = x[k.packet:]
		}
		k.packets = append(k.packets, x)
	}
	k.move()
}

// feedFull has it send full packets without an end.
func (k *fakeKernel) feedFull(p []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for c := range slices.Chunk(p, k.packet) {
		k.packets = append(k.packets, c)
	}
	k.move()
}

func (k *fakeKernel) do(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f()
	k.move()
}

func (k *fakeKernel) discard(u *usbfsURB) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	q := k.queued[u.endpoint]
	i := slices.Index(q, u)
	if i < 0 {
		return unix.EINVAL
	}
	k.queued[u.endpoint] = slices.Delete(slices.Clone(q), i, i+1)
	k.complete(u, unix.ENOENT)
	k.changed.Broadcast()
	return nil
}

func (k *fakeKernel) reap() (uintptr, error) {
	if len(k.seen) == 0 {
		select {
		case u := <-k.completed:
			k.seen = append(k.seen, u)
		case <-k.gone:
			return 0, unix.ENODEV
		default:
			return 0, unix.EAGAIN
		}
	}
	u := k.seen[0]
	k.seen = k.seen[1:]
	return uintptr(unsafe.Pointer(u)), nil
}

func (k *fakeKernel) await() {
	if len(k.seen) > 0 {
		return
	}
	select {
	case u := <-k.completed:
		k.seen = append(k.seen, u)
	case <-k.gone:
	case <-k.wakes:
	}
}

func (k *fakeKernel) wake() {
	select {
	case k.wakes <- struct{}{}:
	default:
	}
}

func (k *fakeKernel) clearHalt(ep uint8) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cleared = append(k.cleared, ep)
	k.inFlight = len(k.queued[ep])
	if ep&0x80 != 0 {
		k.stalled = false
	}
	k.changed.Broadcast()
	return nil
}

func (k *fakeKernel) control(requestType, request uint8, value, index uint16, data []byte, _ uint32) (int, error) {
	setup := []byte{requestType, request, uint8(value), uint8(value >> 8), uint8(index), uint8(index >> 8), uint8(len(data)), uint8(len(data) >> 8)}
	return k.answer(setup, data)
}

func (k *fakeKernel) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.closed)
}
