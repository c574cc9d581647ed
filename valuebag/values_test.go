package valuebag

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestTyped goes through every typed pair: what was set comes back, with its
// VARTYPE and kind, and every other getter refuses it.
func TestTyped(t *testing.T) {
	k := WPDObjectName
	date := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	bag := &Values{}
	bag.SetString(k, "inner")
	tests := []struct {
		kind Kind
		typ  Type
		set  func(vs *Values)
		want any
	}{
		{KindString, 31, func(vs *Values) { vs.SetString(k, "Ada") }, "Ada"},
		{KindInt8, 16, func(vs *Values) { vs.SetInt8(k, -8) }, int8(-8)},
		{KindInt16, 2, func(vs *Values) { vs.SetInt16(k, -16) }, int16(-16)},
		{KindInt32, 3, func(vs *Values) { vs.SetInt32(k, -32) }, int32(-32)},
		{KindInt64, 20, func(vs *Values) { vs.SetInt64(k, -64) }, int64(-64)},
		{KindUint8, 17, func(vs *Values) { vs.SetUint8(k, 8) }, uint8(8)},
		{KindUint16, 18, func(vs *Values) { vs.SetUint16(k, 16) }, uint16(16)},
		{KindUint32, 19, func(vs *Values) { vs.SetUint32(k, 32) }, uint32(32)},
		{KindUint64, 21, func(vs *Values) { vs.SetUint64(k, math.MaxUint64) }, uint64(math.MaxUint64)},
		{KindFloat32, 4, func(vs *Values) { vs.SetFloat32(k, 0.1) }, float32(0.1)},
		{KindFloat64, 5, func(vs *Values) { vs.SetFloat64(k, 0.1) }, 0.1},
		{KindBool, 11, func(vs *Values) { vs.SetBool(k, true) }, true},
		{KindError, 10, func(vs *Values) { vs.SetErrorCode(k, HRESULTAccessDenied) }, HRESULTAccessDenied},
		{KindGUID, 72, func(vs *Values) { vs.SetGUID(k, WPDObjectPropertiesV1) }, WPDObjectPropertiesV1},
		{KindDate, 7, func(vs *Values) { vs.SetDate(k, date) }, date},
		{KindBytes, 0x1011, func(vs *Values) { vs.SetBytes(k, []byte{1, 2}) }, []byte{1, 2}},
		{KindKey, TypeKey, func(vs *Values) { vs.SetKey(k, WPDObjectSize) }, WPDObjectSize},
		{KindKeys, 13, func(vs *Values) { vs.SetKeys(k, []PropertyKey{WPDObjectSize}) }, []PropertyKey{WPDObjectSize}},
		{KindVariants, 13, func(vs *Values) { vs.SetStrings(k, []string{"a", "b"}) }, []string{"a", "b"}},
		{KindValues, 13, func(vs *Values) { vs.SetValues(k, bag) }, bag},
		{KindValuesList, 13, func(vs *Values) { vs.SetValuesList(k, []*Values{bag}) }, []*Values{bag}},
		{KindEmpty, 0, func(vs *Values) { vs.Set(k, Value{}) }, nil},
		{KindNull, 1, func(vs *Values) { vs.Set(k, Null()) }, nil},
	}
	getters := map[Kind]func(vs *Values) (any, error){
		KindString:     func(vs *Values) (any, error) { return vs.GetString(k) },
		KindInt8:       func(vs *Values) (any, error) { return vs.GetInt8(k) },
		KindInt16:      func(vs *Values) (any, error) { return vs.GetInt16(k) },
		KindInt32:      func(vs *Values) (any, error) { return vs.GetInt32(k) },
		KindInt64:      func(vs *Values) (any, error) { return vs.GetInt64(k) },
		KindUint8:      func(vs *Values) (any, error) { return vs.GetUint8(k) },
		KindUint16:     func(vs *Values) (any, error) { return vs.GetUint16(k) },
		KindUint32:     func(vs *Values) (any, error) { return vs.GetUint32(k) },
		KindUint64:     func(vs *Values) (any, error) { return vs.GetUint64(k) },
		KindFloat32:    func(vs *Values) (any, error) { return vs.GetFloat32(k) },
		KindFloat64:    func(vs *Values) (any, error) { return vs.GetFloat64(k) },
		KindBool:       func(vs *Values) (any, error) { return vs.GetBool(k) },
		KindError:      func(vs *Values) (any, error) { return vs.GetErrorCode(k) },
		KindGUID:       func(vs *Values) (any, error) { return vs.GetGUID(k) },
		KindDate:       func(vs *Values) (any, error) { return vs.GetDate(k) },
		KindBytes:      func(vs *Values) (any, error) { return vs.GetBytes(k) },
		KindKey:        func(vs *Values) (any, error) { return vs.GetKey(k) },
		KindKeys:       func(vs *Values) (any, error) { return vs.GetKeys(k) },
		KindVariants:   func(vs *Values) (any, error) { return vs.GetStrings(k) },
		KindValues:     func(vs *Values) (any, error) { return vs.GetValues(k) },
		KindValuesList: func(vs *Values) (any, error) { return vs.GetValuesList(k) },
	}
	covered := map[Kind]bool{}
	for _, tt := range tests {
		covered[tt.kind] = true
		t.Run(tt.kind.String(), func(t *testing.T) {
			var vs Values
			vs.SetString(k, "replaced whatever its type")
			tt.set(&vs)
			v, err := vs.Get(k)
			if err != nil || v.Kind() != tt.kind || v.Type() != tt.typ || vs.Len() != 1 {
				t.Errorf("got %s, %s, %v in %d entries, want %s, %s", v.Kind(), v.Type(), err, vs.Len(), tt.kind, tt.typ)
			}
			for kind, get := range getters {
				got, err := get(&vs)
				if kind == tt.kind {
					if err != nil || !reflect.DeepEqual(got, tt.want) {
						t.Errorf("got %v, %v, want %v", got, err, tt.want)
					}
					continue
				}
				var ke *KeyError
				var me *MismatchError
				if !errors.Is(err, ErrTypeMismatch) || !errors.As(err, &ke) || ke.Key != k || !errors.As(err, &me) || me.Got != tt.kind || me.Want != kind {
					t.Errorf("as %s: got %v, want a type mismatch that says so", kind, err)
				}
			}
		})
	}
	for _, kind := range allKinds() {
		if !covered[kind] {
			t.Errorf("kind %s is not in the table", kind)
		}
	}
	for kind, get := range getters {
		if _, err := get(nil); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s of an empty bag: got %v, want ErrNotFound", kind, err)
		}
	}
}

func TestErrors(t *testing.T) {
	var vs Values
	vs.SetUint32(WPDObjectSize, 1)
	_, absent := vs.Get(WPDObjectName)
	_, other := vs.GetString(WPDObjectSize)
	_, _, beyond := vs.At(1)
	_, _, before := vs.At(-1)
	tests := []struct {
		name string
		err  error
		is   HRESULT
		code uint32
		text string
	}{
		{"absent", absent, ErrNotFound, 0x80070490, "valuebag: WPD_OBJECT_NAME: not found (0x80070490)"},
		{"other type", other, ErrTypeMismatch, 0x80020005, "valuebag: WPD_OBJECT_SIZE: value is uint32, not string: type mismatch (0x80020005)"},
		{"beyond", beyond, ErrOutOfRange, 0x80070057, "valuebag: index 1 of 1: invalid argument (0x80070057)"},
		{"before", before, ErrOutOfRange, 0x80070057, "valuebag: index -1 of 1: invalid argument (0x80070057)"},
	}
	for _, tt := range tests {
		var h HRESULT
		if !errors.Is(tt.err, tt.is) || !errors.As(tt.err, &h) || uint32(h) != tt.code {
			t.Errorf("%s: got %v (%s), want %s", tt.name, tt.err, h, tt.is)
		} else if got := tt.err.Error(); got != tt.text {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.text)
		}
	}
	if got, want := HRESULT(0x8000FFFF).Error(), "HRESULT 0x8000FFFF"; got != want {
		t.Errorf("unknown code: got %q, want %q", got, want)
	}
	if HRESULTFalse.Failed() || HRESULTOK.Failed() || !HRESULTDeviceIsHung.Failed() {
		t.Error("Failed is not the severity bit")
	}
}

func TestBag(t *testing.T) {
	var vs Values
	order := []PropertyKey{WPDContactMobilePhone, WPDObjectSize, WPDObjectName, {}, objectKey(math.MaxUint32)}
	for i, k := range order {
		vs.SetInt32(k, int32(i))
	}
	sorted := slices.Clone(order)
	slices.SortFunc(sorted, PropertyKey.Compare)
	var all, at []PropertyKey
	for k, v := range vs.All() {
		all = append(all, k)
		if n, err := v.AsInt32(); err != nil || order[n] != k {
			t.Errorf("%s holds %s", k, v)
		}
	}
	for i := range vs.Len() {
		k, v, err := vs.At(i)
		if got, _ := vs.Get(k); err != nil || !got.Equal(v) {
			t.Errorf("At(%d): %s, %s, %v", i, k, v, err)
		}
		at = append(at, k)
	}
	if !slices.Equal(all, sorted) || !slices.Equal(at, sorted) {
		t.Errorf("All gives %v, At %v, want %v", all, at, sorted)
	}
	for range vs.All() {
		break // must not go on
	}

	c := vs.Clone()
	if !c.Equal(&vs) || !vs.Has(WPDObjectName) {
		t.Errorf("clone is\n%s\nof\n%s", c, &vs)
	}
	c.Remove(WPDObjectName)
	c.Remove(WPDObjectName)
	c.SetInt32(WPDObjectSize, -1)
	if c.Has(WPDObjectName) || c.Len() != 4 || !vs.Has(WPDObjectName) || c.Equal(&vs) {
		t.Errorf("after a change of the clone: clone\n%s\noriginal\n%s", c, &vs)
	}
	if n, _ := vs.GetInt32(WPDObjectSize); n != 1 {
		t.Errorf("the original changed with its clone: %d", n)
	}
	c.CopyFrom(&vs)
	if !c.Equal(&vs) {
		t.Errorf("after CopyFrom:\n%s\nwant\n%s", c, &vs)
	}
	c.Clear()
	if c.Len() != 0 || vs.Len() != 5 {
		t.Errorf("after Clear: %d and %d entries", c.Len(), vs.Len())
	}
	c.CopyFrom(&vs)
	c.Clear()
	if vs.Len() != 5 || !vs.Has(WPDObjectName) {
		t.Errorf("the source of CopyFrom lost entries:\n%s", &vs)
	}

	var none *Values
	if none.Len() != 0 || none.Has(WPDObjectName) || none.String() != "" || !none.Equal(&Values{}) || none.Clone() == nil || none.Digest() != new(Values).Digest() {
		t.Error("a nil bag does not read as an empty one")
	}
	for k := range none.All() {
		t.Errorf("a nil bag holds %s", k)
	}
}

// objectKey is a key of the object category without a name.
func objectKey(pid uint32) PropertyKey { return PropertyKey{WPDObjectPropertiesV1, pid} }

func TestFailures(t *testing.T) {
	var vs Values
	vs.SetString(WPDObjectName, "read")
	vs.SetErrorCode(WPDObjectSize, HRESULTAccessDenied)
	vs.SetErrorCode(WPDContactMobilePhone, ErrNotFound)
	var got []string
	for k, h := range vs.Failures() {
		got = append(got, k.Name()+" "+h.String())
	}
	want := []string{"WPD_OBJECT_SIZE 0x80070005", "WPD_CONTACT_MOBILE_PHONE 0x80070490"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for range vs.Failures() {
		break // must not go on
	}
}

// TestOwnership: slices are shared, bags are not.
func TestOwnership(t *testing.T) {
	b, s := []byte{1, 2, 3}, []string{"a", "b"}
	var vs Values
	vs.SetBytes(WPDObjectName, b)
	vs.SetStrings(WPDObjectSize, s)
	gotB, _ := vs.GetBytes(WPDObjectName)
	gotS, _ := vs.GetStrings(WPDObjectSize)
	if &gotB[0] != &b[0] || &gotS[0] != &s[0] {
		t.Error("a slice was copied")
	}
	if _ = append(gotB[:3], 9); cap(gotB) != 3 || cap(gotS) != 2 {
		t.Errorf("caps %d and %d let an append write into the bag", cap(gotB), cap(gotS))
	}

	inner := &Values{}
	inner.SetString(WPDObjectName, "before")
	vs.SetValues(WPDTaskStatus, inner)
	vs.SetValuesList(WPDTaskOwner, []*Values{inner})
	vs.SetValues(WPDTaskReminderDate, &vs) // no cycle: a copy
	inner.SetString(WPDObjectName, "after")
	got, _ := vs.GetValues(WPDTaskStatus)
	list, _ := vs.GetValuesList(WPDTaskOwner)
	for _, g := range append(list, got) {
		if name, err := g.GetString(WPDObjectName); err != nil || name != "before" {
			t.Errorf("inner bag has %q, %v, want before", name, err)
		}
		g.Clear()
	}
	if v, _ := vs.Get(WPDTaskStatus); v.Len() != 1 {
		t.Errorf("clearing what a getter gave left %d entries", v.Len())
	}
	self, err := vs.GetValues(WPDTaskReminderDate)
	if err != nil || self.Len() != 4 || self.Has(WPDTaskReminderDate) {
		t.Errorf("a bag set into itself holds\n%s%v", self, err)
	}
}

func TestEqual(t *testing.T) {
	different := []Value{
		{}, Null(), String(""), String("a"), Bytes(nil), Bytes([]byte("a")), Uint8(1), Int8(1), Uint64(1), Bool(true),
		Float64(0), Float64(math.Copysign(0, -1)), Float32(0), Float64(math.NaN()), ErrorCode(1), DateFromDays(0),
		GUIDValue(GUID{}), GUIDValue(GUID{1}), Key(PropertyKey{}), Key(WPDObjectName), Keys(nil), Keys([]PropertyKey{{}}),
		Strings(nil), Strings([]string{"a"}), Strings([]string{"b"}), ValuesOf(nil), ValuesList(nil), ValuesList([]*Values{nil}),
	}
	for i, a := range different {
		for j, b := range different {
			if got, want := a.Equal(b), i == j; got != want {
				t.Errorf("%s equal to %s: %v", a, b, got)
			}
		}
	}
	if !Float32(float32(math.NaN())).Equal(Float32(math.Float32frombits(0xFFC00123))) {
		t.Error("two NaNs differ")
	}
}
