// Command gen writes wpdkeys_gen.go, the WPD keys by name, from
// wpd-properties.csv. Run it with go generate in the valuebag directory.
package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/hex"
	"flag"
	"fmt"
	"go/format"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	in := flag.String("in", "wpd-properties.csv", "table of keys")
	out := flag.String("out", "wpdkeys_gen.go", "Go file to write")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	f, err := os.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	src, err := generate(f)
	if err != nil {
		return fmt.Errorf("%s: %w", in, err)
	}
	return os.WriteFile(out, src, 0o644)
}

// guid is in memory order, like valuebag.GUID.
type guid [16]byte

type key struct {
	fmtID guid
	pid   uint32
}

func (k key) compare(o key) int {
	return cmp.Or(bytes.Compare(k.fmtID[:], o.fmtID[:]), cmp.Compare(k.pid, o.pid))
}

func (k key) code() string { return fmt.Sprintf("PropertyKey{%s, %d}", k.fmtID.code(), k.pid) }

func (g guid) code() string {
	var b strings.Builder
	b.WriteString("GUID{")
	for i, c := range g {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "0x%02X", c)
	}
	b.WriteString("}")
	return b.String()
}

type row struct {
	category, use, name string
	key                 key
	typ                 string
	service             key
	serviceName         string
	serviceType         string
	mtp                 uint16
	fmtText             string
}

var columns = []string{"category", "use", "name", "fmtid", "pid", "vartype", "devsvc_key", "devsvc_key_relation", "devsvc_type", "mtp_code", "note"}

var types = map[string]string{
	"": "TypeEmpty", "varies": "TypeEmpty", "VT_EMPTY": "TypeEmpty",
	"VT_I4": "TypeInt32", "VT_R4": "TypeFloat32", "VT_R8": "TypeFloat64", "VT_DATE": "TypeDate",
	"VT_ERROR": "TypeError", "VT_BOOL": "TypeBool", "VT_UNKNOWN": "TypeUnknown", "VT_UI4": "TypeUint32",
	"VT_I8": "TypeInt64", "VT_UI8": "TypeUint64", "VT_LPWSTR": "TypeString", "VT_CLSID": "TypeGUID",
	"VT_VECTOR | VT_UI1": "TypeBytes",
}

var uses = map[string]string{
	"property": "UseProperty", "attribute": "UseAttribute", "resource": "UseResource", "command": "UseCommand",
	"commandparam": "UseCommandParam", "commandoption": "UseCommandOption", "classextension": "UseClassExtension",
}

// read parses the table, in key order.
func read(r io.Reader) ([]row, error) {
	records, err := csv.NewReader(r).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(records) < 2 || !slices.Equal(records[0], columns) {
		return nil, fmt.Errorf("want the columns %v and at least one row", columns)
	}
	rows := make([]row, 0, len(records)-1)
	for i, rec := range records[1:] {
		r, err := parse(rec)
		if err != nil {
			return nil, fmt.Errorf("row %d (%s): %w", i+2, rec[2], err)
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return a.key.compare(b.key) })
	for i := 1; i < len(rows); i++ {
		if rows[i].key == rows[i-1].key {
			return nil, fmt.Errorf("%s and %s have the same key", rows[i-1].name, rows[i].name)
		}
	}
	return rows, nil
}

var otherPID = regexp.MustCompile(`^pid (\d+) in (\{[0-9A-Fa-f-]{36}\})$`)

func parse(rec []string) (row, error) {
	r := row{category: rec[0], name: rec[2], serviceName: rec[6], serviceType: rec[8], fmtText: rec[3]}
	var err error
	if r.key, err = parseKey(rec[3], rec[4]); err != nil {
		return row{}, err
	}
	var ok bool
	if r.use, ok = uses[rec[1]]; !ok {
		return row{}, fmt.Errorf("unknown use %q", rec[1])
	}
	if r.typ, ok = types[rec[5]]; !ok {
		return row{}, fmt.Errorf("unknown VARTYPE %q", rec[5])
	}
	switch m := otherPID.FindStringSubmatch(rec[7]); {
	case rec[7] == "" || rec[7] == "none named":
		if r.serviceName != "" {
			return row{}, fmt.Errorf("service key %s without a relation", r.serviceName)
		}
	case rec[7] == "same":
		r.service = r.key
	case m != nil:
		if r.service, err = parseKey(m[2], m[1]); err != nil {
			return row{}, err
		}
	default:
		return row{}, fmt.Errorf("unknown relation %q", rec[7])
	}
	if rec[9] != "" {
		n, err := strconv.ParseUint(rec[9], 0, 16)
		if err != nil {
			return row{}, fmt.Errorf("MTP code: %w", err)
		}
		r.mtp = uint16(n)
	}
	return r, nil
}

func parseKey(fmtid, pid string) (key, error) {
	b, err := hex.DecodeString(strings.NewReplacer("{", "", "}", "", "-", "").Replace(fmtid))
	if err != nil || len(b) != 16 {
		return key{}, fmt.Errorf("bad GUID %q", fmtid)
	}
	slices.Reverse(b[0:4])
	slices.Reverse(b[4:6])
	slices.Reverse(b[6:8])
	n, err := strconv.ParseUint(pid, 10, 32)
	if err != nil {
		return key{}, fmt.Errorf("pid: %w", err)
	}
	return key{guid(b), uint32(n)}, nil
}

// words are the parts of names that title case would spell badly in Go.
var words = map[string]string{
	"WPD": "WPD", "ID": "ID", "IDS": "IDs", "UID": "UID", "GUID": "GUID", "URL": "URL", "SMS": "SMS", "DRM": "DRM",
	"RGB": "RGB", "DPI": "DPI", "MTP": "MTP", "IO": "IO", "CC": "CC", "BCC": "BCC", "TV": "TV", "FOURCC": "FourCC",
	"ISHIDDEN": "IsHidden", "ISSYSTEM": "IsSystem", "RECORDEDTV": "RecordedTV",
	"X509V3SEQUENCE": "X509v3Sequence", "PNP": "PnP", "FNUMBER": "FNumber", "BITDEPTH": "BitDepth",
	"FRAMERATE": "FrameRate", "API": "API", "HRESULT": "HRESULT", "WMDRM": "WMDRM", "EDP": "EDP",
}

// goName turns WPD_CONTACT_MOBILE_PHONE into WPDContactMobilePhone.
func goName(name string) string {
	var b strings.Builder
	for _, w := range strings.Split(name, "_") {
		if s, ok := words[w]; ok {
			b.WriteString(s)
		} else if w != "" {
			b.WriteString(w[:1] + strings.ToLower(w[1:]))
		}
	}
	return b.String()
}

// generate writes the Go source.
func generate(r io.Reader) ([]byte, error) {
	rows, err := read(r)
	if err != nil {
		return nil, err
	}
	seen := map[string]string{}
	declare := func(name string) (string, error) {
		g := goName(name)
		if old, ok := seen[g]; ok {
			return "", fmt.Errorf("%s and %s both become %s", old, name, g)
		}
		seen[g] = name
		return g, nil
	}

	var b bytes.Buffer
	b.WriteString("// Code generated by gen from wpd-properties.csv; DO NOT EDIT.\n\npackage valuebag\n\n")

	// A category is its fmtid; the rows of one are together in key order.
	b.WriteString("// The categories of WPD keys: each is the fmtid of its keys.\nvar (\n")
	for i, r := range rows {
		if r.category == "" || i > 0 && rows[i-1].key.fmtID == r.key.fmtID {
			if i > 0 && rows[i-1].key.fmtID == r.key.fmtID && rows[i-1].category != r.category {
				return nil, fmt.Errorf("%s is in category %s, %s in %s", rows[i-1].name, rows[i-1].category, r.name, r.category)
			}
			continue
		}
		g, err := declare(r.category)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "\t// %s is %s %s.\n\t%s = %s\n", g, r.category, r.fmtText, g, r.key.fmtID.code())
	}
	b.WriteString(")\n\n// The keys of the WPD headers.\nvar (\n")
	for _, r := range rows {
		g, err := declare(r.name)
		if err != nil {
			return nil, err
		}
		about := strings.TrimPrefix(r.typ, "Type")
		if r.typ == "TypeEmpty" {
			about = strings.ToLower(strings.TrimPrefix(r.use, "Use"))
		}
		fmt.Fprintf(&b, "\t// %s is %s, %s (%s).\n\t%s = %s\n", g, r.name, r.fmtText+"."+strconv.FormatUint(uint64(r.key.pid), 10), about, g, r.key.code())
	}
	fmt.Fprintf(&b, ")\n\n// wpdKeys is every row, by key.\nvar wpdKeys = [%d]KeyInfo{\n", len(rows))
	for _, r := range rows {
		fmt.Fprintf(&b, "\t{Key: %s, Name: %q", r.key.code(), r.name)
		if r.category != "" {
			fmt.Fprintf(&b, ", Category: %q", r.category)
		}
		fmt.Fprintf(&b, ", Use: %s, Type: %s", r.use, r.typ)
		if r.serviceName != "" {
			fmt.Fprintf(&b, ", Service: %s, ServiceName: %q, ServiceType: %q", r.service.code(), r.serviceName, r.serviceType)
		}
		if r.mtp != 0 {
			fmt.Fprintf(&b, ", MTP: 0x%04X", r.mtp)
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n\n")

	index(&b, "wpdByName", "indexes wpdKeys by name", rows, func(row) bool { return true },
		func(a, b row) int { return cmp.Compare(a.name, b.name) })
	index(&b, "wpdByMTP", "indexes the rows of wpdKeys that have an MTP property code, by code", rows,
		func(r row) bool { return r.mtp != 0 }, func(a, b row) int { return cmp.Compare(a.mtp, b.mtp) })
	return format.Source(b.Bytes())
}

// index writes the positions of the chosen rows in another order.
func index(b *bytes.Buffer, name, doc string, rows []row, choose func(row) bool, compare func(a, b row) int) {
	var at []int
	for i, r := range rows {
		if choose(r) {
			at = append(at, i)
		}
	}
	slices.SortFunc(at, func(i, j int) int { return cmp.Or(compare(rows[i], rows[j]), cmp.Compare(i, j)) })
	fmt.Fprintf(b, "// %s %s.\nvar %s = [%d]uint16{", name, doc, name, len(at))
	for i, n := range at {
		if i%16 == 0 {
			b.WriteString("\n\t")
		}
		fmt.Fprintf(b, "%d, ", n)
	}
	b.WriteString("\n}\n\n")
}
