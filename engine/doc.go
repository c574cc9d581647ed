// Package engine is a multi-master sync runtime on the metadata model of the
// Microsoft Sync Framework: versions, knowledge, change units, made-with and
// learned knowledge, tombstones, conflicts that are settled by new versions.
//
// A scope (one kind of item) has a replica ID and a Knowledge at every full
// participant. A partial participant, such as a phone, keeps the same metadata
// as opaque bytes and runs nothing: the engine thinks for it and mints versions
// under a proxy replica of the store's (ProxyID).
//
// A session surveys the partial participant, makes a Plan (a pure function of
// the metadata of both sides) and executes it: into the store in transactions,
// onto the participant object by object, each write announced in the store's
// view of the participant before it happens. So a session may stop anywhere and
// the next one, by any computer, finds out what was done from the contents.
package engine
