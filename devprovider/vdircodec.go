package devprovider

import (
	"encoding/binary"
	"slices"
)

// The bits of a vdir in the state.
const (
	vdirBelow = 1 << iota
	vdirLeft
	vdirKnown = vdirBelow | vdirLeft
)

func (s *state) appendVdirs(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.vdirs)))
	for _, v := range s.vdirs {
		var flags byte
		if v.Below {
			flags |= vdirBelow
		}
		if v.Left {
			flags |= vdirLeft
		}
		b = append(b, flags)
		b = appendString(appendString(appendString(b, v.Storage), v.Folder), v.Collection)
		b = binary.AppendUvarint(b, uint64(len(v.Scopes)))
		for _, scope := range v.Scopes {
			b = appendString(b, scope)
		}
	}
	return b
}

func (s *state) decodeVdirs(c *cursor) {
	n := c.Count(5, "a count of vdirs")
	s.vdirs = make([]Vdir, 0, n)
	for ; n > 0 && c.Err == nil; n-- {
		flags := c.Byte("flags")
		v := Vdir{Storage: c.string("a storage"), Folder: c.string("a folder"), Collection: c.string("a collection")}
		v.Below, v.Left = flags&vdirBelow != 0, flags&vdirLeft != 0
		v.Scopes = c.strings("a scope")
		if len(v.Scopes) == 0 {
			v.Scopes = nil
		}
		if c.Err != nil {
			return
		}
		clean, err := CleanFolder(v.Folder)
		switch {
		case flags&^vdirKnown != 0:
			c.Fail("a vdir's flags of version 2")
		case err != nil || clean != v.Folder:
			c.Fail("a folder below the storage's root")
		case v.Below == (v.Collection != ""):
			c.Fail("a collection where the folder is one")
		case len(s.vdirs) > 0 && s.vdirs[len(s.vdirs)-1].compare(v) >= 0:
			c.Fail("vdirs in ascending order")
		case !slices.IsSorted(v.Scopes):
			c.Fail("scopes in ascending order")
		}
		s.vdirs = append(s.vdirs, v)
	}
}
