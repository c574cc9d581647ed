package devprovider

// Sizer is an ObjectStore whose device can't take objects of every size: QEMU's
// waits for ever for the end of some.
type Sizer interface {
	// CanTake reports whether the device can take an object of size bytes. Where it
	// can't, a size at most 64 bytes larger will do.
	CanTake(size int64) bool
}

// maxFilling bounds how many bytes an object gets more, so that the device can take
// it.
const maxFilling = 64

func (f *Folder) canTake(size int) bool {
	s, ok := f.store.(Sizer)
	return !ok || s.CanTake(int64(size))
}

// fitted is a text that the device can take: where it can't take this one, with
// empty lines after its end, which say nothing in a card, a calendar or a readme.
// If that doesn't help either the text stays as it is, for the device to refuse.
func (f *Folder) fitted(text []byte) []byte {
	if f.canTake(len(text)) {
		return text
	}
	longer := append(make([]byte, 0, len(text)+maxFilling), text...)
	for len(longer)+2 <= cap(longer) {
		if longer = append(longer, "\r\n"...); f.canTake(len(longer)) {
			return longer
		}
	}
	return text
}
