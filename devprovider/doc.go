// Package devprovider makes a phone's own contacts, calendars, tasks and notes
// an engine.Partial: a participant that stores and runs nothing.
//
// The folder profile keeps one item a file (a vdir) in a tree named Cradle on the
// phone's storage, and beside it, under Cradle/state, the bytes that the engine
// keeps there: what each item looked like when it was last exchanged, under which
// versions, and what the phone knows. The phone carries its own sync state, so
// any computer with Cradle can go on where another one stopped.
//
// Folder stands on ObjectStore, a small interface that an MTP session (MTPStore)
// and a plain folder such as a USB stick (DirStore) both satisfy. Everything else
// is the same for both: the state and its generations, the survey that finds what
// the phone's user did, and the steps by which an object is replaced on a device
// that cannot replace. The cable may be pulled at any byte: either the old or the
// new text of an item is there whole, and any computer settles what was left
// unfinished.
//
// A survey never writes. What it finds to be settled is settled before the first
// write that follows.
package devprovider
