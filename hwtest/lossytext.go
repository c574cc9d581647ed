package hwtest

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/jpeg"
	_ "image/png" // photos of cards
	"path"
	"slices"
	"strings"
	"time"
)

// keptExt are the files that a lossy phone's program takes apart.
var keptExt = []string{".vcf", ".ics", ".vcs", ".vnt"}

// takes reports whether the phone's program reads files of that name.
func (s *Storage) takes(name string) bool {
	return s != nil && slices.Contains(keptExt, strings.ToLower(path.Ext(name)))
}

// part is a line, or a component with what is in it.
type part struct {
	name  string // upper case, without a group
	line  string // unfolded; of a component its BEGIN
	parts []*part
	comp  bool
}

// Keep is what the phone makes of a text that it is given, at a time of its own clock. A
// text that its program can't read stays as it is.
func (s *Storage) Keep(text []byte, now time.Time) []byte {
	lines := unfoldAll(string(text))
	top := &part{comp: true}
	stack := []*part{top}
	for _, l := range lines {
		in := stack[len(stack)-1]
		p := &part{name: nameOf(l), line: l}
		in.parts = append(in.parts, p)
		switch p.name {
		case "BEGIN":
			p.comp, p.name = true, strings.ToUpper(strings.TrimSpace(valueOf(l)))
			stack = append(stack, p)
		case "END":
			in.parts = in.parts[:len(in.parts)-1]
			if len(stack) == 1 {
				return text
			}
			stack = stack[:len(stack)-1]
		}
	}
	if len(stack) != 1 {
		return text
	}
	var b strings.Builder
	s.write(&b, top, now)
	return []byte(b.String())
}

func (s *Storage) write(b *strings.Builder, c *part, now time.Time) {
	parts := s.kept(c, now)
	if s.flags["order"] {
		slices.SortStableFunc(parts, func(a, b *part) int {
			rank := func(p *part) int {
				switch {
				case p.comp:
					return 2
				case p.name == "VERSION":
					return 0
				}
				return 1
			}
			if r := rank(a) - rank(b); r != 0 || a.comp {
				return r
			}
			return strings.Compare(a.name, b.name)
		})
	}
	for _, p := range parts {
		if p.comp {
			b.WriteString("BEGIN:" + p.name + "\r\n")
			s.write(b, p, now)
			b.WriteString("END:" + p.name + "\r\n")
			continue
		}
		s.fold(b, p.line)
	}
}

// kept are the parts of a component that the phone stores.
func (s *Storage) kept(c *part, now time.Time) []*part {
	var out []*part
	count, slots := map[string]int{}, map[string]bool{}
	stamped := false
	for _, p := range c.parts {
		name := p.name
		if p.comp && slices.ContainsFunc(p.parts, func(q *part) bool { return q.name == "RECURRENCE-ID" }) {
			name = "RECURRENCE-ID"
		} else if name == "RECURRENCE-ID" {
			out = append(out, p)
			continue
		}
		if s.flags["stamp"] && !p.comp && (name == "REV" || name == "PRODID" || name == "LAST-MODIFIED") {
			continue
		}
		if s.flags["nolabels"] && (name == "X-ABLABEL" || name == "X-ABADR") {
			continue
		}
		r := s.rule(name)
		count[name]++
		if r.drop || r.count > 0 && count[name] > r.count {
			continue
		}
		if s.flags["slots"] && !p.comp {
			slot := strings.ToUpper(name + typesOf(p.line))
			if slots[slot] {
				continue
			}
			slots[slot] = true
		}
		if p.comp {
			out = append(out, p)
			continue
		}
		line := p.line
		if s.flags["nolabels"] {
			line = bareHead(line)
		}
		head, value, _ := cutLine(line)
		encoded := strings.Contains(strings.ToUpper(head), "ENCODING") || strings.Contains(strings.ToUpper(head), ";BASE64") || strings.Contains(strings.ToUpper(head), "QUOTED-PRINTABLE")
		switch {
		case r.rewrite && name == "TEL" && !encoded:
			value = hyphened(value)
		case r.rewrite && name == "PHOTO":
			value = smaller(value)
		}
		if r.max > 0 && !encoded {
			value = cutText(value, r.max)
		}
		out = append(out, &part{name: name, line: head + ":" + value})
	}
	if s.flags["stamp"] && !stamped {
		switch c.name {
		case "VCARD":
			out = append(out, &part{name: "REV", line: "REV:" + now.UTC().Format("20060102T150405Z")}, &part{name: "PRODID", line: "PRODID:-//Lossy Phone//1"})
		case "VCALENDAR":
			out = append([]*part{{name: "PRODID", line: "PRODID:-//Lossy Phone//1"}}, out...)
		}
	}
	return out
}

// fold writes a line.
func (s *Storage) fold(b *strings.Builder, line string) {
	limit := 1 << 30
	if s.flags["fold"] {
		limit = 60
	}
	n := 0
	for _, r := range line {
		if n >= limit {
			b.WriteString("\r\n ")
			n = 0
		}
		b.WriteRune(r)
		n++
	}
	b.WriteString("\r\n")
}

// unfoldAll gives the logical lines of a text.
func unfoldAll(text string) []string {
	text = strings.TrimPrefix(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), "\ufeff")
	var out []string
	soft := false
	for l := range strings.SplitSeq(text, "\n") {
		switch {
		case len(out) > 0 && soft:
			out[len(out)-1] = strings.TrimSuffix(out[len(out)-1], "=") + l
		case len(out) > 0 && l != "" && (l[0] == ' ' || l[0] == '\t'):
			out[len(out)-1] += l[1:]
			continue
		case strings.TrimSpace(l) == "":
			continue
		default:
			out = append(out, l)
		}
		last := out[len(out)-1]
		head, _, _ := cutLine(last)
		soft = strings.HasSuffix(last, "=") && strings.Contains(strings.ToUpper(head), "QUOTED-PRINTABLE")
	}
	return out
}

// cutLine splits a line at its first colon outside quotes.
func cutLine(line string) (head, value string, ok bool) {
	quoted := false
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"':
			quoted = !quoted
		case ':':
			if !quoted {
				return line[:i], line[i+1:], true
			}
		}
	}
	return line, "", false
}

func valueOf(line string) string { _, v, _ := cutLine(line); return v }

func nameOf(line string) string {
	head, _, ok := cutLine(line)
	if !ok {
		return "?"
	}
	head, _, _ = strings.Cut(head, ";")
	if at := strings.LastIndexByte(head, '.'); at >= 0 {
		head = head[at+1:]
	}
	return strings.ToUpper(strings.TrimSpace(head))
}

func typesOf(line string) string {
	head, _, _ := cutLine(line)
	_, params, _ := strings.Cut(head, ";")
	return ";" + params
}

// bareHead leaves a line its name, its types and what its value can't be read without.
func bareHead(line string) string {
	head, value, ok := cutLine(line)
	if !ok {
		return line
	}
	var kept []string
	quoted, from := false, 0
	for i := 0; i <= len(head); i++ {
		if i < len(head) && head[i] == '"' {
			quoted = !quoted
		}
		if i < len(head) && (head[i] != ';' || quoted) {
			continue
		}
		p := head[from:i]
		from = i + 1
		name, _, named := strings.Cut(strings.ToUpper(p), "=")
		if len(kept) == 0 {
			if at := strings.LastIndexByte(p, '.'); at >= 0 {
				p = p[at+1:]
			}
			kept = append(kept, p)
			continue
		}
		if !named || slices.Contains([]string{"TYPE", "ENCODING", "CHARSET", "VALUE", "TZID"}, name) {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, ";") + ":" + value
}

// hyphened writes a number as Android's exporter does: digits, with hyphens.
func hyphened(v string) string {
	var digits []byte
	plus := strings.HasPrefix(strings.TrimSpace(v), "+")
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case strings.IndexByte(" -()./+", c) < 0:
			return v // no number
		}
	}
	if len(digits) < 7 {
		return v
	}
	out := ""
	if plus {
		out = "+"
	}
	return out + string(digits[:3]) + "-" + string(digits[3:6]) + "-" + string(digits[6:])
}

// cutText keeps the beginning of a text, never half an escape.
func cutText(v string, limit int) string {
	n := 0
	escaped := false
	for i, r := range v {
		if n >= limit && !escaped {
			return v[:i]
		}
		if escaped = r == '\\' && !escaped; !escaped {
			n++
		}
	}
	return v
}

// smaller compresses a photo anew, at half its size.
func smaller(v string) string {
	data, ok := v, strings.TrimSpace(v)
	prefix := ""
	if at := strings.Index(ok, ";base64,"); at >= 0 {
		prefix, data = ok[:at+8], ok[at+8:]
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(data), ""))
	if err != nil {
		return v
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return v
	}
	r := img.Bounds()
	half := image.NewRGBA(image.Rect(0, 0, max(1, min(r.Dx(), 48)), max(1, min(r.Dy(), 48))))
	for y := range half.Rect.Dy() {
		for x := range half.Rect.Dx() {
			half.Set(x, y, img.At(r.Min.X+x*r.Dx()/half.Rect.Dx(), r.Min.Y+y*r.Dy()/half.Rect.Dy()))
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, half, &jpeg.Options{Quality: 40}); err != nil {
		return v
	}
	return prefix + base64.StdEncoding.EncodeToString(b.Bytes())
}
