// Package learned remembers from session to session what was noticed of a device:
// which of its operations are advertised and no good, whether it takes a
// zero-length packet, how patient one has to be. A [Book] is a small file of the
// host; [Book.Recall] is for [mtp.Options], and [Book.Learn] takes what
// [mtp.Session.Learned] tells at the end.
//
// What is remembered is true of a model with one firmware: it lapses when the
// device offers anything else than it did, and a month later anyway, since a
// phone that was busy for a while can look like one that is broken.
package learned
