// Package responder plays the device's side of MTP: it takes real containers,
// with real packets and zero-length packets, and answers them from a [Backend].
//
// [New] makes a [Responder] for a [Device], which says what the device is and
// what it offers, as data: an operation that isn't advertised is refused, so one
// responder plays an Android phone and a bare camera. [Responder.Connect] puts a
// cable to it and gives the initiator's end, an [mtp.Transport] without a
// goroutine: the device runs within the initiator's Write.
//
// A device may have services (MTP Device Services, [Service]): what they are and
// their properties are data; their objects are the backend's, see [Updater].
//
// Devices fail and lie. A [Cut] pulls the cable at any byte of any transaction,
// and [Lies] are the departures from the specification that real devices were
// seen to make.
package responder
