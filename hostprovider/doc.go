// Package hostprovider is the desktop's store: one SQLite file with contacts,
// events, tasks and notes, their versions and tombstones, what the store knows,
// its view of each phone, the conflict log and the history of runs. It takes part
// in sessions as a full participant (engine.Store) and serves the command line.
//
// An item's original text, in the dialect it came in, is the truth. Any program
// may edit the file with plain SQL through the views items and properties
// (docs/store.md): triggers stamp each edit with the next tick of the store's own
// replica and note it as pending. Settling writes pending edits into the texts
// and gives the changed units those versions; it is the first act of every
// command.
//
// Writers are short immediate transactions on one connection; readers have
// connections of their own, so that another program can read and write while a
// session runs.
package hostprovider
