package valuebag

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

const goldenFile = "testdata/binary-v1.txt"

// goldenBags are the bags of the golden file: between them every kind, and the
// edges of the format. Rows may be added, never changed: the file pins version 1.
func goldenBags(t *testing.T) []struct {
	name string
	bag  *Values
} {
	own := func(pid uint32) PropertyKey {
		return PropertyKey{GUID{0xC0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, pid}
	}
	bag := func(fill func(vs *Values)) *Values {
		var vs Values
		fill(&vs)
		return &vs
	}
	list := func(typ Type, vs ...Value) Value {
		v, err := Variants(typ, vs)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	date := time.Date(1815, 12, 10, 6, 30, 0, 250e6, time.UTC)
	nested := bag(func(vs *Values) { vs.SetString(WPDTaskStatus, "started") })
	return []struct {
		name string
		bag  *Values
	}{
		{"empty", &Values{}},
		{"one text", bag(func(vs *Values) { vs.SetString(WPDObjectName, "Ada Lovelace") })},
		{"contact", bag(func(vs *Values) {
			vs.SetDate(WPDContactBirthdate, date)
			vs.SetString(WPDContactMobilePhone, "+44 20 7946 0000")
			vs.SetString(WPDContactDisplayName, "Ada Lovelace 🎩")
			vs.SetStrings(WPDContactOtherPhones, []string{"+44 20 7946 0001", "", "+44 20 7946 0002"})
			vs.SetString(WPDObjectName, "ada.vcf")
			vs.SetUint64(WPDObjectSize, 4096)
			vs.SetGUID(WPDObjectFormat, GUID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
		})},
		{"numbers", bag(func(vs *Values) {
			vs.SetInt8(own(2), math.MinInt8)
			vs.SetInt16(own(3), math.MinInt16)
			vs.SetInt32(own(4), math.MinInt32)
			vs.SetInt64(own(5), math.MinInt64)
			vs.SetUint8(own(6), math.MaxUint8)
			vs.SetUint16(own(7), math.MaxUint16)
			vs.SetUint32(own(8), math.MaxUint32)
			vs.SetUint64(own(9), math.MaxUint64)
			vs.SetFloat32(own(10), 0.1)
			vs.SetFloat64(own(11), -0.1)
			vs.SetFloat32(own(12), float32(math.NaN()))
			vs.SetFloat64(own(13), math.NaN())
			vs.SetFloat64(own(14), math.Copysign(0, -1))
			vs.SetFloat64(own(15), math.Inf(-1))
			vs.SetBool(own(16), true)
			vs.SetBool(own(17), false)
			vs.SetErrorCode(own(18), ErrNotFound)
			vs.SetDate(own(19), date)
			vs.Set(own(20), DateFromDays(1e300))
		})},
		{"nothing in several ways", bag(func(vs *Values) {
			vs.Set(own(0), Value{})
			vs.Set(own(1), Null())
			vs.SetString(own(2), "")
			vs.SetBytes(own(3), nil)
			vs.SetKeys(own(4), nil)
			vs.SetStrings(own(5), nil)
			vs.SetValues(own(6), nil)
			vs.SetValuesList(own(7), nil)
			vs.Set(own(8), list(TypeEmpty))
			vs.Set(own(9), list(TypeUint32))
		})},
		{"texts and buffers", bag(func(vs *Values) {
			vs.SetString(own(2), "line\nquote\" back\\slash \x00 \x7f \u2028 <&>")
			vs.SetString(own(3), "not UTF-8: \xff\xc3")
			vs.SetString(own(4), strings.Repeat("long ", 30))
			vs.SetBytes(own(5), []byte{0, 255, 1})
			vs.SetBytes(own(6), []byte("BEGIN:VCARD\r\n"))
		})},
		{"collections", bag(func(vs *Values) {
			vs.SetKeys(own(2), []PropertyKey{WPDObjectName, own(7), WPDObjectName})
			vs.SetKey(own(3), WPDObjectSize)
			vs.SetStrings(own(4), []string{"b", "a", "\xff"})
			vs.Set(own(5), list(TypeInt16, Int16(-1), Int16(1)))
			vs.Set(own(6), list(TypeBool, Bool(true), Bool(false)))
			vs.Set(own(7), list(TypeGUID, GUIDValue(WPDObjectPropertiesV1)))
			vs.Set(own(8), list(TypeBytes, Bytes([]byte{1}), Bytes(nil)))
			vs.Set(own(9), list(TypeDate, Date(date)))
			vs.Set(own(10), list(TypeFloat64, Float64(1e21), Float64(math.Inf(1))))
		})},
		{"nested", bag(func(vs *Values) {
			vs.SetValues(own(2), bag(func(in *Values) {
				in.SetValues(own(2), nested)
				in.SetValuesList(own(3), []*Values{nested, nil, nested})
			}))
		})},
		{"pids far apart", bag(func(vs *Values) {
			vs.Set(own(math.MaxUint32), Null())
			vs.Set(own(math.MaxUint32-1), Null())
			vs.Set(own(127), Null())
			vs.Set(own(0), Null())
			vs.Set(PropertyKey{}, Null())
		})},
	}
}

// TestGolden pins version 1 of the binary form, the digest and the JSON form.
func TestGolden(t *testing.T) {
	bags := goldenBags(t)
	if *update {
		var b strings.Builder
		b.WriteString("# Version 1 of the canonical binary form: name, binary form, its SHA-256, JSON form.\n")
		for _, g := range bags {
			bin, err := g.bag.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			js, err := g.bag.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			d := g.bag.Digest()
			b.WriteString("\nname   " + g.name + "\nbinary " + hex.EncodeToString(bin) + "\ndigest " + hex.EncodeToString(d[:]) + "\njson   " + string(js) + "\n")
		}
		if err := os.WriteFile(goldenFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden := readGolden(t)
	if len(golden) != len(bags) {
		t.Fatalf("%s has %d bags, want %d", goldenFile, len(golden), len(bags))
	}
	for i, want := range bags {
		t.Run(want.name, func(t *testing.T) {
			g := golden[i]
			if g["name"] != want.name {
				t.Fatalf("golden bag %d is %q", i, g["name"])
			}
			bin, err := want.bag.MarshalBinary()
			if got := hex.EncodeToString(bin); err != nil || got != g["binary"] {
				t.Errorf("encoded %s, %v\nwant    %s", got, err, g["binary"])
			}
			d := want.bag.Digest()
			if got := hex.EncodeToString(d[:]); got != g["digest"] {
				t.Errorf("digest %s, want %s", got, g["digest"])
			}
			js, err := json.Marshal(want.bag)
			var compact strings.Builder
			enc := json.NewEncoder(&compact)
			enc.SetEscapeHTML(false)
			if err2 := enc.Encode(want.bag); err != nil || err2 != nil {
				t.Fatalf("JSON: %v, %v", err, err2)
			}
			if got := unescapeLines(strings.TrimSpace(compact.String())); got != g["json"] {
				t.Errorf("JSON %s\nwant %s", got, g["json"])
			}

			data, err := hex.DecodeString(g["binary"])
			if err != nil {
				t.Fatal(err)
			}
			var fromBinary, fromJSON, fromEscaped Values
			if err := fromBinary.UnmarshalBinary(data); err != nil || !fromBinary.Equal(want.bag) {
				t.Errorf("decoded:\n%s%v\nwant:\n%s", &fromBinary, err, want.bag)
			}
			if err := json.Unmarshal([]byte(g["json"]), &fromJSON); err != nil || !fromJSON.Equal(want.bag) {
				t.Errorf("read from JSON:\n%s%v\nwant:\n%s", &fromJSON, err, want.bag)
			}
			if err := json.Unmarshal(js, &fromEscaped); err != nil || !fromEscaped.Equal(want.bag) {
				t.Errorf("read from escaped JSON:\n%s%v\nwant:\n%s", &fromEscaped, err, want.bag)
			}
		})
	}
}

// unescapeLines takes back what encoding/json escapes even without HTML.
func unescapeLines(s string) string {
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(s)
}

// readGolden reads the golden file, one map a bag.
func readGolden(t testing.TB) []map[string]string {
	data, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for _, line := range strings.Split(string(data), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if word == "name" {
			all = append(all, map[string]string{})
		}
		all[len(all)-1][word] = strings.TrimLeft(rest, " ")
	}
	if len(all) == 0 {
		t.Fatalf("%s holds no bags", goldenFile)
	}
	return all
}
