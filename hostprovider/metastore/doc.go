// Package metastore is the metadata store of engine/metastore on SQLite. One file
// holds the metadata of any number of replicas by name. It may be a file of its
// own or the PIM store's, whose tables it doesn't touch: its own begin with
// metastore_ and have a version of their own.
//
// The file is 0600 and in WAL mode; a transaction that was committed survives the
// loss of power (synchronous=FULL), because a tick that is given twice would
// diverge silently.
package metastore
