package pim

import (
	"bytes"
	"strings"
)

// PlainNoteExtensions are the files that ReadPlain is for, in lower case.
var PlainNoteExtensions = []string{".txt", ".md", ".markdown"}

// ReadPlain reads a file of plain text as one note: a VJOURNAL whose SUMMARY is
// the title (the file's name, say) and whose DESCRIPTION is the text, the same
// for the same file wherever it is read. Markup stays as it is; line ends
// become line feeds, and those at the end fall away. The file counts as a
// bundle: it is never written back, since a text that is cut off can't be told
// from one that is whole. A file that begins like a card, a calendar or a note
// is read as such, and one with NULs in it is no text.
func ReadPlain(title string, data []byte) File {
	src, _, d := sourceTextOf(data)
	_, blank := blankFile([]byte(src))
	head := strings.TrimLeft(src, bom+" \t\r\n")
	switch {
	case blank, hasFold(head, "BEGIN:V"):
		return Read(data)
	case len(src) > MaxLine:
		return File{Problems: []Problem{{Line: 1, What: "text beyond the limits set aside", Lost: true}}}
	case strings.IndexByte(src, 0) >= 0:
		return File{Problems: []Problem{{Offset: strings.IndexByte(src, 0), Line: 1, What: "no text: a NUL in it", Lost: true}}}
	}
	var f File
	text, guessed := decodeCharset(strings.TrimPrefix(src, bom), "")
	if guessed {
		f.Problems = append(f.Problems, Problem{Line: 1, What: "no UTF-8; read as Windows-1252"})
	}
	f.Problems = append(f.Problems, d.placed(src)...)
	if n := strings.IndexFunc(text, hidden); n >= 0 {
		f.Problems = append(f.Problems, Problem{Offset: n, Line: physicalLines(text[:n] + "x"), What: "control characters, which no calendar may hold, left out"})
	}
	b := []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" + ProductID + "\r\nBEGIN:VJOURNAL\r\n")
	if title = strings.TrimSpace(strings.ToValidUTF8(title, "\ufffd")); title != "" {
		b = appendFolded(b, "SUMMARY:"+escapeText(visible(title)), "\r\n")
	}
	b = appendFolded(b, "DESCRIPTION:"+escapeText(visible(strings.TrimRight(text, "\r\n"))), "\r\n")
	b = append(b, "END:VJOURNAL\r\nEND:VCALENDAR\r\n"...)
	f.Objects = []Object{{Kind: Notes, Text: b, Line: 1}}
	f.Bundle = true
	return f
}

// visible takes out the control characters that no calendar may hold.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if hidden(r) {
			return -1
		}
		return r
	}, s)
}

func hidden(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0x7f
}

// PlainText is a note as plain text for a person or a .txt file: its title and
// its text, without a title that is the text's first line again. Lines end in
// LF, the last one too.
func PlainText(text []byte) []byte {
	title, body := "", ""
	for _, p := range Properties(text) {
		switch {
		case p.Component != "":
		case p.Name == "SUMMARY" && title == "":
			title = p.Value
		case (p.Name == "DESCRIPTION" || p.Name == "BODY") && p.Value != "":
			if body != "" {
				body += "\n\n" // RFC 5545 lets a journal have several
			}
			body += p.Value
		}
	}
	first, _, _ := strings.Cut(body, "\n")
	if strings.TrimSpace(strings.TrimLeft(first, "#")) == strings.TrimSpace(title) {
		title = ""
	}
	var b bytes.Buffer
	for _, s := range []string{title, body} {
		if s != "" {
			if b.Len() > 0 {
				b.WriteString("\n")
			}
			b.WriteString(s + "\n")
		}
	}
	return b.Bytes()
}
