package responder

import (
	"fmt"
	"slices"

	"cradle/mtp"
)

// Service is a service of MTP Device Services as a device offers it. It has
// properties of its own, and says which properties the objects of its formats
// have; those objects lie on the device's storages as any others do.
type Service struct {
	Info mtp.ServiceInfo
	// Descs describe the service's properties, which Info.Props names.
	Descs []mtp.ServicePropDesc
	// Values are those of properties that are set from the beginning.
	Values []mtp.ServicePropValue
	// Capabilities are those of its formats and methods.
	Capabilities []mtp.Capability
	// Knowledge is the format of the one object in Info.Storage that keeps what an
	// initiator knows of the service, and KnowledgeID the property, described in
	// Descs, that tells its handle while there is one; 0: it has none.
	Knowledge   mtp.FormatCode
	KnowledgeID mtp.ServiceCode
}

// knowledge finds the object; 0: there is none.
func (r *Responder) knowledge(s *Service) (h mtp.ObjectHandle, err error) {
	err = r.backend.Walk(s.Info.Storage, 0, false, func(o *Object) {
		if o.Format == s.Knowledge {
			h = o.Handle
		}
	})
	return h, err
}

// storage reports whether there is such a storage: one that can be seen, or a
// service's, which [Backend.Storages] needn't name.
func (r *Responder) storage(id mtp.StorageID) bool {
	if slices.Contains(r.backend.Storages(), id) {
		return true
	}
	for i := range r.dev.Services {
		if s := &r.dev.Services[i]; id != 0 && s.Info.Storage == id {
			_, err := r.backend.StorageInfo(id)
			return err == nil
		}
	}
	return false
}

// storagesOf are those that all objects of a format, or of any for 0, lie in: a
// service's are found only by those who name its format.
func (r *Responder) storagesOf(format mtp.FormatCode) []mtp.StorageID {
	all := slices.Clone(r.backend.Storages())
	for i := range r.dev.Services {
		s := &r.dev.Services[i].Info
		if slices.ContainsFunc(s.Formats, func(f mtp.ServiceFormat) bool { return f.Code == format }) && !slices.Contains(all, s.Storage) && r.storage(s.Storage) {
			all = append(all, s.Storage)
		}
	}
	return all
}

// isMethod reports whether a format that is announced is a method's code: the
// call of a method, which no source tells how to carry out.
func (d *Device) isMethod(format mtp.FormatCode) bool {
	for i := range d.Services {
		info := &d.Services[i].Info
		if slices.ContainsFunc(info.Methods, func(m mtp.ServiceMethod) bool { return uint16(m.Code) == uint16(format) }) && d.serviceFormat(format) == nil {
			return true
		}
	}
	return false
}

// onlyKnowledge refuses a second knowledge object.
func (r *Responder) onlyKnowledge(n *NewObject) error {
	for i := range r.dev.Services {
		s := &r.dev.Services[i]
		if s.Knowledge == 0 || s.Knowledge != n.Format || s.Info.Storage != n.Storage {
			continue
		}
		switch h, err := r.knowledge(s); {
		case err != nil:
			return err
		case h != 0:
			return fmt.Errorf("there is a knowledge object, %d: %w", h, mtp.AccessDenied)
		}
	}
	return nil
}

// serviceProp names a property of a service.
type serviceProp struct {
	service mtp.ServiceID
	code    mtp.ServiceCode
}

func initialProps(services []Service) map[serviceProp]mtp.Value {
	props := map[serviceProp]mtp.Value{}
	for i := range services {
		for _, v := range services[i].Values {
			props[serviceProp{services[i].Info.ID, v.Code}] = v.Value
		}
	}
	return props
}

// serviceFormat finds what a service says of one of its formats; nil if it is no
// service's.
func (d *Device) serviceFormat(format mtp.FormatCode) *mtp.Capability {
	for i := range d.Services {
		s := &d.Services[i]
		if !slices.ContainsFunc(s.Info.Formats, func(f mtp.ServiceFormat) bool { return f.Code == format }) {
			continue // a method's code may be a format's elsewhere
		}
		for j := range s.Capabilities {
			if s.Capabilities[j].Code == uint16(format) {
				return &s.Capabilities[j]
			}
		}
	}
	return nil
}

// service finds the one that the first parameter names.
func (r *Responder) service(c *call) (*Service, error) {
	for i := range r.dev.Services {
		if s := &r.dev.Services[i]; uint32(s.Info.ID) == c.param(0) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("service %#x: %w", c.param(0), mtp.InvalidServiceID)
}

func (r *Responder) getServiceIDs(c *call) error {
	ids := make([]mtp.ServiceID, len(r.dev.Services))
	for i := range r.dev.Services {
		ids[i] = r.dev.Services[i].Info.ID
	}
	c.data = mtp.AppendServiceIDs(nil, ids)
	return nil
}

func (r *Responder) getServiceInfo(c *call) error {
	s, err := r.service(c)
	if err != nil {
		return err
	}
	c.data, err = s.Info.AppendBinary(nil)
	return err
}

// getServiceCapabilities has the parameters (ServiceID, [format or method]); of
// all, 0, methods are a part too.
func (r *Responder) getServiceCapabilities(c *call) error {
	s, err := r.service(c)
	if err != nil {
		return err
	}
	return c.capabilities(s.Capabilities, c.param(1))
}

// getFormatCapabilities describes the formats that belong to no service.
func (r *Responder) getFormatCapabilities(c *call) error {
	var all []mtp.Capability
	for _, f := range r.dev.Info.PlaybackFormats {
		if r.dev.serviceFormat(f) == nil {
			all = append(all, mtp.Capability{Code: uint16(f), Props: r.descs(f), Interdependent: r.dev.Interdependent})
		}
	}
	return c.capabilities(all, c.param(0))
}

// capabilities answers with those of a code, or with all of them for 0.
func (c *call) capabilities(all []mtp.Capability, code uint32) (err error) {
	if code != 0 {
		i := slices.IndexFunc(all, func(e mtp.Capability) bool { return uint32(e.Code) == code })
		if i < 0 {
			return mtp.InvalidObjectFormatCode
		}
		all = all[i : i+1]
	}
	c.data, err = mtp.AppendCapabilities(nil, all)
	return err
}

// chosen are the descriptions that (ServiceID, [property]) name.
func (r *Responder) chosen(c *call) (*Service, []mtp.ServicePropDesc, error) {
	s, err := r.service(c)
	if err != nil || c.param(1) == 0 {
		return s, descsOf(s), err
	}
	d := s.desc(mtp.ServiceCode(c.param(1)))
	if d == nil || c.param(1) > 0xFFFF {
		return s, nil, fmt.Errorf("property %#x: %w", c.param(1), mtp.InvalidServicePropCode)
	}
	return s, []mtp.ServicePropDesc{*d}, nil
}

func descsOf(s *Service) []mtp.ServicePropDesc {
	if s == nil {
		return nil
	}
	return s.Descs
}

func (s *Service) desc(code mtp.ServiceCode) *mtp.ServicePropDesc {
	for i := range s.Descs {
		if s.Descs[i].Code == code {
			return &s.Descs[i]
		}
	}
	return nil
}

func (r *Responder) getServicePropDesc(c *call) error {
	_, descs, err := r.chosen(c)
	if err != nil {
		return err
	}
	c.data, err = mtp.AppendServicePropDescs(nil, descs)
	return err
}

// getServicePropList leaves out what isn't set.
func (r *Responder) getServicePropList(c *call) error {
	s, descs, err := r.chosen(c)
	if err != nil {
		return err
	}
	var props []mtp.ServicePropValue
	for _, d := range descs {
		v, set := r.serviceProps[serviceProp{s.Info.ID, d.Code}]
		if s.Knowledge != 0 && d.Code == s.KnowledgeID {
			h, err := r.knowledge(s)
			if err != nil {
				return err
			}
			v, set = mtp.UintValue(d.Type, uint64(h)), h != 0
		}
		if set {
			props = append(props, mtp.ServicePropValue{Service: s.Info.ID, Code: d.Code, Value: v})
		}
	}
	c.data, err = mtp.AppendServicePropList(nil, props)
	return err
}

// setServicePropList stops at the first element that can't be set and names it;
// those before it stay set.
func (r *Responder) setServicePropList(c *call) error {
	s, err := r.service(c)
	if err != nil {
		return err
	}
	props, err := mtp.DecodeServicePropList(c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDataset, err)
	}
	for i, p := range props {
		d, err := s.writable(p.Service, p.Code)
		if err == nil && (d.Type != p.Value.Type() || !fits(&d.Form, p.Value)) {
			err = mtp.InvalidDataset
		}
		if err != nil {
			c.result(uint32(i))
			return fmt.Errorf("element %d: %w", i, err)
		}
		r.serviceProps[serviceProp{s.Info.ID, p.Code}] = p.Value
	}
	return nil
}

// writable finds a property that an element of a list names and that can be set.
func (s *Service) writable(owner mtp.ServiceID, code mtp.ServiceCode) (*mtp.ServicePropDesc, error) {
	d := s.desc(code)
	switch {
	case owner != s.Info.ID:
		return nil, mtp.InvalidServiceID
	case d == nil:
		return nil, mtp.InvalidServicePropCode
	case !d.Writable:
		return nil, mtp.AccessDenied
	}
	return d, nil
}

func (r *Responder) deleteServicePropList(c *call) error {
	s, err := r.service(c)
	if err != nil {
		return err
	}
	ids, err := mtp.DecodePropIDs(c.payload)
	if err != nil {
		return fmt.Errorf("%w: %w", mtp.InvalidDataset, err)
	}
	for i, p := range ids {
		if _, err := s.writable(mtp.ServiceID(p.Owner), mtp.ServiceCode(p.Code)); err != nil {
			c.result(uint32(i))
			return fmt.Errorf("element %d: %w", i, err)
		}
		delete(r.serviceProps, serviceProp{s.Info.ID, mtp.ServiceCode(p.Code)})
	}
	return nil
}
