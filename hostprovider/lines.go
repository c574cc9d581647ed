package hostprovider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"cradle/pim"
)

// textColumn is a text as SQLite should hold it: TEXT, so that SQL can read it,
// or BLOB where it is no valid UTF-8 (vCard 2.1 in Windows-1252, UTF-16).
func textColumn(text []byte) any {
	if utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 {
		return string(text)
	}
	return text
}

// line is a property row without its pos.
type line struct {
	component, group, name, params, value string
}

func lineOf(p *pim.Property) line {
	return line{p.Component, p.Group, p.Name, p.Params, p.Value}
}

// appendLines encodes property rows as the JSON object that body.lines holds.
func appendLines(b []byte, props []pim.Property) []byte {
	b = append(b, '{')
	for i := range props {
		p := &props[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = strconv.AppendInt(b, int64(p.Pos), 10)
		b = append(b, '"', ':')
		b = lineOf(p).append(b)
	}
	return append(b, '}')
}

func (l line) append(b []byte) []byte {
	b = append(b, '[')
	b = appendOptional(b, l.component)
	b = append(b, ',')
	b = appendOptional(b, l.group)
	b = append(b, ',')
	b = appendString(b, l.name)
	b = append(b, ',')
	b = appendOptional(b, l.params)
	b = append(b, ',')
	b = appendString(b, l.value)
	return append(b, ']')
}

// appendOptional encodes "nothing" as null, SQL's NULL.
func appendOptional(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

const hexDigits = "0123456789abcdef"

// appendString encodes a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			b = append(b, s[start:i]...)
			b = append(b, "\ufffd"...)
			i++
			start = i
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// parseLine reads one row: [component, grp, name, params, value].
func parseLine(s string) (line, error) {
	var cells []*string
	if err := json.Unmarshal([]byte(s), &cells); err != nil {
		return line{}, fmt.Errorf("property row: %w", err)
	}
	return lineOfCells(cells)
}

func lineOfCells(cells []*string) (line, error) {
	if len(cells) != 5 || cells[2] == nil {
		return line{}, fmt.Errorf("property row: %d cells, expected 5 with a name", len(cells))
	}
	cell := func(i int) string {
		if cells[i] == nil {
			return ""
		}
		return *cells[i]
	}
	return line{cell(0), cell(1), cell(2), cell(3), cell(4)}, nil
}

// eachValue calls fn with the name and value of each row of body.lines, until it
// returns false. It reads just what a search needs, without taking the rest of
// the JSON apart; values without escapes are parts of s.
func eachValue(s string, fn func(name, value string) bool) error {
	for i := strings.IndexByte(s, '['); i >= 0; {
		var cells [5]string
		i++
		for n := range cells {
			end := len(s)
			switch {
			case strings.HasPrefix(s[i:], "null"):
				end = i + len("null")
			case i < len(s) && s[i] == '"':
				if end = stringEnd(s, i); end < 0 {
					return fmt.Errorf("property rows: byte %d: a string without end", i)
				}
				cells[n] = s[i:end]
			}
			if end >= len(s) || s[end] != ",,,,]"[n] {
				return fmt.Errorf("property rows: byte %d: expected cell %d of 5", i, n+1)
			}
			i = end + 1
		}
		name, err := unquote(cells[2])
		if err != nil {
			return err
		}
		value, err := unquote(cells[4])
		if err != nil {
			return err
		}
		if !fn(name, value) {
			return nil
		}
		next := strings.IndexByte(s[i:], '[')
		if next < 0 {
			return nil
		}
		i += next
	}
	return nil
}

// stringEnd is the index after the JSON string that begins at i; -1 without one.
func stringEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

func unquote(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if !strings.Contains(s, `\`) {
		return s[1 : len(s)-1], nil
	}
	var v string
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		return "", fmt.Errorf("property rows: %w", err)
	}
	return v, nil
}
