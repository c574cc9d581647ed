// Package proxy is a provider behind a pipe: Serve answers for a provider on one
// end of a connection, and a Client is that provider on the other end (sync-model
// §1.8, proxy participant).
//
// The protocol is a conversation: the client asks one thing at a time. A message is
// its length (4 bytes, big endian) and a bag in valuebag's binary form. The bags
// hold engine types in their documented Values forms. While the server processes a
// batch it may ask the client about conflicts, and the client may cancel.
package proxy
