// Command fidelity measures, over a folder of files that real programs wrote,
// that nothing is lost: every object that any third-party reader finds is found
// by package pim, and what pim writes says what it read, line by line, as an
// independent reader (hwtest/reader) sees it. Beside it stand go-vcard and
// go-ical on the same files. `make fidelity` writes docs/fidelity.md with it.
//
// The corpus is the folder that CRADLE_CORPUS names, else ../shared/corpus
// beside the repository: vcard/ and ical/, files named PRODUCER_REST. The
// readers in Python (vobject, icalendar, and libical by ctypes; Debian's
// packages python3-vobject, python3-icalendar, libical3) are run by
// readers.py; each that is absent is left out, with a message.
package main
