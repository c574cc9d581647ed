package valuebag

import (
	"strings"
	"testing"
)

func TestJSONRefuses(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"nothing", ``, "unexpected EOF"},
		{"half", `{"WPD_OBJECT_NAME":{"string":"a"}`, "EOF"},
		{"no bag", `[]`, "want {"},
		{"two documents", `{} {}`, "want the end"},
		{"unknown name", `{"WPD_OBJECT_NAMES":{"string":"a"}}`, "WPD name"},
		{"key twice", `{"WPD_OBJECT_NAME":{"string":"a"},"{ef6b490d-5cd8-437a-affc-da8b60ee4a3c}.4":{"null":null}}`, "WPD_OBJECT_NAME again"},
		{"unknown kind", `{"WPD_OBJECT_NAME":{"text":"a"}}`, `not "text"`},
		{"two kinds", `{"WPD_OBJECT_NAME":{"string":"a","null":null}}`, "want }"},
		{"no kind", `{"WPD_OBJECT_NAME":{}}`, "a kind"},
		{"null text", `{"WPD_OBJECT_NAME":{"string":null}}`, "not null"},
		{"text as number", `{"WPD_OBJECT_NAME":{"string":5}}`, "not a number"},
		{"bool in quotes", `{"WPD_OBJECT_NAME":{"bool":"true"}}`, "without quotes"},
		{"bool as number", `{"WPD_OBJECT_NAME":{"bool":1}}`, "not a number"},
		{"number as bool", `{"WPD_OBJECT_NAME":{"int8":true}}`, "not a bool"},
		{"number too large", `{"WPD_OBJECT_NAME":{"uint8":256}}`, "out of range"},
		{"fraction", `{"WPD_OBJECT_NAME":{"uint8":1.5}}`, "invalid syntax"},
		{"base64", `{"WPD_OBJECT_NAME":{"bytes":"*"}}`, "base64"},
		{"base64 of a text", `{"WPD_OBJECT_NAME":{"string":{"hex":"00"}}}`, "want string"},
		{"bag as text", `{"WPD_OBJECT_NAME":{"bytes":{}}}`, "want bytes"},
		{"collection of bags", `{"WPD_OBJECT_NAME":{"variants":{"values":[]}}}`, "can hold"},
		{"mixed collection", `{"WPD_OBJECT_NAME":{"variants":{"uint8":[1,"a"]}}}`, "invalid syntax"},
		{"elements without a kind", `{"WPD_OBJECT_NAME":{"variants":{"empty":[null]}}}`, "without a kind"},
		{"key list of numbers", `{"WPD_OBJECT_NAME":{"keys":[1]}}`, "a key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var vs Values
			vs.SetBool(WPDObjectSize, true)
			err := vs.UnmarshalJSON([]byte(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if vs.Len() != 1 {
				t.Errorf("the bag changed:\n%s", &vs)
			}
		})
	}
	var v Value
	if err := v.UnmarshalJSON([]byte(`{"uint64": 5}`)); err != nil || !v.Equal(Uint64(5)) {
		t.Errorf("a 64 bit number without quotes: %s, %v", v, err)
	}
	if b, err := v.MarshalJSON(); err != nil || string(b) != `{"uint64":"5"}` {
		t.Errorf("a value alone: %s, %v", b, err)
	}
}
