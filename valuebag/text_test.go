package valuebag

import (
	"bytes"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	var vs, inner Values
	inner.SetString(WPDTaskStatus, "started")
	vs.SetString(WPDObjectName, "Ada \"Countess\"\n")
	vs.SetUint64(WPDObjectSize, 4096)
	vs.SetStrings(WPDContactOtherPhones, []string{"+44 1", "+44 2"})
	vs.SetKeys(WPDObjectReferences, []PropertyKey{WPDObjectSize, objectKey(99)})
	vs.SetValues(objectKey(99), &inner)
	vs.SetValuesList(objectKey(100), []*Values{&inner, {}})
	vs.SetBytes(objectKey(101), []byte{0, 1})
	vs.SetBytes(objectKey(102), []byte("BEGIN:VCARD"))
	vs.SetBytes(objectKey(103), append(bytes.Repeat([]byte("x"), longBuffer-1), "é and so on"...))
	vs.SetKey(objectKey(104), WPDObjectName)
	vs.Set(objectKey(105), Null())
	own := func(k PropertyKey) string {
		if k == objectKey(99) {
			return "OwnKey"
		}
		return ""
	}
	want := `WPD_OBJECT_NAME = string "Ada \"Countess\"\n"
WPD_OBJECT_SIZE = uint64 4096
WPD_OBJECT_REFERENCES = keys [
  WPD_OBJECT_SIZE
  OwnKey
]
OwnKey = values {
  WPD_TASK_STATUS = string "started"
}
{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.100 = valuesList [
  {
    WPD_TASK_STATUS = string "started"
  }
  {}
]
{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.101 = bytes 0x0001
{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.102 = bytes "BEGIN:VCARD"
{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.103 = bytes "` + strings.Repeat("x", longBuffer-1) + `" and 12 bytes more
{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.104 = key WPD_OBJECT_NAME
{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.105 = null
WPD_CONTACT_OTHER_PHONES = variants string [
  "+44 1"
  "+44 2"
]
`
	if got := vs.Text(own); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got, want := vs.String(), strings.ReplaceAll(want, "OwnKey", objectKey(99).String()); got != want {
		t.Errorf("without own names got:\n%s\nwant:\n%s", got, want)
	}
}
