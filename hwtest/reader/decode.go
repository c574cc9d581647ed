package reader

import (
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// decoder decodes lines by the dialect that they stand in.
type decoder struct{ old bool } // vCard 2.1, vCalendar 1.0: backslashes are no escapes

// texts are the names whose value is one text: a comma in it is a comma,
// escaped or not. In all others commas and semicolons may part values.
var texts = strings.Fields(`FN NOTE TITLE ROLE LABEL MAILER SORT-STRING TEL EMAIL BIRTHPLACE DEATHPLACE EXPERTISE HOBBY INTEREST X-ABADR X-ABLABEL X-ABUID
	SUMMARY DESCRIPTION LOCATION COMMENT CONTACT RELATED-TO TZID X-WR-CALNAME X-WR-CALDESC X-ALT-DESC
	X-PHONETIC-FIRST-NAME X-PHONETIC-LAST-NAME STATUS CLASS TZ`)

// line is a line in one form for all dialects' encodings: group and name in
// upper case, parameters sorted, value decoded.
func (d decoder) line(l string) string {
	head, value := headOf(l), valueOf(l)
	parts := splitOutside(head, ';')
	name := strings.ToUpper(strings.TrimSpace(parts[0]))
	var params []string
	var qp, b64 bool
	charset := ""
	for _, p := range parts[1:] {
		u := strings.ToUpper(strings.TrimSpace(p))
		switch {
		case u == "":
		case u == "QUOTED-PRINTABLE", strings.HasPrefix(u, "ENCODING=") && strings.Contains(u, "QUOTED-PRINTABLE"):
			qp = true
		case u == "BASE64" || u == "B" || strings.HasPrefix(u, "ENCODING=B"):
			b64 = true
		case u == "8BIT", u == "7BIT", u == "ENCODING=8BIT", u == "ENCODING=7BIT":
		case strings.HasPrefix(u, "CHARSET="):
			charset = u[len("CHARSET="):]
		default:
			params = append(params, parameter(u)...)
		}
	}
	slices.Sort(params)
	params = slices.Compact(params)
	switch {
	case qp:
		value = unquote(value)
	case b64:
		if b, ok := unbase64(value); ok {
			value = "base64:" + hex.EncodeToString(b)
		}
	}
	bare := name[strings.LastIndexByte(name, '.')+1:]
	if !b64 {
		value = d.escapes(toCharset(value, charset), bare)
	}
	head = strings.Join(append([]string{name}, params...), ";")
	return toCharset(head, charset) + ":" + value
}

// escapes undoes those of a value: all of a text's, of another value just those
// that no separator hides behind.
func (d decoder) escapes(v, name string) string {
	if d.old {
		if name == "CATEGORIES" {
			return strings.ReplaceAll(v, ",", ";")
		}
		return v
	}
	undo := []string{`\\`, `\\`, `\:`, `:`, `\N`, "\n", `\n`, "\n"}
	if slices.Contains(texts, name) {
		undo = append(undo, `\,`, `,`, `\;`, `;`)
		undo[1] = `\`
	}
	return strings.NewReplacer(undo...).Replace(v)
}

// parameter gives a parameter as one entry a value: bare words are types, quotes
// don't count.
func parameter(u string) []string {
	name, values, ok := strings.Cut(u, "=")
	switch {
	case u == "URL", u == "INLINE", u == "CID":
		return []string{"VALUE=" + u}
	case !ok || strings.Contains(name, "("):
		name, values = "TYPE", u
	}
	if name == "PREF" && values == "1" { // vCard 4.0's way to say TYPE=PREF
		return []string{"TYPE=PREF"}
	}
	var out []string
	for _, v := range splitOutside(values, ',') {
		v = strings.Trim(v, " \t")
		if v = caret.Replace(v); name == "TYPE" {
			if strings.Contains(v, "(") { // Samsung's label with its own encoding
				out = append(out, "TYPE="+v)
				continue
			}
			for w := range strings.SplitSeq(v, ",") { // TYPE="home,work"
				w = strings.TrimPrefix(strings.TrimSpace(w), "IMAGE/") // of inline pictures: JPEG or image/jpeg
				out = append(out, "TYPE="+w)
			}
			continue
		}
		out = append(out, strings.TrimSpace(name)+"="+v)
	}
	if name != "TYPE" {
		return []string{strings.Join(out, ",")}
	}
	return out
}

// caret undoes RFC 6868 and quotes.
var caret = strings.NewReplacer(`"`, "", "^^", "^", "^'", "", "^N", "\n", "^n", "\n")

// splitOutside splits at c where it stands in no double quotes.
func splitOutside(s string, c byte) []string {
	var out []string
	from, quoted := 0, false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == c && !quoted:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	if quoted { // a quote that isn't closed is a character
		return strings.Split(s, string(c))
	}
	return append(out, s[from:])
}

func unbase64(s string) ([]byte, bool) {
	s = strings.TrimRight(strings.Join(strings.Fields(s), ""), "=")
	b, err := base64.RawStdEncoding.DecodeString(s)
	return b, err == nil
}

// unquote decodes quoted-printable and leaves alone what isn't.
func unquote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '=' && i+2 < len(s) {
			if v, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(v)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\r", "\n")
}

// toCharset gives UTF-8: what is none by its label, else each byte that is none as
// Windows-1252.
func toCharset(s, label string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x1b") {
		return s
	}
	if enc, err := htmlindex.Get(label); err == nil && label != "UTF-8" {
		if d, err := enc.NewDecoder().String(s); err == nil {
			return d
		}
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(s[0])
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// Printable cuts a line for a message.
func Printable(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) > 160 {
		s = strings.ToValidUTF8(s[:160], "") + "…"
	}
	return s
}
