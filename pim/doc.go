// Package pim reads and writes contacts, events, tasks and notes without
// losing anything: vCard 2.1, 3.0 and 4.0, vCalendar 1.0, VNOTE 1.1 and
// iCalendar 2.0, in the forms that phones and programs really write them.
//
// # Texts
//
// The text of an object, in the dialect it came in, is the truth. Parse takes
// it apart into content lines and components that know their own bytes, so a
// change replaces just the lines it is about and every other byte stays. Read
// finds the objects in a file; what can't be used is listed, never a reason to
// stop. A Scanner does the same piece by piece, for files that needn't be in
// memory; ReadPlain makes a note of plain text.
//
// # Kinds and items
//
// Each kind of item (Contacts, Events, Tasks, Notes) is a Kind: the schema by
// which items are compared and merged. New makes an item's bag of properties:
// its text under KeyText, and for each change unit the unit's lines in normal
// form. The normal form is the same for a line of any dialect: names in upper
// case, parameters sorted with TYPE as a set, charset, quoted-printable and
// escapes undone, binary values as a digest. Everything else follows from it:
//
//	item, err := pim.Contacts.New(text, "personal")
//	pim.Contacts.Digest(item, "tel")             // did the numbers change?
//	pim.Contacts.Replace(item, other, []string{"tel", "name"})
//
// Every content line is in exactly one unit. A line with a group belongs with
// the main line of its group (an X-ABLabel with its TEL), an alarm or an
// override is one element, and each category is one, however they are spread
// over lines. Seven names are in no unit, since each side keeps its own: REV,
// PRODID, DTSTAMP, LAST-MODIFIED, SEQUENCE, VERSION, UID. The names of groups
// don't count, only what is grouped. The VTIMEZONEs that the dates name count
// in the unit "when"; others are carried along and count nowhere.
//
// Bags are never changed by this package once they are made; all functions are
// pure.
//
// # Dialects and pairs
//
// Convert writes an item in another dialect, equal in every unit; the text that
// it came in stays the truth. Matches finds out which items of two sides without
// UIDs are the same thing, each with its reason, and Fill gives one what the other
// has more.
//
// # Rows
//
// Properties shows a text as rows of component, group, name, parameters and
// decoded value, and EditProperties applies edits of such rows to the text.
package pim
