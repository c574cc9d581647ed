package mtp

// Response codes (PTP §11, MTP 1.1 appendix E). All but [OK] are errors: an
// operation that the device refused gives an [*OpError] that wraps one, so
// errors.Is(err, mtp.StoreFull) works.
const (
	UndefinedResponse                     RespCode = 0x2000
	OK                                    RespCode = 0x2001
	GeneralError                          RespCode = 0x2002
	SessionNotOpen                        RespCode = 0x2003
	InvalidTransactionID                  RespCode = 0x2004
	OperationNotSupported                 RespCode = 0x2005
	ParameterNotSupported                 RespCode = 0x2006
	IncompleteTransfer                    RespCode = 0x2007
	InvalidStorageID                      RespCode = 0x2008
	InvalidObjectHandle                   RespCode = 0x2009
	DevicePropNotSupported                RespCode = 0x200A
	InvalidObjectFormatCode               RespCode = 0x200B
	StoreFull                             RespCode = 0x200C
	ObjectWriteProtected                  RespCode = 0x200D
	StoreReadOnly                         RespCode = 0x200E
	AccessDenied                          RespCode = 0x200F
	NoThumbnailPresent                    RespCode = 0x2010
	SelfTestFailed                        RespCode = 0x2011
	PartialDeletion                       RespCode = 0x2012
	StoreNotAvailable                     RespCode = 0x2013
	SpecificationByFormatUnsupported      RespCode = 0x2014
	NoValidObjectInfo                     RespCode = 0x2015
	InvalidCodeFormat                     RespCode = 0x2016
	UnknownVendorCode                     RespCode = 0x2017
	CaptureAlreadyTerminated              RespCode = 0x2018
	DeviceBusy                            RespCode = 0x2019
	InvalidParentObject                   RespCode = 0x201A
	InvalidDevicePropFormat               RespCode = 0x201B
	InvalidDevicePropValue                RespCode = 0x201C
	InvalidParameter                      RespCode = 0x201D
	SessionAlreadyOpen                    RespCode = 0x201E
	TransactionCancelled                  RespCode = 0x201F
	SpecificationOfDestinationUnsupported RespCode = 0x2020
	InvalidEnumHandle                     RespCode = 0x2021 // PTP 1.1
	NoStreamEnabled                       RespCode = 0x2022 // PTP 1.1
	InvalidDataSetPTP11                   RespCode = 0x2023 // PTP 1.1
	InvalidServiceID                      RespCode = 0xA301 // DeviceServices
	InvalidServicePropCode                RespCode = 0xA302 // DeviceServices
	InvalidObjectPropCode                 RespCode = 0xA801
	InvalidObjectPropFormat               RespCode = 0xA802
	InvalidObjectPropValue                RespCode = 0xA803
	InvalidObjectReference                RespCode = 0xA804
	InvalidObjectGroupCode                RespCode = 0xA805 // other name: GroupNotSupported
	InvalidDataset                        RespCode = 0xA806
	SpecificationByGroupUnsupported       RespCode = 0xA807
	SpecificationByDepthUnsupported       RespCode = 0xA808
	ObjectTooLarge                        RespCode = 0xA809
	ObjectPropNotSupported                RespCode = 0xA80A
	InvalidServiceIDDraft                 RespCode = 0xA80B // 2.0 draft
	InvalidServicePropCodeDraft           RespCode = 0xA80C // 2.0 draft
	MaxStreamsReached                     RespCode = 0xA80D // 2.0 draft
	MaxStreamsPerObjectReached            RespCode = 0xA80E // 2.0 draft
	SessionLimitReached                   RespCode = 0xA80F // 2.0 draft

	InvalidWFCSyntax         RespCode = 0xA121 // WPDWCN
	WFCVersionNotSupported   RespCode = 0xA122 // WPDWCN
	InvalidMediaSessionID    RespCode = 0xA170 // AAVT
	MediaSessionLimitReached RespCode = 0xA171 // AAVT
	NoMoreData               RespCode = 0xA172 // AAVT
	SANStored                RespCode = 0xA391 // Nokia
	UserRejectedSAN          RespCode = 0xA392 // Nokia
	SANParseError            RespCode = 0xA393 // Nokia
	ProfileMissing           RespCode = 0xA394 // Nokia
)

var respNames = map[RespCode]string{
	UndefinedResponse:                     "Undefined",
	OK:                                    "OK",
	GeneralError:                          "GeneralError",
	SessionNotOpen:                        "SessionNotOpen",
	InvalidTransactionID:                  "InvalidTransactionID",
	OperationNotSupported:                 "OperationNotSupported",
	ParameterNotSupported:                 "ParameterNotSupported",
	IncompleteTransfer:                    "IncompleteTransfer",
	InvalidStorageID:                      "InvalidStorageID",
	InvalidObjectHandle:                   "InvalidObjectHandle",
	DevicePropNotSupported:                "DevicePropNotSupported",
	InvalidObjectFormatCode:               "InvalidObjectFormatCode",
	StoreFull:                             "StoreFull",
	ObjectWriteProtected:                  "ObjectWriteProtected",
	StoreReadOnly:                         "StoreReadOnly",
	AccessDenied:                          "AccessDenied",
	NoThumbnailPresent:                    "NoThumbnailPresent",
	SelfTestFailed:                        "SelfTestFailed",
	PartialDeletion:                       "PartialDeletion",
	StoreNotAvailable:                     "StoreNotAvailable",
	SpecificationByFormatUnsupported:      "SpecificationByFormatUnsupported",
	NoValidObjectInfo:                     "NoValidObjectInfo",
	InvalidCodeFormat:                     "InvalidCodeFormat",
	UnknownVendorCode:                     "UnknownVendorCode",
	CaptureAlreadyTerminated:              "CaptureAlreadyTerminated",
	DeviceBusy:                            "DeviceBusy",
	InvalidParentObject:                   "InvalidParentObject",
	InvalidDevicePropFormat:               "InvalidDevicePropFormat",
	InvalidDevicePropValue:                "InvalidDevicePropValue",
	InvalidParameter:                      "InvalidParameter",
	SessionAlreadyOpen:                    "SessionAlreadyOpen",
	TransactionCancelled:                  "TransactionCancelled",
	SpecificationOfDestinationUnsupported: "SpecificationOfDestinationUnsupported",
	InvalidEnumHandle:                     "InvalidEnumHandle",
	NoStreamEnabled:                       "NoStreamEnabled",
	InvalidDataSetPTP11:                   "InvalidDataSet",
	InvalidServiceID:                      "InvalidServiceID",
	InvalidServicePropCode:                "InvalidServicePropCode",
	InvalidObjectPropCode:                 "InvalidObjectPropCode",
	InvalidObjectPropFormat:               "InvalidObjectPropFormat",
	InvalidObjectPropValue:                "InvalidObjectPropValue",
	InvalidObjectReference:                "InvalidObjectReference",
	InvalidObjectGroupCode:                "InvalidObjectGroupCode",
	InvalidDataset:                        "InvalidDataset",
	SpecificationByGroupUnsupported:       "SpecificationByGroupUnsupported",
	SpecificationByDepthUnsupported:       "SpecificationByDepthUnsupported",
	ObjectTooLarge:                        "ObjectTooLarge",
	ObjectPropNotSupported:                "ObjectPropNotSupported",
	InvalidServiceIDDraft:                 "InvalidServiceID (2.0 draft)",
	InvalidServicePropCodeDraft:           "InvalidServicePropCode (2.0 draft)",
	MaxStreamsReached:                     "MaxStreamsReached",
	MaxStreamsPerObjectReached:            "MaxStreamsPerObjectReached",
	SessionLimitReached:                   "SessionLimitReached",
	InvalidWFCSyntax:                      "InvalidWFCSyntax",
	WFCVersionNotSupported:                "WFCVersionNotSupported",
	InvalidMediaSessionID:                 "InvalidMediaSessionID",
	MediaSessionLimitReached:              "MediaSessionLimitReached",
	NoMoreData:                            "NoMoreData",
	SANStored:                             "SANStored",
	UserRejectedSAN:                       "UserRejectedSAN",
	SANParseError:                         "SANParseError",
	ProfileMissing:                        "ProfileMissing",
}
