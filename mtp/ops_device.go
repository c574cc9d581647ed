package mtp

import (
	"context"
	"errors"
	"fmt"
)

// dataset is a Writer that collects a dataset of at most max bytes.
type dataset struct {
	p    []byte
	max  int
	said int64 // announced, if told
	told bool
}

// maxDataset bounds what is taken for one dataset: some 500,000 objects with
// four properties each.
const maxDataset = 256 << 20

func (d *dataset) Write(p []byte) (int, error) {
	if len(p) > d.max-len(d.p) {
		return 0, fmt.Errorf("more than %d bytes: %w", d.max, ErrMalformed)
	}
	d.p = append(d.p, p...)
	return len(p), nil
}

// announced takes note of the length that the device gives beforehand.
func (d *dataset) announced(n int64) { d.said, d.told = n, true }

// Grow makes room for n bytes.
func (d *dataset) Grow(n int) {
	if d.p == nil && n > 0 {
		d.p = make([]byte, 0, n)
	}
}

// get makes a transaction that brings a dataset.
func (s *Session) get(ctx context.Context, op OpCode, params ...uint32) ([]byte, error) {
	d := dataset{max: maxDataset}
	_, err := s.do(ctx, op, params, dataOut{}, &d)
	return d.p, err
}

// decoded joins a transaction's error and a decoder's.
func decoded[T any](op OpCode, p []byte, err error, decode func([]byte) (T, error)) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	v, err := decode(p)
	if err != nil {
		return v, fmt.Errorf("%v: %w", op, err)
	}
	return v, nil
}

// GetDeviceInfo asks again what [Session.Info] has.
func (s *Session) GetDeviceInfo(ctx context.Context) (DeviceInfo, error) {
	p, err := s.get(ctx, OpGetDeviceInfo)
	return decoded(OpGetDeviceInfo, p, err, DecodeDeviceInfo)
}

// GetStorageIDs lists the storages. A phone that is locked, or whose owner
// hasn't allowed access yet, has none; a slot without medium is listed, see
// [StorageID.HasMedium].
func (s *Session) GetStorageIDs(ctx context.Context) ([]StorageID, error) {
	p, err := s.get(ctx, OpGetStorageIDs)
	return decoded(OpGetStorageIDs, p, err, DecodeStorageIDs)
}

// GetStorageInfo describes a storage.
func (s *Session) GetStorageInfo(ctx context.Context, id StorageID) (StorageInfo, error) {
	p, err := s.get(ctx, OpGetStorageInfo, uint32(id))
	return decoded(OpGetStorageInfo, p, err, DecodeStorageInfo)
}

// hangs takes note of a device that hangs when it is asked for its battery.
func (s *Session) hangs(prop DevicePropCode, err error) {
	if prop == DevicePropBatteryLevel && errors.Is(err, ErrTimeout) && s.Err() == nil {
		s.learn(QuirkNoBattery)
	}
}

// unaskable refuses, in the device's place, what it is known to hang on.
func (s *Session) unaskable(op OpCode, prop DevicePropCode) error {
	if prop == DevicePropBatteryLevel && s.Quirks().Has(QuirkNoBattery) {
		return &OpError{Op: op, Params: []uint32{uint32(prop)}, Code: DevicePropNotSupported}
	}
	return nil
}

// GetDevicePropDesc describes a device property; its current value is in it.
func (s *Session) GetDevicePropDesc(ctx context.Context, prop DevicePropCode) (DevicePropDesc, error) {
	if err := s.unaskable(OpGetDevicePropDesc, prop); err != nil {
		return DevicePropDesc{}, err
	}
	p, err := s.get(ctx, OpGetDevicePropDesc, uint32(prop))
	s.hangs(prop, err)
	return decoded(OpGetDevicePropDesc, p, err, DecodeDevicePropDesc)
}

// GetDevicePropValue reads a device property that is known to have type t.
func (s *Session) GetDevicePropValue(ctx context.Context, prop DevicePropCode, t DataType) (Value, error) {
	if err := s.unaskable(OpGetDevicePropValue, prop); err != nil {
		return Value{}, err
	}
	p, err := s.get(ctx, OpGetDevicePropValue, uint32(prop))
	s.hangs(prop, err)
	return decoded(OpGetDevicePropValue, p, err, func(p []byte) (Value, error) { return DecodeValue(t, p) })
}

// SetDevicePropValue sets a device property.
func (s *Session) SetDevicePropValue(ctx context.Context, prop DevicePropCode, v Value) error {
	p, err := AppendValue(nil, v)
	if err != nil {
		return fmt.Errorf("%v: %w", OpSetDevicePropValue, err)
	}
	_, err = s.do(ctx, OpSetDevicePropValue, []uint32{uint32(prop)}, outBytes(p), nil)
	return err
}

// ResetDevicePropValue sets a device property to its default, or all of them
// with [AllDeviceProps].
func (s *Session) ResetDevicePropValue(ctx context.Context, prop DevicePropCode) error {
	code := uint32(prop)
	if prop == AllDeviceProps {
		code = 0xFFFFFFFF
	}
	_, err := s.do(ctx, OpResetDevicePropValue, []uint32{code}, dataOut{}, nil)
	return err
}

// AllDeviceProps stands for all device properties in [Session.ResetDevicePropValue].
const AllDeviceProps DevicePropCode = 0xFFFF

// FormatStore erases a storage. Everything on it is lost.
func (s *Session) FormatStore(ctx context.Context, id StorageID) error {
	_, err := s.do(ctx, OpFormatStore, []uint32{uint32(id), 0}, dataOut{}, nil)
	return err
}

// SelfTest has the device test itself: kind 0 is the usual test, 0x8000 and up a
// vendor's. A device that isn't well answers [SelfTestFailed].
func (s *Session) SelfTest(ctx context.Context, kind uint16) error {
	_, err := s.do(ctx, OpSelfTest, []uint32{uint32(kind)}, dataOut{}, nil)
	return err
}

// ResetDevice has the device forget everything that isn't stored, the session
// included: it is lost then.
func (s *Session) ResetDevice(ctx context.Context) error {
	_, err := s.do(ctx, OpResetDevice, nil, dataOut{}, nil)
	if err == nil {
		_ = s.lose(errors.New("device was reset"))
	}
	return err
}

// PowerDown switches the device off; the session is lost then.
func (s *Session) PowerDown(ctx context.Context) error {
	_, err := s.do(ctx, OpPowerDown, nil, dataOut{}, nil)
	if err == nil {
		_ = s.lose(errors.New("device was switched off"))
	}
	return err
}

// Transact makes a transaction of any operation, a vendor's for instance: with
// up to five parameters, and with data to the device if out is not nil. What
// comes back is the response's parameters and the data from the device, of at
// most 256 MiB. A response other than OK is an [*OpError].
func (s *Session) Transact(ctx context.Context, op OpCode, params []uint32, out []byte) (results []uint32, in []byte, err error) {
	if len(params) > 5 {
		return nil, nil, fmt.Errorf("%v: %d parameters, at most 5 can be sent", op, len(params))
	}
	var send dataOut
	if out != nil {
		send = outBytes(out)
	}
	d := dataset{max: maxDataset}
	m, err := s.do(ctx, op, params, send, &d)
	return m.Params[:m.N:m.N], d.p, err
}
