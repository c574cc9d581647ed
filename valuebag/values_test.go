package valuebag

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
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

func TestVariants(t *testing.T) {
	if _, err := Variants(TypeUint32, []Value{Uint32(1), String("2")}); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("mixed types: got %v, want ErrTypeMismatch", err)
	}
	for _, typ := range []Type{TypeNull, TypeUnknown, TypeKey, Type(99), Type(0x2011)} {
		if v, err := Variants(typ, nil); !errors.Is(err, ErrTypeMismatch) {
			t.Errorf("collection of %s: got %s, %v, want ErrTypeMismatch", typ, v, err)
		}
	}
	if _, err := Variants(TypeEmpty, []Value{{}}); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("elements that are empty: got %v, want ErrTypeMismatch", err)
	}
	v, err := Variants(TypeString, []Value{String("a"), String("b")})
	if got, err2 := v.AsStrings(); err != nil || err2 != nil || !slices.Equal(got, []string{"a", "b"}) || !v.Equal(Strings(got)) {
		t.Errorf("texts: got %q, %v, %v", got, err, err2)
	}
	typ, elems, err := Strings([]string{"a"}).AsVariants()
	if err != nil || typ != TypeString || len(elems) != 1 || !elems[0].Equal(String("a")) {
		t.Errorf("texts as values: got %s, %v, %v", typ, elems, err)
	}
	n, _ := Variants(TypeUint32, []Value{Uint32(1)})
	if _, err := n.AsStrings(); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("numbers as texts: got %v, want ErrTypeMismatch", err)
	}
	if _, _, err := String("a").AsVariants(); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("a text as collection: got %v, want ErrTypeMismatch", err)
	}
}

func TestVariantCollection(t *testing.T) {
	var c VariantCollection
	if c.Type() != TypeEmpty || c.Len() != 0 {
		t.Errorf("new: %s with %d elements", c.Type(), c.Len())
	}
	if s, err := c.Value().AsStrings(); err != nil || len(s) != 0 {
		t.Errorf("without a type as texts: %q, %v", s, err)
	}
	for _, v := range []Value{Uint32(1), Uint32(300), Uint32(2)} {
		if err := c.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []Value{String("x"), Null(), {}, Keys(nil), ValuesOf(nil), Key(WPDObjectName)} {
		if err := c.Add(v); !errors.Is(err, ErrTypeMismatch) {
			t.Errorf("Add(%s): got %v, want ErrTypeMismatch", v, err)
		}
	}
	before := c.Value()
	if err := c.ChangeType(TypeUint8); !errors.Is(err, ErrOverflow) || !strings.Contains(err.Error(), "element 1") || !c.Value().Equal(before) {
		t.Errorf("ChangeType that fails: %v, left %s", err, c.Value())
	}
	if err := c.ChangeType(TypeUnknown); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("ChangeType to bags: %v", err)
	}
	if err := c.RemoveAt(1); err != nil {
		t.Error(err)
	}
	if err := c.ChangeType(TypeUint8); err != nil || c.Type() != TypeUint8 {
		t.Errorf("ChangeType: %v, %s", err, c.Type())
	}
	if v, err := c.At(1); err != nil || !v.Equal(Uint8(2)) {
		t.Errorf("At(1): %s, %v", v, err)
	}
	if err := c.ChangeType(TypeString); err != nil || !c.Value().Equal(Strings([]string{"1", "2"})) {
		t.Errorf("ChangeType to text: %v, %s", err, c.Value())
	}
	if _, _, n := before.AsVariants(); n != nil || before.Len() != 3 {
		t.Errorf("a value changed with its builder: %s", before)
	}
	again, err := NewVariants(before)
	if err != nil || again.Len() != 3 || again.Type() != TypeUint32 {
		t.Errorf("NewVariants: %v, %v", again, err)
	}
	if _, err := NewVariants(Uint8(1)); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("NewVariants of a number: %v", err)
	}
	for _, i := range []int{-1, 2} {
		if _, err := c.At(i); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("At(%d): %v", i, err)
		}
		if err := c.RemoveAt(i); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("RemoveAt(%d): %v", i, err)
		}
	}
	c.Clear()
	if err := c.Add(Bool(true)); err != nil || c.Type() != TypeBool {
		t.Errorf("after Clear: %v, %s", err, c.Type())
	}
}

func TestConvert(t *testing.T) {
	date := Date(time.Date(1970, 1, 1, 12, 0, 0, 0, time.UTC))
	tests := []struct {
		in   Value
		typ  Type
		want Value
		err  error
	}{
		{Uint8(200), TypeInt32, Int32(200), nil},
		{Int32(-1), TypeInt64, Int64(-1), nil},
		{Int64(-1), TypeUint64, Value{}, ErrOverflow},
		{Uint64(math.MaxUint64), TypeInt64, Value{}, ErrOverflow},
		{Int32(-129), TypeInt8, Value{}, ErrOverflow},
		{Int32(-128), TypeInt8, Int8(-128), nil},
		{Int16(128), TypeInt8, Value{}, ErrOverflow},
		{Uint32(70000), TypeUint16, Value{}, ErrOverflow},
		{Bool(true), TypeUint8, Uint8(1), nil},
		{Int32(-7), TypeBool, Bool(true), nil},
		{Float32(0), TypeBool, Bool(false), nil},
		{Float64(math.NaN()), TypeBool, Value{}, ErrOverflow},
		{ErrorCode(ErrNotFound), TypeUint32, Uint32(0x80070490), nil},
		{ErrorCode(ErrNotFound), TypeInt32, Int32(-2147023728), nil},
		{Int32(-2147023728), TypeError, ErrorCode(ErrNotFound), nil},
		{Uint64(1 << 32), TypeError, Value{}, ErrOverflow},
		{Int64(-5), TypeFloat64, Float64(-5), nil},
		{Uint64(1 << 63), TypeFloat32, Float32(1 << 63), nil},
		{Float64(2.5), TypeInt32, Int32(2), nil},
		{Float64(-3.5), TypeInt8, Int8(-4), nil},
		{Float64(1 << 64), TypeUint64, Value{}, ErrOverflow},
		{Float64(math.NaN()), TypeInt64, Value{}, ErrOverflow},
		{Float64(math.MinInt64), TypeInt64, Int64(math.MinInt64), nil},
		{Float64(1e300), TypeFloat32, Value{}, ErrOverflow},
		{Float64(math.Inf(1)), TypeFloat32, Float32(float32(math.Inf(1))), nil},
		{Float32(1.5), TypeFloat64, Float64(1.5), nil},
		{date, TypeFloat64, Float64(25569.5), nil},
		{Float64(25569.5), TypeDate, date, nil},
		{date, TypeString, String("1970-01-01T12:00:00"), nil},
		{String("19700101T120000.0"), TypeDate, date, nil},
		{String("1970-01-01"), TypeDate, DateFromDays(25569), nil},
		{String("0001-01-01"), TypeDate, Value{}, ErrOverflow},
		{String("yesterday"), TypeDate, Value{}, ErrTypeMismatch},
		{String("-12"), TypeInt8, Int8(-12), nil},
		{String("300"), TypeUint8, Value{}, ErrOverflow},
		{String("12 apples"), TypeUint8, Value{}, ErrTypeMismatch},
		{String("true"), TypeBool, Bool(true), nil},
		{String("0x80070490"), TypeError, ErrorCode(ErrNotFound), nil},
		{GUIDValue(WPDObjectPropertiesV1), TypeString, String("{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}"), nil},
		{GUIDValue(WPDObjectPropertiesV1), TypeBytes, Bytes(WPDObjectPropertiesV1[:]), nil},
		{Bytes(WPDObjectPropertiesV1[:]), TypeGUID, GUIDValue(WPDObjectPropertiesV1), nil},
		{Bytes([]byte{1}), TypeGUID, Value{}, ErrTypeMismatch},
		{Bytes([]byte{1}), TypeString, Value{}, ErrTypeMismatch},
		{Key(WPDObjectName), TypeString, String("WPD_OBJECT_NAME"), nil},
		{String("WPD_OBJECT_NAME"), TypeKey, Key(WPDObjectName), nil},
		{Null(), TypeString, Value{}, ErrTypeMismatch},
		{Value{}, TypeUint8, Value{}, ErrTypeMismatch},
		{Uint8(1), TypeNull, Value{}, ErrTypeMismatch},
		{Uint8(1), TypeGUID, Value{}, ErrTypeMismatch},
		{Uint8(1), TypeUnknown, Value{}, ErrTypeMismatch},
		{Uint8(1), Type(0x2011), Value{}, ErrTypeMismatch},
		{Strings(nil), TypeString, Value{}, ErrTypeMismatch},
		{Uint8(1), TypeUint8, Uint8(1), nil},
	}
	for _, tt := range tests {
		got, err := tt.in.Convert(tt.typ)
		if !errors.Is(err, tt.err) || !got.Equal(tt.want) {
			t.Errorf("%s to %s: got %s, %v, want %s, %v", tt.in, tt.typ, got, err, tt.want, tt.err)
		}
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
