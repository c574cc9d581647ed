package mtp

// Operation codes (PTP §10, MTP 1.1 appendix D, the DeviceServices and
// Android extensions). Comments give the parameters, the dataset of the data
// phase with its direction, and what the response carries.
//
// The meaning of a code in the vendor range 0x9000–0x97FF depends on
// [DeviceInfo.HasExtension]: 0x9301 is GetServiceIDs only for a device that
// names microsoft.com/DeviceServices.
const (
	OpGetDeviceInfo               OpCode = 0x1001 // data in: DeviceInfo
	OpOpenSession                 OpCode = 0x1002 // (SessionID ≠ 0)
	OpCloseSession                OpCode = 0x1003
	OpGetStorageIDs               OpCode = 0x1004 // data in: AUINT32
	OpGetStorageInfo              OpCode = 0x1005 // (StorageID); data in: StorageInfo
	OpGetNumObjects               OpCode = 0x1006 // (StorageID (0xFFFFFFFF all), [Format], [Parent]); returns count
	OpGetObjectHandles            OpCode = 0x1007 // (as GetNumObjects); data in: AUINT32
	OpGetObjectInfo               OpCode = 0x1008 // (Handle); data in: ObjectInfo
	OpGetObject                   OpCode = 0x1009 // (Handle); data in: bytes
	OpGetThumb                    OpCode = 0x100A // (Handle); data in: bytes
	OpDeleteObject                OpCode = 0x100B // (Handle (0xFFFFFFFF all), [Format])
	OpSendObjectInfo              OpCode = 0x100C // ([StorageID], [Parent; 0xFFFFFFFF = root]); data out: ObjectInfo; returns StorageID, Parent, new Handle
	OpSendObject                  OpCode = 0x100D // data out: bytes
	OpInitiateCapture             OpCode = 0x100E // ([StorageID], [Format])
	OpFormatStore                 OpCode = 0x100F // (StorageID, [FS format])
	OpResetDevice                 OpCode = 0x1010
	OpSelfTest                    OpCode = 0x1011 // ([type])
	OpSetObjectProtection         OpCode = 0x1012 // (Handle, ProtectionStatus)
	OpPowerDown                   OpCode = 0x1013
	OpGetDevicePropDesc           OpCode = 0x1014 // (PropCode); data in: DevicePropDesc
	OpGetDevicePropValue          OpCode = 0x1015 // (PropCode); data in: value
	OpSetDevicePropValue          OpCode = 0x1016 // (PropCode); data out: value
	OpResetDevicePropValue        OpCode = 0x1017 // (PropCode (0xFFFFFFFF all))
	OpTerminateOpenCapture        OpCode = 0x1018 // (TransactionID)
	OpMoveObject                  OpCode = 0x1019 // (Handle, StorageID, Parent (0 = root))
	OpCopyObject                  OpCode = 0x101A // (Handle, StorageID, Parent (0 = root)); returns new Handle
	OpGetPartialObject            OpCode = 0x101B // (Handle, Offset, MaxBytes); data in: bytes; returns bytes sent
	OpInitiateOpenCapture         OpCode = 0x101C // ([StorageID], [Format])
	OpStartEnumHandles            OpCode = 0x101D // PTP 1.1
	OpEnumHandles                 OpCode = 0x101E // PTP 1.1
	OpStopEnumHandles             OpCode = 0x101F // PTP 1.1
	OpGetVendorExtensionMaps      OpCode = 0x1020 // PTP 1.1
	OpGetVendorDeviceInfo         OpCode = 0x1021 // PTP 1.1
	OpGetResizedImageObject       OpCode = 0x1022 // PTP 1.1
	OpGetFilesystemManifest       OpCode = 0x1023 // PTP 1.1
	OpGetStreamInfo               OpCode = 0x1024 // PTP 1.1
	OpGetStream                   OpCode = 0x1025 // PTP 1.1
	OpGetServiceIDs               OpCode = 0x9301 // data in: AUINT32
	OpGetServiceInfo              OpCode = 0x9302 // (ServiceID); data in: ServiceInfo
	OpGetServiceCapabilities      OpCode = 0x9303 // (ServiceID, [Format or method code; 0 = all]); data in: capability list
	OpGetServicePropDesc          OpCode = 0x9304 // (ServiceID, [PropCode; 0 = all]); data in: ServicePropDesc list
	OpGetServicePropList          OpCode = 0x9305 // (ServiceID, [PropCode; 0 = all]); data in: ServicePropList
	OpSetServicePropList          OpCode = 0x9306 // (ServiceID); data out: ServicePropList; returns [index of failed element]
	OpUpdateObjectPropList        OpCode = 0x9307 // (Handle); data out: ObjectPropList; returns [index of failed element]
	OpDeleteObjectPropList        OpCode = 0x9308 // (Handle (0xFFFFFFFF: handles are in the dataset)); data out: prop id list; returns [index of failed element]
	OpDeleteServicePropList       OpCode = 0x9309 // (ServiceID); data out: prop id list; returns [index of failed element]
	OpGetFormatCapabilities       OpCode = 0x930A // ([Format; 0 = all]); data in: capability list
	OpGetPartialObject64          OpCode = 0x95C1 // (Handle, Offset low, Offset high, MaxBytes); data in: bytes; returns bytes sent
	OpSendPartialObject           OpCode = 0x95C2 // (Handle, Offset low, Offset high, Length); data out: bytes; returns bytes written
	OpTruncateObject              OpCode = 0x95C3 // (Handle, Size low, Size high)
	OpBeginEditObject             OpCode = 0x95C4 // (Handle)
	OpEndEditObject               OpCode = 0x95C5 // (Handle)
	OpGetObjectPropsSupported     OpCode = 0x9801 // (Format); data in: AUINT16
	OpGetObjectPropDesc           OpCode = 0x9802 // (PropCode, Format); data in: ObjectPropDesc
	OpGetObjectPropValue          OpCode = 0x9803 // (Handle, PropCode); data in: value
	OpSetObjectPropValue          OpCode = 0x9804 // (Handle, PropCode); data out: value
	OpGetObjectPropList           OpCode = 0x9805 // (Handle, [Format], PropCode (0xFFFFFFFF all, 0 = use group), [GroupCode], [Depth]); data in: ObjectPropList
	OpSetObjectPropList           OpCode = 0x9806 // data out: ObjectPropList; returns [index of first failed element, 0-based]
	OpGetInterdependentPropDesc   OpCode = 0x9807 // (Format); data in: InterdependentPropDesc
	OpSendObjectPropList          OpCode = 0x9808 // ([StorageID], [Parent], Format, Size high, Size low); data out: ObjectPropList (handles 0); returns StorageID, Parent, new Handle, [index of failed element]
	OpGetFormatCapabilitiesDraft  OpCode = 0x9809 // MTP 2.0 draft
	OpUpdateObjectPropListDraft   OpCode = 0x980A // MTP 2.0 draft
	OpDeleteObjectPropListDraft   OpCode = 0x980B // MTP 2.0 draft
	OpGetObjectReferences         OpCode = 0x9810 // (Handle); data in: AUINT32
	OpSetObjectReferences         OpCode = 0x9811 // (Handle); data out: AUINT32
	OpUpdateDeviceFirmware        OpCode = 0x9812 // (Handle)
	OpResetObjectPropValue        OpCode = 0x9813 // MTP 2.0 draft
	OpSkip                        OpCode = 0x9820 // (skip count (INT32))
	OpGetServiceIDsDraft          OpCode = 0x9900 // MTP 2.0 draft
	OpGetServiceInfoDraft         OpCode = 0x9901 // MTP 2.0 draft
	OpGetServiceCapabilitiesDraft OpCode = 0x9902 // MTP 2.0 draft
	OpGetServicePropDescDraft     OpCode = 0x9903 // MTP 2.0 draft
	OpGetServicePropListDraft     OpCode = 0x9904 // MTP 2.0 draft
	OpSetServicePropListDraft     OpCode = 0x9905 // MTP 2.0 draft
	OpDeleteServicePropListDraft  OpCode = 0x9906 // MTP 2.0 draft
	OpOpenObjectStream            OpCode = 0x9910 // MTP 2.0 draft
	OpReadObjectStream            OpCode = 0x9911 // MTP 2.0 draft
	OpWriteObjectStream           OpCode = 0x9912 // MTP 2.0 draft
	OpSeekObjectStream            OpCode = 0x9913 // MTP 2.0 draft
	OpCloseObjectStream           OpCode = 0x9914 // MTP 2.0 draft

	OpGetSecureTimeChallenge        OpCode = 0x9101 // WMDRM-PD
	OpGetSecureTimeResponse         OpCode = 0x9102 // WMDRM-PD
	OpSetLicenseResponse            OpCode = 0x9103 // WMDRM-PD
	OpGetSyncList                   OpCode = 0x9104 // WMDRM-PD
	OpSendMeterChallengeQuery       OpCode = 0x9105 // WMDRM-PD
	OpGetMeterChallenge             OpCode = 0x9106 // WMDRM-PD
	OpSetMeterResponse              OpCode = 0x9107 // WMDRM-PD
	OpCleanDataStore                OpCode = 0x9108 // WMDRM-PD
	OpGetLicenseState               OpCode = 0x9109 // WMDRM-PD
	OpSendWMDRMPDCommand            OpCode = 0x910A // WMDRM-PD
	OpSendWMDRMPDRequest            OpCode = 0x910B // WMDRM-PD
	OpProcessWFCObject              OpCode = 0x9122 // WPDWCN, wireless configuration
	OpOpenMediaSession              OpCode = 0x9170 // AAVT
	OpCloseMediaSession             OpCode = 0x9171 // AAVT
	OpGetNextDataBlock              OpCode = 0x9172 // AAVT
	OpSetCurrentTimePosition        OpCode = 0x9173 // AAVT
	OpSendRegistrationRequest       OpCode = 0x9180 // WMDRM-ND
	OpGetRegistrationResponse       OpCode = 0x9181 // WMDRM-ND
	OpGetProximityChallenge         OpCode = 0x9182 // WMDRM-ND
	OpSendProximityResponse         OpCode = 0x9183 // WMDRM-ND
	OpSendLicenseRequest            OpCode = 0x9184 // WMDRM-ND
	OpGetLicenseResponse            OpCode = 0x9185 // WMDRM-ND
	OpReportAddedDeletedItems       OpCode = 0x9201 // WMPPD
	OpReportAcquiredItems           OpCode = 0x9202 // WMPPD
	OpPlaylistObjectPref            OpCode = 0x9203 // WMPPD
	OpZune9204                      OpCode = 0x9204 // Zune, its use is unknown
	OpSendWMDRMPDAppRequest         OpCode = 0x9212 // WMDRM-PD app
	OpGetWMDRMPDAppResponse         OpCode = 0x9213 // WMDRM-PD app
	OpEnableTrustedFilesOperations  OpCode = 0x9214 // WMDRM-PD app
	OpDisableTrustedFilesOperations OpCode = 0x9215 // WMDRM-PD app
	OpEndTrustedAppSession          OpCode = 0x9216 // WMDRM-PD app
	OpGetSanAlertInfo               OpCode = 0x93E8 // Nokia
)

var opNames = map[OpCode]string{
	OpGetDeviceInfo:                 "GetDeviceInfo",
	OpOpenSession:                   "OpenSession",
	OpCloseSession:                  "CloseSession",
	OpGetStorageIDs:                 "GetStorageIDs",
	OpGetStorageInfo:                "GetStorageInfo",
	OpGetNumObjects:                 "GetNumObjects",
	OpGetObjectHandles:              "GetObjectHandles",
	OpGetObjectInfo:                 "GetObjectInfo",
	OpGetObject:                     "GetObject",
	OpGetThumb:                      "GetThumb",
	OpDeleteObject:                  "DeleteObject",
	OpSendObjectInfo:                "SendObjectInfo",
	OpSendObject:                    "SendObject",
	OpInitiateCapture:               "InitiateCapture",
	OpFormatStore:                   "FormatStore",
	OpResetDevice:                   "ResetDevice",
	OpSelfTest:                      "SelfTest",
	OpSetObjectProtection:           "SetObjectProtection",
	OpPowerDown:                     "PowerDown",
	OpGetDevicePropDesc:             "GetDevicePropDesc",
	OpGetDevicePropValue:            "GetDevicePropValue",
	OpSetDevicePropValue:            "SetDevicePropValue",
	OpResetDevicePropValue:          "ResetDevicePropValue",
	OpTerminateOpenCapture:          "TerminateOpenCapture",
	OpMoveObject:                    "MoveObject",
	OpCopyObject:                    "CopyObject",
	OpGetPartialObject:              "GetPartialObject",
	OpInitiateOpenCapture:           "InitiateOpenCapture",
	OpStartEnumHandles:              "StartEnumHandles",
	OpEnumHandles:                   "EnumHandles",
	OpStopEnumHandles:               "StopEnumHandles",
	OpGetVendorExtensionMaps:        "GetVendorExtensionMaps",
	OpGetVendorDeviceInfo:           "GetVendorDeviceInfo",
	OpGetResizedImageObject:         "GetResizedImageObject",
	OpGetFilesystemManifest:         "GetFilesystemManifest",
	OpGetStreamInfo:                 "GetStreamInfo",
	OpGetStream:                     "GetStream",
	OpGetServiceIDs:                 "GetServiceIDs",
	OpGetServiceInfo:                "GetServiceInfo",
	OpGetServiceCapabilities:        "GetServiceCapabilities",
	OpGetServicePropDesc:            "GetServicePropDesc",
	OpGetServicePropList:            "GetServicePropList",
	OpSetServicePropList:            "SetServicePropList",
	OpUpdateObjectPropList:          "UpdateObjectPropList",
	OpDeleteObjectPropList:          "DeleteObjectPropList",
	OpDeleteServicePropList:         "DeleteServicePropList",
	OpGetFormatCapabilities:         "GetFormatCapabilities",
	OpGetPartialObject64:            "GetPartialObject64",
	OpSendPartialObject:             "SendPartialObject",
	OpTruncateObject:                "TruncateObject",
	OpBeginEditObject:               "BeginEditObject",
	OpEndEditObject:                 "EndEditObject",
	OpGetObjectPropsSupported:       "GetObjectPropsSupported",
	OpGetObjectPropDesc:             "GetObjectPropDesc",
	OpGetObjectPropValue:            "GetObjectPropValue",
	OpSetObjectPropValue:            "SetObjectPropValue",
	OpGetObjectPropList:             "GetObjectPropList",
	OpSetObjectPropList:             "SetObjectPropList",
	OpGetInterdependentPropDesc:     "GetInterdependentPropDesc",
	OpSendObjectPropList:            "SendObjectPropList",
	OpGetFormatCapabilitiesDraft:    "GetFormatCapabilities (2.0 draft)",
	OpUpdateObjectPropListDraft:     "UpdateObjectPropList (2.0 draft)",
	OpDeleteObjectPropListDraft:     "DeleteObjectPropList (2.0 draft)",
	OpGetObjectReferences:           "GetObjectReferences",
	OpSetObjectReferences:           "SetObjectReferences",
	OpUpdateDeviceFirmware:          "UpdateDeviceFirmware",
	OpResetObjectPropValue:          "ResetObjectPropValue",
	OpSkip:                          "Skip",
	OpGetServiceIDsDraft:            "GetServiceIDs (2.0 draft)",
	OpGetServiceInfoDraft:           "GetServiceInfo (2.0 draft)",
	OpGetServiceCapabilitiesDraft:   "GetServiceCapabilities (2.0 draft)",
	OpGetServicePropDescDraft:       "GetServicePropDesc (2.0 draft)",
	OpGetServicePropListDraft:       "GetServicePropList (2.0 draft)",
	OpSetServicePropListDraft:       "SetServicePropList (2.0 draft)",
	OpDeleteServicePropListDraft:    "DeleteServicePropList (2.0 draft)",
	OpOpenObjectStream:              "OpenObjectStream",
	OpReadObjectStream:              "ReadObjectStream",
	OpWriteObjectStream:             "WriteObjectStream",
	OpSeekObjectStream:              "SeekObjectStream",
	OpCloseObjectStream:             "CloseObjectStream",
	OpGetSecureTimeChallenge:        "GetSecureTimeChallenge",
	OpGetSecureTimeResponse:         "GetSecureTimeResponse",
	OpSetLicenseResponse:            "SetLicenseResponse",
	OpGetSyncList:                   "GetSyncList",
	OpSendMeterChallengeQuery:       "SendMeterChallengeQuery",
	OpGetMeterChallenge:             "GetMeterChallenge",
	OpSetMeterResponse:              "SetMeterResponse",
	OpCleanDataStore:                "CleanDataStore",
	OpGetLicenseState:               "GetLicenseState",
	OpSendWMDRMPDCommand:            "SendWMDRMPDCommand",
	OpSendWMDRMPDRequest:            "SendWMDRMPDRequest",
	OpProcessWFCObject:              "ProcessWFCObject",
	OpOpenMediaSession:              "OpenMediaSession",
	OpCloseMediaSession:             "CloseMediaSession",
	OpGetNextDataBlock:              "GetNextDataBlock",
	OpSetCurrentTimePosition:        "SetCurrentTimePosition",
	OpSendRegistrationRequest:       "SendRegistrationRequest",
	OpGetRegistrationResponse:       "GetRegistrationResponse",
	OpGetProximityChallenge:         "GetProximityChallenge",
	OpSendProximityResponse:         "SendProximityResponse",
	OpSendLicenseRequest:            "SendLicenseRequest",
	OpGetLicenseResponse:            "GetLicenseResponse",
	OpReportAddedDeletedItems:       "ReportAddedDeletedItems",
	OpReportAcquiredItems:           "ReportAcquiredItems",
	OpPlaylistObjectPref:            "PlaylistObjectPref",
	OpZune9204:                      "Zune9204",
	OpSendWMDRMPDAppRequest:         "SendWMDRMPDAppRequest",
	OpGetWMDRMPDAppResponse:         "GetWMDRMPDAppResponse",
	OpEnableTrustedFilesOperations:  "EnableTrustedFilesOperations",
	OpDisableTrustedFilesOperations: "DisableTrustedFilesOperations",
	OpEndTrustedAppSession:          "EndTrustedAppSession",
	OpGetSanAlertInfo:               "GetSanAlertInfo",
}
