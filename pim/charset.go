package pim

import (
	"strings"
	"unicode/utf8"

	textenc "golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

const bom = "\ufeff"

// wideCharsets name encodings whose bytes can pass for UTF-8 by accident
// (ISO-2022-JP is pure ASCII): there the label is trusted first.
func wideCharset(name string) bool {
	n := strings.ToLower(name)
	for _, p := range []string{"shift", "sjis", "x-sjis", "ms_kanji", "windows-31j", "euc", "iso-2022", "gb", "big5", "ks_c", "cp932", "x-gbk", "hz-gb"} {
		if strings.HasPrefix(n, p) {
			return true
		}
	}
	return false
}

// decodeCharset turns the bytes of one value into UTF-8: valid UTF-8 as it is,
// else by the line's CHARSET parameter, else what is no UTF-8 as Windows-1252.
// guessed says that the last was a guess.
func decodeCharset(s, charset string) (out string, guessed bool) {
	wide := charset != "" && wideCharset(charset)
	if !wide && isUTF8(s) {
		return s, false
	}
	if charset != "" {
		if enc := charsetNamed(charset); enc != nil {
			if canon, _ := htmlindex.Name(enc); canon != "utf-8" && canon != "replacement" {
				if d, err := enc.NewDecoder().String(s); err == nil && (!wide || !strings.Contains(d, "\ufffd")) {
					return d, false
				}
			}
		}
		if isUTF8(s) {
			return s, false
		}
	}
	return decodeMixed(s), true
}

// charsetNamed is the encoding that a CHARSET parameter names, nil if nobody knows it.
func charsetNamed(charset string) textenc.Encoding {
	name := strings.TrimSpace(charset)
	switch strings.ToLower(name) {
	case "cp932", "windows-31j":
		name = "shift_jis"
	case "ansi", "cp1252":
		name = "windows-1252"
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil
	}
	return enc
}

// decodeMixed takes each byte that is in no UTF-8 sequence for Windows-1252. So a
// value that was cut inside a character, or that two programs wrote, stays
// readable, and no byte is lost.
func decodeMixed(s string) string {
	b := make([]byte, 0, len(s)+len(s)/4)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = utf8.AppendRune(b, charmap.Windows1252.DecodeByte(s[i]))
			i++
			continue
		}
		b = append(b, s[i:i+n]...)
		i += n
	}
	return string(b)
}

// isUTF8 is utf8.ValidString; the name says what the callers ask.
func isUTF8(s string) bool { return utf8.ValidString(s) }

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
