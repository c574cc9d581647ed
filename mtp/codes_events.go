package mtp

// Event codes (PTP §12, MTP 1.1 appendix G, DeviceServices). An event carries
// at most three parameters, named in the comments.
const (
	EventUndefined               EventCode = 0x4000
	EventCancelTransaction       EventCode = 0x4001 // transaction id is the container’s
	EventObjectAdded             EventCode = 0x4002 // Handle
	EventObjectRemoved           EventCode = 0x4003 // Handle
	EventStoreAdded              EventCode = 0x4004 // StorageID
	EventStoreRemoved            EventCode = 0x4005 // StorageID
	EventDevicePropChanged       EventCode = 0x4006 // PropCode
	EventObjectInfoChanged       EventCode = 0x4007 // Handle
	EventDeviceInfoChanged       EventCode = 0x4008
	EventRequestObjectTransfer   EventCode = 0x4009 // Handle
	EventStoreFull               EventCode = 0x400A // StorageID
	EventDeviceReset             EventCode = 0x400B
	EventStorageInfoChanged      EventCode = 0x400C // StorageID
	EventCaptureComplete         EventCode = 0x400D // transaction id of InitiateCapture
	EventUnreportedStatus        EventCode = 0x400E
	EventServiceAdded            EventCode = 0xC301 // ServiceID (parameter: C)
	EventServiceRemoved          EventCode = 0xC302 // ServiceID (parameter: C)
	EventServicePropChanged      EventCode = 0xC303 // ServiceID, PropCode (parameters: C)
	EventMethodComplete          EventCode = 0xC304 // handle of the method invocation object, maybe followed by a result (parameters: C)
	EventObjectPropChanged       EventCode = 0xC801 // Handle, PropCode
	EventObjectPropDescChanged   EventCode = 0xC802 // PropCode, Format
	EventObjectReferencesChanged EventCode = 0xC803 // Handle

	EventServiceAddedDraft       EventCode = 0xC804 // ServiceID; MTP 2.0 draft
	EventServiceRemovedDraft     EventCode = 0xC805 // ServiceID; MTP 2.0 draft
	EventServicePropChangedDraft EventCode = 0xC806 // ServiceID, PropCode; MTP 2.0 draft
	EventMethodCompleteDraft     EventCode = 0xC807 // as MethodComplete; MTP 2.0 draft

	EventRequestSyncObjectTransfer EventCode = 0xC390 // Nokia
	EventRequestSanAlertInfo       EventCode = 0xC391 // Nokia
)

var eventNames = map[EventCode]string{
	EventUndefined:                 "Undefined",
	EventCancelTransaction:         "CancelTransaction",
	EventObjectAdded:               "ObjectAdded",
	EventObjectRemoved:             "ObjectRemoved",
	EventStoreAdded:                "StoreAdded",
	EventStoreRemoved:              "StoreRemoved",
	EventDevicePropChanged:         "DevicePropChanged",
	EventObjectInfoChanged:         "ObjectInfoChanged",
	EventDeviceInfoChanged:         "DeviceInfoChanged",
	EventRequestObjectTransfer:     "RequestObjectTransfer",
	EventStoreFull:                 "StoreFull",
	EventDeviceReset:               "DeviceReset",
	EventStorageInfoChanged:        "StorageInfoChanged",
	EventCaptureComplete:           "CaptureComplete",
	EventUnreportedStatus:          "UnreportedStatus",
	EventServiceAdded:              "ServiceAdded",
	EventServiceRemoved:            "ServiceRemoved",
	EventServicePropChanged:        "ServicePropChanged",
	EventMethodComplete:            "MethodComplete",
	EventObjectPropChanged:         "ObjectPropChanged",
	EventObjectPropDescChanged:     "ObjectPropDescChanged",
	EventObjectReferencesChanged:   "ObjectReferencesChanged",
	EventServiceAddedDraft:         "ServiceAdded (2.0 draft)",
	EventServiceRemovedDraft:       "ServiceRemoved (2.0 draft)",
	EventServicePropChangedDraft:   "ServicePropChanged (2.0 draft)",
	EventMethodCompleteDraft:       "MethodComplete (2.0 draft)",
	EventRequestSyncObjectTransfer: "RequestSyncObjectTransfer",
	EventRequestSanAlertInfo:       "RequestSanAlertInfo",
}
