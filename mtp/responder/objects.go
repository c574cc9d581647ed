package responder

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"cradle/mtp"
)

// selection is what GetNumObjects, GetObjectHandles and DeleteObject choose:
// the objects of a folder or of whole storages, of any format or one.
type selection struct {
	storages []mtp.StorageID
	folder   mtp.ObjectHandle // 0: the top level
	deep     bool
	format   mtp.FormatCode // 0: any
}

// selected turns the parameters (StorageID, [Format], [Parent]) into a
// selection. Parent 0 means all levels and 0xFFFFFFFF the top level.
func (r *Responder) selected(c *call) (selection, error) {
	s := selection{format: mtp.FormatCode(c.param(1)), folder: mtp.ObjectHandle(c.param(2))}
	switch s.folder {
	case 0:
		s.deep = !r.dev.Lies.Has(LieRootZero)
	case mtp.AllHandles:
		s.folder = 0
	}
	if c.param(1) == 0xFFFFFFFF { // all image formats, an old habit of PTP
		s.format = mtp.FormatUndefinedImage
	}
	id := mtp.StorageID(c.param(0))
	if s.folder != 0 {
		o, err := r.backend.Object(s.folder)
		switch {
		case err != nil:
			return s, fmt.Errorf("%w: %w", mtp.InvalidParentObject, err)
		case !o.Folder:
			return s, mtp.InvalidParentObject
		case id != mtp.AllStorages && id != o.Storage:
			return s, mtp.InvalidStorageID
		}
		s.storages = []mtp.StorageID{o.Storage}
		return s, nil
	}
	if id == mtp.AllStorages {
		if r.dev.Lies.Has(LieAllStorages) {
			c.faults = append(c.faults, striking{Fault: &Fault{Phase: After, Do: Dead}})
			return s, mtp.InvalidStorageID
		}
		s.storages = r.storagesOf(s.format)
		return s, nil
	}
	if !r.storage(id) {
		return s, mtp.InvalidStorageID
	}
	s.storages = []mtp.StorageID{id}
	return s, nil
}

func (r *Responder) visit(s selection, f func(*Object)) error {
	for _, id := range s.storages {
		err := r.backend.Walk(id, s.folder, s.deep, func(o *Object) {
			if s.format == 0 || s.format == o.Format || s.format == mtp.FormatUndefinedImage && o.Format&0xFF00 == 0x3800 {
				f(o)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Responder) handles(c *call) ([]mtp.ObjectHandle, selection, error) {
	s, err := r.selected(c)
	if err != nil {
		return nil, s, err
	}
	var handles []mtp.ObjectHandle
	err = r.visit(s, func(o *Object) { handles = append(handles, o.Handle) })
	return handles, s, err
}

func (r *Responder) getNumObjects(c *call) error {
	handles, _, err := r.handles(c)
	if err != nil {
		return err
	}
	c.result(uint32(len(handles)))
	return nil
}

func (r *Responder) getObjectHandles(c *call) error {
	handles, s, err := r.handles(c)
	if err != nil {
		return err
	}
	lies := r.dev.Lies
	switch {
	case lies.Has(LieHandlesFail) && s.folder != 0:
		return mtp.GeneralError
	case lies.Has(LiePartialList) && len(handles) > 1:
		c.data = mtp.AppendHandles(nil, handles[:len(handles)/2])
		return mtp.GeneralError
	case lies.Has(LieHandlesShort):
		kept := handles[:0]
		for i, h := range handles {
			if i%7 != 6 {
				kept = append(kept, h)
			}
		}
		handles = kept
	case lies.Has(LieDuplicateList) && len(handles) > 0:
		handles = append(handles, handles[0])
	}
	if lies.Has(LieSameHandles) {
		for i := 2; i < len(handles); i += 3 {
			handles[i] = handles[i-1]
		}
	}
	c.data = mtp.AppendHandles(nil, handles)
	return nil
}

// object finds the object that the first parameter names.
func (r *Responder) object(c *call) (Object, error) {
	return r.backend.Object(mtp.ObjectHandle(c.param(0)))
}

// isBad reports whether an object is the one that can't be described under
// LieBadObject: the last of its folder.
func (r *Responder) isBad(o *Object) bool {
	if !r.dev.Lies.Has(LieBadObject) || o.Folder {
		return false
	}
	var last mtp.ObjectHandle
	if err := r.backend.Walk(o.Storage, o.Parent, false, func(k *Object) { last = k.Handle }); err != nil {
		return false
	}
	return last == o.Handle
}

func (r *Responder) parent(o *Object) mtp.ObjectHandle {
	if o.Parent == 0 && r.dev.Lies.Has(LieRootParent) {
		return mtp.ObjectHandle(o.Storage)
	}
	return o.Parent
}

func (r *Responder) getObjectInfo(c *call) error {
	o, err := r.object(c)
	if err != nil {
		return err
	}
	if r.isBad(&o) {
		return mtp.GeneralError
	}
	info := mtp.ObjectInfo{
		Storage:  o.Storage,
		Format:   o.Format,
		Size:     o.Size,
		Parent:   r.parent(&o),
		FileName: r.nameText(&o),
	}
	if o.ReadOnly {
		info.Protection = mtp.ProtectionReadOnly
	}
	if o.Folder {
		info.AssociationType = mtp.AssociationGenericFolder
	} else if r.dev.Lies.Has(LieSize) {
		info.Size = mtp.UnknownSize
	}
	if findProp(r.dev.propsOf(o.Format, o.Folder), mtp.PropDateModified) != nil || len(r.dev.FileProps) == 0 {
		info.ModificationDate = r.dateText(o.Modified)
		info.CaptureDate = r.dateText(o.Created)
	}
	c.data, err = info.AppendBinary(nil)
	c.data = r.unsaid(c.data)
	if err == nil && r.dev.Lies.Has(LieWideInfo) {
		// 4 more bytes behind the low half of the size.
		c.data = append(c.data[:12], append([]byte{0, 0, 0, 0}, c.data[12:]...)...)
	}
	return err
}

// readAhead is up to how many bytes an object is read at once.
const readAhead = 256 << 10

func (r *Responder) getObject(c *call) error {
	return r.content(c, 0, 1<<62)
}

func (r *Responder) getPartialObject(c *call) error {
	return r.partial(c, uint64(c.param(1)), c.param(2))
}

func (r *Responder) getPartialObject64(c *call) error {
	return r.partial(c, uint64Of(c.param(1), c.param(2)), c.param(3))
}

func (r *Responder) partial(c *call, offset uint64, most uint32) error {
	if offset > 1<<62 {
		return mtp.InvalidParameter
	}
	if err := r.content(c, int64(offset), int64(most)); err != nil {
		return err
	}
	size := int64(len(c.data)) + c.size
	c.result(uint32(size))
	if r.dev.Lies.Has(LiePartialEnd) && size > 0 && (mtp.HeaderSize+size)%int64(r.packet) == 0 && r.ends(c, int64(offset)+size) {
		c.faults = append(c.faults, striking{Fault: &Fault{Phase: InData, Do: Silent}})
	}
	return nil
}

// ends reports whether the object that the call asks for ends at an offset.
func (r *Responder) ends(c *call, at int64) bool {
	o, err := r.object(c)
	return err == nil && int64(o.Size) == at
}

// strangeNames are of LieStrangeNames. unsaid turns the runes that stand for what
// no text can hold into that.
var strangeNames = []string{
	".", "..", "", "a/b", "/etc/passwd", "../../x.vcf", "nul" + runeNUL + "after.vcf", "half" + runeHalf + ".vcf", runeHalf,
	strings.Repeat("x", mtp.MaxStringUnits), "line\nfeed\x1b[31m.vcf", "-rf", "\u202egnp.exe", `C:\x`, " ", "e\u0301.vcf", "\u00e9.vcf",
}

const runeNUL, runeHalf = "\uf8fe", "\uf8ff"

func (r *Responder) unsaid(data []byte) []byte {
	if r.dev.Lies.Has(LieStrangeNames) {
		data = bytes.ReplaceAll(data, []byte{0xfe, 0xf8}, []byte{0, 0})
		data = bytes.ReplaceAll(data, []byte{0xff, 0xf8}, []byte{0x34, 0xd8})
	}
	return data
}

// nameText is an object's name as the device tells it.
func (r *Responder) nameText(o *Object) string {
	if r.dev.Lies.Has(LieStrangeNames) {
		return strangeNames[int(o.Handle)%len(strangeNames)]
	}
	if r.dev.Lies.Has(LieNames) {
		return "../" + wireText(o.Name)
	}
	return wireText(o.Name)
}

// content makes at most most bytes of an object from offset on the call's data.
func (r *Responder) content(c *call, offset, most int64) error {
	o, err := r.object(c)
	switch {
	case err != nil:
		return err
	case o.Folder:
		return mtp.InvalidObjectHandle
	}
	body, err := r.backend.Open(o.Handle)
	if err != nil {
		return err
	}
	size := max(0, min(most, body.Size()-offset))
	if size > readAhead {
		c.body, c.off, c.size = body, offset, size
		return nil
	}
	defer body.Close()
	c.data = make([]byte, size)
	n, err := body.ReadAt(c.data, offset)
	if int64(n) < size {
		c.data = nil
		return fmt.Errorf("read object %d: %w", o.Handle, err)
	}
	return nil
}

func (r *Responder) deleteObject(c *call) error {
	h := mtp.ObjectHandle(c.param(0))
	if h != mtp.AllHandles {
		// Some initiators put the object's format here; it doesn't matter.
		return r.backend.Delete(h)
	}
	var handles []mtp.ObjectHandle
	s := selection{storages: r.backend.Storages(), format: mtp.FormatCode(c.param(1)), deep: c.param(1) != 0}
	if err := r.visit(s, func(o *Object) { handles = append(handles, o.Handle) }); err != nil {
		return err
	}
	failed := 0
	var last error
	for _, h := range handles {
		if err := r.backend.Delete(h); err != nil {
			failed, last = failed+1, err
		}
	}
	if failed > 0 && failed < len(handles) {
		return mtp.PartialDeletion
	}
	return last
}

// destination checks the parameters (Handle, StorageID, Parent) of a move or a
// copy: here the top folder is 0.
func (r *Responder) destination(c *call) (mtp.ObjectHandle, mtp.StorageID, mtp.ObjectHandle) {
	return mtp.ObjectHandle(c.param(0)), mtp.StorageID(c.param(1)), mtp.ObjectHandle(c.param(2))
}

func (r *Responder) moveObject(c *call) error {
	return r.backend.Move(r.destination(c))
}

func (r *Responder) copyObject(c *call) error {
	h, err := r.backend.Copy(r.destination(c))
	if err != nil {
		return err
	}
	c.result(uint32(h))
	return nil
}

// wireText makes a file name that the wire can hold: as Android does it, a
// longer one is cut, and bytes that are no UTF-8 are replaced.
func wireText(s string) string {
	if len(s) <= mtp.MaxStringUnits && isPlain(s) {
		return s
	}
	out := make([]rune, 0, len(s))
	units := 0
	for _, c := range s { // yields U+FFFD for broken bytes
		units++
		if c > 0xFFFF {
			units++
		}
		if units > mtp.MaxStringUnits {
			break
		}
		if c == 0 {
			c = utf8.RuneError
		}
		out = append(out, c)
	}
	return string(out)
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] == 0 || s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
