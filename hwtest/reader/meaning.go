package reader

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// Meaning is the same for two objects that say the same in different versions of
// their format: what each version spells in its own way counts as one. Key is
// stricter, and for objects of one version.
func (o *Object) Meaning() string {
	lines := make([]string, 0, len(o.Lines))
	for _, l := range o.Lines {
		if l = meaning(l); l != "" {
			lines = append(lines, l)
		}
	}
	slices.Sort(lines)
	return o.Name + "\n" + strings.Join(lines, "\n")
}

var (
	date     = regexp.MustCompile(`^(\d{4}|--)-?(\d{2})-?(\d{2})$`)
	dataURI  = regexp.MustCompile(`(?i)^data:([^;,\\]*);base64\\*,(.*)$`)
	dropping = regexp.MustCompile(`;(VALUE=(DATE-AND-OR-TIME|DATE|URI|URL|BINARY)|X-APPLE-OMIT-YEAR=1604|MEDIATYPE=[^;]*)`)
)

// meaning gives one line of an object; "" for one that tells of its version alone.
func meaning(l string) string {
	path := ""
	if i := strings.LastIndexByte(l[:strings.IndexAny(l+":", ":;")], '/'); i >= 0 {
		path, l = l[:i+1], l[i+1:]
	}
	head, value, _ := strings.Cut(l, ":")
	group, name := "", head[:strings.IndexAny(head+";", ";")]
	params := head[len(name):]
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		group, name = name[:i+1], name[i+1:]
	}
	for _, prefix := range []string{"X-ADDRESSBOOKSERVER-", "X-"} {
		name = strings.TrimPrefix(name, prefix) // carried for a version that hasn't got it
	}
	text := strings.Contains(params, "VALUE=TEXT")
	switch {
	case name == "VERSION":
		return ""
	case name == "DCREATED":
		name = "CREATED"
	case name == "TRANSP" && value == "0":
		value = "OPAQUE"
	case name == "TRANSP" && value == "1":
		value = "TRANSPARENT"
	case name == "TEL" && !strings.Contains(value, ";"):
		value = strings.TrimPrefix(value, "tel:")
	case dataURI.MatchString(value):
		m := dataURI.FindStringSubmatch(value)
		if b, ok := unbase64(m[2]); ok {
			value = "base64:" + hex.EncodeToString(b)
			params += ";TYPE=" + strings.TrimPrefix(strings.ToUpper(m[1]), "IMAGE/")
		}
	case !text && date.MatchString(value):
		m := date.FindStringSubmatch(value)
		if m[1] == "1604" && strings.Contains(params, "X-APPLE-OMIT-YEAR=1604") {
			m[1] = "--"
		}
		value = m[1] + m[2] + m[3]
	}
	ps := strings.Split(dropping.ReplaceAllString(params, ""), ";")
	slices.Sort(ps)
	// A comma in a part parts it in vCard 4.0 and nothing in 2.1.
	value = strings.NewReplacer(`\,`, ",", `\;`, ";", `\\`, `\`).Replace(value)
	return path + group + name + strings.Join(slices.Compact(ps), ";") + ":" + value
}
