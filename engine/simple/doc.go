// Package simple makes full participants of places that keep items and nothing
// else: no versions, no knowledge, no tombstones (sync-model §1.8, simple
// participants). Their metadata lives in a metastore.Store.
//
// An author writes a Place, which lists and reads; a Writer too, if items can be
// changed there; and a Log, if the place can tell what changed since an anchor. New
// makes an engine.Provider of it, which detects changes, gives them versions,
// detects conflicts and recovers from a crash at any point. The examples of this
// package are two whole providers.
//
// What counts is content. A version field (an etag, a size with a time) only says
// which objects needn't be read: one that changed without the content is no edit,
// one that is missing makes the object be read every time, and a content that
// changed without it is found when the object is read to be sent, before it is
// overwritten, or by Options.Deep.
//
// Absence deletes, within reason: a listing that fails deletes nothing, and one that
// lacks too much stops with a *Brake. Each write is announced in the metadata before
// it happens, so that what was written before a crash is known again by its content,
// with or without a UID, and never becomes a second item. An object that could never
// be read yet is nobody's: when its item comes from elsewhere meanwhile, there will be
// two, and both stay.
package simple
