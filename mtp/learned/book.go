package learned

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cradle/mtp"
)

// lapse is how long something is remembered.
const (
	lapse = 30 * day
	day   = 24 * time.Hour
)

// Bounds of a file: it is untrusted, and a device chooses its own names.
const (
	maxFile    = 1 << 20
	maxDevices = 200
	maxText    = 128
)

// Book is a file of what was noticed. The zero Now is time.Now. Its methods may be
// called by several programs at once: the last to write wins, and nothing but a
// few slow requests is lost.
type Book struct {
	Path string
	Now  func() time.Time
}

// page is what is remembered of a model.
type page struct {
	Manufacturer string    `json:"manufacturer"`
	Model        string    `json:"model"`
	Firmware     string    `json:"firmware"` // the device version
	Offers       string    `json:"offers"`   // a digest of all that DeviceInfo says but the serial number
	Quirks       []string  `json:"quirks"`
	Noticed      time.Time `json:"noticed"`
}

type document struct {
	Version int    `json:"version"`
	Devices []page `json:"devices"`
}

// offers is a digest of what a device says it is. Android's device version is 1.0
// for ever; that a new firmware offers something else shows all the same.
func offers(d *mtp.DeviceInfo) string {
	same := *d
	same.SerialNumber = ""
	b, err := same.AppendBinary(nil)
	if err != nil { // a name that a decoder took and no encoder does
		b = fmt.Appendf(nil, "%v", same)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// clip gives a name as the file can hold it.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.ToValidUTF8(s[:min(len(s), maxText)], "")
}

// model reports whether the page is of the device's model, of whatever firmware.
func (p *page) model(d *mtp.DeviceInfo) bool {
	return p.Manufacturer == clip(d.Manufacturer) && p.Model == clip(d.Model)
}

// lapsed reports whether it was too long ago, or is to come: a clock that was wrong for
// a while would have it remembered for ever.
func (p *page) lapsed(now time.Time) bool {
	age := now.Sub(p.Noticed)
	return age > lapse || age < -day
}

func (b *Book) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}

// read gives the pages; a file that isn't there has none. One of another version,
// or damaged, is an error and is written anew by the next Learn.
func (b *Book) read() ([]page, error) {
	f, err := os.Open(b.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%s: more than %d bytes", b.Path, maxFile)
	}
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", b.Path, err)
	}
	if doc.Version != 1 {
		return nil, fmt.Errorf("%s: version %d, want 1", b.Path, doc.Version)
	}
	return doc.Devices, nil
}

// Recall gives what was noticed of a device with this firmware. With an error,
// which is no reason not to go on, it is nothing.
func (b *Book) Recall(d *mtp.DeviceInfo) (mtp.Quirks, error) {
	pages, err := b.read()
	if err != nil {
		return 0, fmt.Errorf("recall what was noticed of a device: %w", err)
	}
	var q mtp.Quirks
	for i := range pages {
		p := &pages[i]
		if !p.model(d) || p.Offers != offers(d) || p.lapsed(b.now()) {
			continue
		}
		for _, name := range p.Quirks {
			// Only what a session may notice itself: a file can't make it do more.
			if one, ok := mtp.QuirkNamed(name); ok && one.Learned() {
				q |= one
			}
		}
	}
	return q, nil
}

// Learn adds what a session noticed of a device. What was remembered of the same
// model with another firmware goes.
func (b *Book) Learn(d *mtp.DeviceInfo, q mtp.Quirks) error {
	if q == 0 {
		return nil
	}
	known, _ := b.Recall(d) //nolint:errcheck // a file that can't be read is written anew
	pages, _ := b.read()    //nolint:errcheck // likewise
	pages = slices.DeleteFunc(pages, func(p page) bool {
		return p.model(d) || p.lapsed(b.now())
	})
	p := page{
		Manufacturer: clip(d.Manufacturer), Model: clip(d.Model), Firmware: clip(d.DeviceVersion),
		Offers: offers(d), Noticed: b.now().UTC().Truncate(time.Second),
	}
	for _, one := range (known | q).Split() {
		p.Quirks = append(p.Quirks, one.String())
	}
	pages = append(pages, p)
	if over := len(pages) - maxDevices; over > 0 {
		pages = pages[over:]
	}
	raw, err := json.MarshalIndent(document{1, pages}, "", "  ")
	if err == nil {
		err = b.write(append(raw, '\n'))
	}
	if err != nil {
		return fmt.Errorf("remember what was noticed of a device: %w", err)
	}
	return nil
}

// write replaces the file as a whole.
func (b *Book) write(raw []byte) error {
	dir := filepath.Dir(b.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(b.Path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), b.Path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
