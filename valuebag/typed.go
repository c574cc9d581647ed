package valuebag

import "time"

// The typed setters and getters of IPortableDeviceValues, in pairs. A getter
// answers [ErrNotFound] for an absent key and [ErrTypeMismatch] for a value of
// another type; nothing is converted.

// get finds the value under k and reads it with as.
func get[T any](vs *Values, k PropertyKey, as func(Value) (T, error)) (T, error) {
	var none T
	i, ok := vs.search(k)
	if !ok {
		return none, &KeyError{k, ErrNotFound}
	}
	t, err := as(vs.entries[i].value)
	if err != nil {
		return none, &KeyError{k, err}
	}
	return t, nil
}

// SetString puts VT_LPWSTR under k.
func (vs *Values) SetString(k PropertyKey, v string) { vs.Set(k, String(v)) }

// GetString reads VT_LPWSTR.
func (vs *Values) GetString(k PropertyKey) (string, error) { return get(vs, k, Value.AsString) }

// SetInt8 puts VT_I1 under k.
func (vs *Values) SetInt8(k PropertyKey, v int8) { vs.Set(k, Int8(v)) }

// GetInt8 reads VT_I1.
func (vs *Values) GetInt8(k PropertyKey) (int8, error) { return get(vs, k, Value.AsInt8) }

// SetInt16 puts VT_I2 under k.
func (vs *Values) SetInt16(k PropertyKey, v int16) { vs.Set(k, Int16(v)) }

// GetInt16 reads VT_I2.
func (vs *Values) GetInt16(k PropertyKey) (int16, error) { return get(vs, k, Value.AsInt16) }

// SetInt32 puts VT_I4 under k.
func (vs *Values) SetInt32(k PropertyKey, v int32) { vs.Set(k, Int32(v)) }

// GetInt32 reads VT_I4.
func (vs *Values) GetInt32(k PropertyKey) (int32, error) { return get(vs, k, Value.AsInt32) }

// SetInt64 puts VT_I8 under k.
func (vs *Values) SetInt64(k PropertyKey, v int64) { vs.Set(k, Int64(v)) }

// GetInt64 reads VT_I8.
func (vs *Values) GetInt64(k PropertyKey) (int64, error) { return get(vs, k, Value.AsInt64) }

// SetUint8 puts VT_UI1 under k.
func (vs *Values) SetUint8(k PropertyKey, v uint8) { vs.Set(k, Uint8(v)) }

// GetUint8 reads VT_UI1.
func (vs *Values) GetUint8(k PropertyKey) (uint8, error) { return get(vs, k, Value.AsUint8) }

// SetUint16 puts VT_UI2 under k.
func (vs *Values) SetUint16(k PropertyKey, v uint16) { vs.Set(k, Uint16(v)) }

// GetUint16 reads VT_UI2.
func (vs *Values) GetUint16(k PropertyKey) (uint16, error) { return get(vs, k, Value.AsUint16) }

// SetUint32 puts VT_UI4 under k.
func (vs *Values) SetUint32(k PropertyKey, v uint32) { vs.Set(k, Uint32(v)) }

// GetUint32 reads VT_UI4.
func (vs *Values) GetUint32(k PropertyKey) (uint32, error) { return get(vs, k, Value.AsUint32) }

// SetUint64 puts VT_UI8 under k.
func (vs *Values) SetUint64(k PropertyKey, v uint64) { vs.Set(k, Uint64(v)) }

// GetUint64 reads VT_UI8.
func (vs *Values) GetUint64(k PropertyKey) (uint64, error) { return get(vs, k, Value.AsUint64) }

// SetFloat32 puts VT_R4 under k.
func (vs *Values) SetFloat32(k PropertyKey, v float32) { vs.Set(k, Float32(v)) }

// GetFloat32 reads VT_R4.
func (vs *Values) GetFloat32(k PropertyKey) (float32, error) { return get(vs, k, Value.AsFloat32) }

// SetFloat64 puts VT_R8 under k.
func (vs *Values) SetFloat64(k PropertyKey, v float64) { vs.Set(k, Float64(v)) }

// GetFloat64 reads VT_R8.
func (vs *Values) GetFloat64(k PropertyKey) (float64, error) { return get(vs, k, Value.AsFloat64) }

// SetBool puts VT_BOOL under k.
func (vs *Values) SetBool(k PropertyKey, v bool) { vs.Set(k, Bool(v)) }

// GetBool reads VT_BOOL.
func (vs *Values) GetBool(k PropertyKey) (bool, error) { return get(vs, k, Value.AsBool) }

// SetErrorCode puts VT_ERROR under k.
func (vs *Values) SetErrorCode(k PropertyKey, v HRESULT) { vs.Set(k, ErrorCode(v)) }

// GetErrorCode reads VT_ERROR.
func (vs *Values) GetErrorCode(k PropertyKey) (HRESULT, error) { return get(vs, k, Value.AsErrorCode) }

// SetGUID puts VT_CLSID under k.
func (vs *Values) SetGUID(k PropertyKey, v GUID) { vs.Set(k, GUIDValue(v)) }

// GetGUID reads VT_CLSID.
func (vs *Values) GetGUID(k PropertyKey) (GUID, error) { return get(vs, k, Value.AsGUID) }

// SetDate puts VT_DATE under k.
func (vs *Values) SetDate(k PropertyKey, v time.Time) { vs.Set(k, Date(v)) }

// GetDate reads VT_DATE.
func (vs *Values) GetDate(k PropertyKey) (time.Time, error) { return get(vs, k, Value.AsDate) }

// SetBytes puts VT_VECTOR|VT_UI1 under k. The slice is shared: see [Bytes].
func (vs *Values) SetBytes(k PropertyKey, v []byte) { vs.Set(k, Bytes(v)) }

// GetBytes reads VT_VECTOR|VT_UI1. The slice is shared: see [Bytes].
func (vs *Values) GetBytes(k PropertyKey) ([]byte, error) { return get(vs, k, Value.AsBytes) }

// SetKey puts a PROPERTYKEY under k.
func (vs *Values) SetKey(k PropertyKey, v PropertyKey) { vs.Set(k, Key(v)) }

// GetKey reads a PROPERTYKEY.
func (vs *Values) GetKey(k PropertyKey) (PropertyKey, error) { return get(vs, k, Value.AsKey) }

// SetKeys puts a key collection under k. The slice is shared: see [Keys].
func (vs *Values) SetKeys(k PropertyKey, v []PropertyKey) { vs.Set(k, Keys(v)) }

// GetKeys reads a key collection. The slice is shared: see [Keys].
func (vs *Values) GetKeys(k PropertyKey) ([]PropertyKey, error) { return get(vs, k, Value.AsKeys) }

// SetStrings puts a variant collection of VT_LPWSTR under k. The slice is shared: see [Strings].
func (vs *Values) SetStrings(k PropertyKey, v []string) { vs.Set(k, Strings(v)) }

// GetStrings reads a variant collection of VT_LPWSTR. The slice is shared: see [Strings].
func (vs *Values) GetStrings(k PropertyKey) ([]string, error) { return get(vs, k, Value.AsStrings) }

// SetValues puts a nested bag under k. The bag is copied: see [ValuesOf].
func (vs *Values) SetValues(k PropertyKey, v *Values) { vs.Set(k, ValuesOf(v)) }

// GetValues reads a nested bag. The bag is copied: see [ValuesOf].
func (vs *Values) GetValues(k PropertyKey) (*Values, error) { return get(vs, k, Value.AsValues) }

// SetValuesList puts a collection of bags under k. The bags are copied: see [ValuesList].
func (vs *Values) SetValuesList(k PropertyKey, v []*Values) { vs.Set(k, ValuesList(v)) }

// GetValuesList reads a collection of bags. The bags are copied: see [ValuesList].
func (vs *Values) GetValuesList(k PropertyKey) ([]*Values, error) {
	return get(vs, k, Value.AsValuesList)
}
