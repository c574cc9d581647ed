// Package accounts finds which other programs of this user sync contacts and calendars with
// CardDAV and CalDAV servers. Cradle talks to no server itself: doctor tells who does, and from
// where their items can be taken in. Only settings files are read, and of these no password.
package accounts
