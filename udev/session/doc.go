// Package session speaks to the user's desktop over D-Bus: notifications, the
// mounts of gvfs, and whether somebody is at the computer.
//
// Everything here is a courtesy. Without a bus, as over SSH or in a unit of a user
// without a desktop, [Open] says [ErrNoBus] and the program goes on without.
package session
