// Package mtptest records what goes over an [mtp.Transport] and plays it back.
//
// A transcript is text, one transfer a line, in the order of the wire:
//
//	# comment
//	> HEX    bulk OUT, one Write
//	< HEX    bulk IN, one transfer
//	e HEX    interrupt IN, one event; ready as soon as the line is reached
//	c CODE > HEX   class request, data out
//	c CODE < HEX   class request, data in
//	+ HEX    more bytes of the transfer before
//	! WORD   the transfer before ended with an error: stall, gone, silence
//
// A comment may also end a line. HEX may have spaces, and 00*512 stands for 512 times that byte. A ZLP is "-".
// "silence" is a read that gets nothing until its context ends.
//
// [Annotate] writes each field on a line of its own, and finds bytes that don't
// fit the specification's layout.
//
// A [Recorder] writes transcripts and explains containers in comments; a
// [Player] is the device of one, and complains about whatever differs.
package mtptest
