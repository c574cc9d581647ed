package engine

import (
	"crypto/sha256"
	"encoding/hex"
)

// Cookie stands for a knowledge where only "has anything been learned since?" is
// asked (ISyncKnowledge2::GetKnowledgeCookie): the first 16 bytes of SHA-256 of
// its canonical form. Cookies compare with ==. Equal knowledge has equal cookies,
// and different knowledge different ones but for a collision of the digest. A
// later version of the canonical form gives other cookies, so one that was kept
// may fail to match, never match wrongly: what hangs on it must be safe to repeat.
type Cookie [16]byte

func (c Cookie) String() string { return hex.EncodeToString(c[:]) }

// Cookie is the cookie of k.
func (k Knowledge) Cookie() Cookie {
	sum := sha256.Sum256(k.AppendBinary(nil))
	return Cookie(sum[:len(Cookie{})])
}

// Matches reports whether c is the cookie of k
// (ISyncKnowledge2::CompareToKnowledgeCookie).
func (k Knowledge) Matches(c Cookie) bool { return k.Cookie() == c }
