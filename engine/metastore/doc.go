// Package metastore keeps the sync metadata of a replica whose own place has
// nowhere to put it: the metadata storage service of the Sync Framework
// (sync-model §1.9). Any provider may use it, those of simple participants
// always do.
//
// A Store holds one replica of one scope: its ID and tick, knowledge and
// forgotten knowledge, the version of the provider, an opaque blob (an anchor,
// for example), and the metadata of each item, tombstones included, with fields
// by which the provider finds its items again: a handle, a path. All changes
// happen in explicit transactions, so that what a provider writes down together
// stays together.
//
// There are three: Memory; Blob, which keeps everything as one byte string in a
// Place that can hold a single opaque object; and the one in
// hostprovider/metastore on SQLite. Package metastoretest is the suite that each
// of them passes. Encode's form is the same for all: what one exports another
// imports.
package metastore
