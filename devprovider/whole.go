package devprovider

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/valuebag"
)

// The full texts of items of which the device stores only part: a file each beside the
// state (docs/decisions/0011). They are written before the object, and taken away once
// no state names them.
const (
	wholeFolder = stateFolder + "/whole"
	wholeExt    = ".whole"
	wholeMagic  = "CRADLEWH"
	// wholeHead: magic 8, version 2, reserved 6, item 16, digest of the text 16, length of
	// the text 8, length of what follows 8.
	wholeHead    = 64
	wholeVersion = 1
)

var (
	// errNoWhole: the full text of an item isn't where the state says.
	errNoWhole = errors.New("the phone stores only part of this item, and the file with its full text is gone or broken: sync the phone with the computer that has all of the item, or edit it there, and the file is written anew")
	errWhole   = errors.New("no full text of an item")
)

// wholeKey names a full text: an item's, and the digest of the text as it was sent.
type wholeKey struct {
	id   engine.ItemID
	sent engine.Digest // its first 8 bytes count
}

func (k wholeKey) name() string {
	return hex.EncodeToString(k.id[:]) + "-" + hex.EncodeToString(k.sent[:8]) + wholeExt
}

// parseWholeName reads a name; ok is false for another file's.
func parseWholeName(name string) (k wholeKey, ok bool) {
	stem, ok := strings.CutSuffix(name, wholeExt)
	id, sent, ok2 := strings.Cut(stem, "-")
	if !ok || !ok2 || len(id) != 32 || len(sent) != 16 {
		return k, false
	}
	_, err := hex.Decode(k.id[:], []byte(id))
	_, err2 := hex.Decode(k.sent[:], []byte(sent))
	return k, err == nil && err2 == nil
}

// encodeWhole gives the file's bytes: the head, the text packed with DEFLATE, SHA-256.
func encodeWhole(k wholeKey, text []byte) []byte {
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed) // the level is a good one
	w.Write(text)                                     //nolint:errcheck // memory takes it
	w.Close()                                         //nolint:errcheck // as above
	b := make([]byte, wholeHead, wholeHead+packed.Len()+checksumSize)
	copy(b, wholeMagic)
	binary.LittleEndian.PutUint16(b[8:], wholeVersion)
	copy(b[16:], k.id[:])
	sum := bodyDigest(text)
	copy(b[32:], sum[:])
	binary.LittleEndian.PutUint64(b[48:], uint64(len(text)))
	binary.LittleEndian.PutUint64(b[56:], uint64(packed.Len()))
	b = append(b, packed.Bytes()...)
	all := sha256.Sum256(b)
	return append(b, all[:]...)
}

// decodeWhole reads it. What follows the checksum says nothing.
func decodeWhole(data []byte) (id engine.ItemID, text []byte, err error) {
	if len(data) < wholeHead || string(data[:8]) != wholeMagic || binary.LittleEndian.Uint16(data[8:]) != wholeVersion {
		return id, nil, fmt.Errorf("%w: byte 0: expected a head of version %d", errWhole, wholeVersion)
	}
	size, packed := binary.LittleEndian.Uint64(data[48:]), binary.LittleEndian.Uint64(data[56:])
	if packed > uint64(len(data)-wholeHead) || uint64(len(data)-wholeHead)-packed < checksumSize || size > maxObject {
		return id, nil, fmt.Errorf("%w: %d bytes, packed %d of %d", errWhole, len(data), packed, size)
	}
	end := wholeHead + int(packed)
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:end+checksumSize]) {
		return id, nil, fmt.Errorf("%w: the checksum is another", errWhole)
	}
	copy(id[:], data[16:])
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(flate.NewReader(bytes.NewReader(data[wholeHead:end])), int64(size)+1))
	if err != nil {
		return id, nil, fmt.Errorf("%w: unpacked %d of %d bytes: %w", errWhole, n, size, err)
	}
	if uint64(n) != size {
		return id, nil, fmt.Errorf("%w: unpacked %d of %d bytes", errWhole, n, size)
	}
	if sum := bodyDigest(b.Bytes()); !bytes.Equal(sum[:], data[32:48]) {
		return id, nil, fmt.Errorf("%w: the text is another", errWhole)
	}
	return id, b.Bytes(), nil
}

// listWholes finds the full texts that lie on the device, once a session.
func (f *Folder) listWholes(ctx context.Context) error {
	if f.wholes != nil {
		return nil
	}
	found := map[wholeKey]string{}
	for _, s := range f.storages {
		names, err := f.names(ctx, s.Name, stateFolder)
		if err != nil {
			return err
		}
		if !names.has(base(wholeFolder)) {
			continue
		}
		l, err := f.list(ctx, s.Name, wholeFolder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("looking for the full texts of items: %w", err)
		}
		for _, e := range l.Entries {
			if k, ok := parseWholeName(e.Name); ok && !e.Folder {
				if _, twice := found[k]; !twice {
					found[k] = s.Name
				}
			}
		}
	}
	f.wholes = found
	return nil
}

// wholesOf lists the full texts of an item, sorted by name.
func (f *Folder) wholesOf(fits func(id engine.ItemID) bool) []wholeKey {
	var keys []wholeKey
	for k := range f.wholes {
		if fits(k.id) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b wholeKey) int { return strings.Compare(a.name(), b.name()) })
	return keys
}

func short(d engine.Digest) engine.Digest {
	var s engine.Digest
	copy(s[:8], d[:8])
	return s
}

// readWhole reads an item's full text: errNoWhole when it isn't there or broken.
func (f *Folder) readWhole(ctx context.Context, scope string, k wholeKey) (*valuebag.Values, error) {
	k.sent = short(k.sent)
	if v := f.texts[k]; v != nil {
		return v, nil
	}
	if err := f.listWholes(ctx); err != nil {
		return nil, err
	}
	storage, ok := f.wholes[k]
	if !ok {
		return nil, errNoWhole
	}
	data, err := f.store.Read(ctx, storage, join(wholeFolder, k.name()), maxObject)
	if err != nil {
		if f.ends(ctx, err) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", errNoWhole, err)
	}
	id, text, err := decodeWhole(data)
	if err == nil && (id != k.id || short(bodyDigest(text)) != k.sent) {
		err = errWhole
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWhole, err)
	}
	v, err := f.kinds[scope].New(text, "")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWhole, err)
	}
	f.keepText(k, v)
	return v, nil
}

// keptTexts bounds how many full texts are held in memory.
const keptTexts = 256

func (f *Folder) keepText(k wholeKey, v *valuebag.Values) {
	if f.texts == nil || len(f.texts) >= keptTexts {
		f.texts = map[wholeKey]*valuebag.Values{}
	}
	f.texts[k] = v
}

// writeWhole makes an item's full text durable on the device.
func (f *Folder) writeWhole(ctx context.Context, scope string, id engine.ItemID, v *valuebag.Values) (wholeKey, error) {
	text := f.kinds[scope].Text(v)
	k := wholeKey{id, short(bodyDigest(text))}
	if err := f.listWholes(ctx); err != nil {
		return k, err
	}
	if _, ok := f.wholes[k]; ok {
		if _, err := f.readWhole(ctx, scope, k); err == nil || f.ends(ctx, err) {
			return k, err
		}
		if err := f.removeWhole(ctx, k); err != nil {
			return k, err
		}
	}
	if err := f.ensureFolder(ctx, f.home, wholeFolder); err != nil {
		return k, err
	}
	body := f.fitted(encodeWhole(k, text))
	path := join(wholeFolder, k.name())
	e, err := f.store.Create(ctx, f.home, path, body)
	if err == nil && e.Size >= 0 && e.Size != int64(len(body)) {
		err = fmt.Errorf("%w: %d bytes written, %d kept", errAltered, len(body), e.Size)
	}
	if err != nil {
		return k, fmt.Errorf("keeping the item's full text: %w", err)
	}
	if n := f.folders[spot{f.home, wholeFolder}]; n != nil {
		n.add(k.name())
	}
	f.wholes[k] = f.home
	f.keepText(k, v)
	return k, nil
}

func (f *Folder) removeWhole(ctx context.Context, k wholeKey) error {
	err := f.remove(ctx, f.wholes[k], join(wholeFolder, k.name()))
	if err == nil {
		delete(f.wholes, k)
		delete(f.texts, k)
	}
	return err
}
