package mtp

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEveryCodeHasAName reads the tables' sources: a constant that was forgotten
// in the names would print as a number.
func TestEveryCodeHasAName(t *testing.T) {
	constant := regexp.MustCompile(`(?m)^\t(\w+)\s+(\w+Code) = (0x[0-9A-Fa-f]{4})`)
	named := map[string]func(uint16) string{
		"OpCode":         func(c uint16) string { return opNames[OpCode(c)] },
		"RespCode":       func(c uint16) string { return respNames[RespCode(c)] },
		"EventCode":      func(c uint16) string { return eventNames[EventCode(c)] },
		"FormatCode":     func(c uint16) string { return formatNames[FormatCode(c)] },
		"PropCode":       func(c uint16) string { return propNames[PropCode(c)] },
		"DevicePropCode": func(c uint16) string { return devicePropNames[DevicePropCode(c)] },
	}
	least := map[string]int{"operations": 110, "responses": 60, "events": 24, "formats": 90, "objectprops": 170, "deviceprops": 60}
	for file, n := range least {
		src, err := os.ReadFile("codes_" + file + ".go")
		if err != nil {
			t.Fatal(err)
		}
		all := constant.FindAllStringSubmatch(string(src), -1)
		if len(all) < n {
			t.Errorf("%s: %d codes, want %d or more", file, len(all), n)
		}
		seen, names := map[uint64]string{}, map[string]string{}
		for _, m := range all {
			code, err := strconv.ParseUint(m[3], 0, 16)
			if err != nil {
				t.Fatal(err)
			}
			name := named[m[2]](uint16(code))
			if other := seen[code]; other != "" {
				t.Errorf("%s and %s are both %s", m[1], other, m[3])
			}
			if other := names[name]; name == "" || other != "" {
				t.Errorf("%s, %s: its name is %q, and so is that of %q", m[1], m[3], name, other)
			}
			seen[code], names[name] = m[1], m[1]
		}
	}
}

// TestTables: the codes of the specifications' tables, as they were written down
// from those and not from the sources here, have their names.
func TestTables(t *testing.T) {
	text, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	printed := map[string]func(uint16) string{
		"operation":  func(c uint16) string { return OpCode(c).String() },
		"response":   func(c uint16) string { return RespCode(c).String() },
		"event":      func(c uint16) string { return EventCode(c).String() },
		"format":     func(c uint16) string { return FormatCode(c).String() },
		"objectprop": func(c uint16) string { return PropCode(c).String() },
		"deviceprop": func(c uint16) string { return DevicePropCode(c).String() },
	}
	known := map[string]int{
		"operation": len(opNames), "response": len(respNames), "event": len(eventNames),
		"format": len(formatNames), "objectprop": len(propNames), "deviceprop": len(devicePropNames),
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		hex, want, _ := strings.Cut(rest, " ")
		code, err := strconv.ParseUint(hex, 0, 16)
		if printed[kind] == nil || err != nil || want == "" {
			t.Fatalf("line %q", line)
		}
		if got := printed[kind](uint16(code)); got != want {
			t.Errorf("%s %s is %q, want %q", kind, hex, got, want)
		}
		known[kind]--
	}
	if got := fmt.Sprint(known); got != "map[deviceprop:0 event:0 format:0 objectprop:0 operation:0 response:0]" {
		t.Errorf("more or fewer codes than in the tables: %s", got)
	}
}
