package valuebag

import (
	"errors"
	"math"
	"testing"
	"time"
)

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
