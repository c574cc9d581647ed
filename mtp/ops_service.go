package mtp

import "context"

// HasServices reports whether the device has MTP Device Services: it says so in
// its extensions, and advertises the operations to read them. Cameras name the
// extension for three device properties alone.
func (s *Session) HasServices() bool {
	if !s.info.HasExtension("microsoft.com/DeviceServices") {
		return false
	}
	for op := OpGetServiceIDs; op <= OpGetServicePropList; op++ {
		if !s.Supports(op) {
			return false
		}
	}
	return true
}

// GetServiceIDs lists the services, abstract ones too. They hold for the session.
func (s *Session) GetServiceIDs(ctx context.Context) ([]ServiceID, error) {
	p, err := s.get(ctx, OpGetServiceIDs)
	return decoded(OpGetServiceIDs, p, err, DecodeServiceIDs)
}

// GetServiceInfo describes a service; an unknown one is [InvalidServiceID].
func (s *Session) GetServiceInfo(ctx context.Context, id ServiceID) (ServiceInfo, error) {
	p, err := s.get(ctx, OpGetServiceInfo, uint32(id))
	return decoded(OpGetServiceInfo, p, err, DecodeServiceInfo)
}

// GetServiceCapabilities describes the properties of a service's formats and the
// parameters of its methods: of one by its code, or 0 for all. Some devices leave
// methods out of all.
func (s *Session) GetServiceCapabilities(ctx context.Context, id ServiceID, code uint16) ([]Capability, error) {
	p, err := s.get(ctx, OpGetServiceCapabilities, uint32(id), uint32(code))
	return decoded(OpGetServiceCapabilities, p, err, DecodeCapabilities)
}

// GetFormatCapabilities is the same for formats that belong to no service; 0 is
// all of them.
func (s *Session) GetFormatCapabilities(ctx context.Context, format FormatCode) ([]Capability, error) {
	p, err := s.get(ctx, OpGetFormatCapabilities, uint32(format))
	return decoded(OpGetFormatCapabilities, p, err, DecodeCapabilities)
}

// GetServicePropDesc describes a service's own properties; 0 is all of them.
func (s *Session) GetServicePropDesc(ctx context.Context, id ServiceID, prop ServiceCode) ([]ServicePropDesc, error) {
	p, err := s.get(ctx, OpGetServicePropDesc, uint32(id), uint32(prop))
	return decoded(OpGetServicePropDesc, p, err, DecodeServicePropDescs)
}

// GetServicePropList reads a service's properties, those that are set; 0 is all.
func (s *Session) GetServicePropList(ctx context.Context, id ServiceID, prop ServiceCode) ([]ServicePropValue, error) {
	p, err := s.get(ctx, OpGetServicePropList, uint32(id), uint32(prop))
	return decoded(OpGetServicePropList, p, err, DecodeServicePropList)
}

// SetServicePropList sets properties of a service. On refusal the index of the
// element at fault is in the [OpError]'s RespParams, and those before it are set.
func (s *Session) SetServicePropList(ctx context.Context, id ServiceID, props []ServicePropValue) error {
	p, err := AppendServicePropList(nil, props)
	if err != nil {
		return err
	}
	_, err = s.do(ctx, OpSetServicePropList, []uint32{uint32(id)}, outBytes(p), nil)
	return err
}

// DeleteServicePropList unsets properties of a service.
func (s *Session) DeleteServicePropList(ctx context.Context, id ServiceID, props []ServiceCode) error {
	ids := make([]PropID, len(props))
	for i, p := range props {
		ids[i] = PropID{uint32(id), uint16(p)}
	}
	_, err := s.do(ctx, OpDeleteServicePropList, []uint32{uint32(id)}, outBytes(AppendPropIDs(nil, ids)), nil)
	return err
}

// UpdateObjectPropList changes properties of an object of a service as one. If
// they leave it with a body, [Session.SendObject] has to follow at once, and the
// old object stays until it has succeeded.
func (s *Session) UpdateObjectPropList(ctx context.Context, h ObjectHandle, props []ObjectProp) error {
	p, err := AppendObjectPropList(nil, props)
	if err != nil {
		return err
	}
	_, err = s.do(ctx, OpUpdateObjectPropList, []uint32{uint32(h)}, outBytes(p), nil)
	return err
}

// DeleteObjectPropList unsets properties of an object of a service.
func (s *Session) DeleteObjectPropList(ctx context.Context, h ObjectHandle, props []PropCode) error {
	ids := make([]PropID, len(props))
	for i, p := range props {
		ids[i] = PropID{uint32(h), uint16(p)}
	}
	_, err := s.do(ctx, OpDeleteObjectPropList, []uint32{uint32(h)}, outBytes(AppendPropIDs(nil, ids)), nil)
	return err
}
