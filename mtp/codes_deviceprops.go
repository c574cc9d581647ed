package mtp

// Device properties (PTP §13, MTP 1.1 appendix C, DeviceServices). The comment
// gives the usual data type; the one in the [DevicePropDesc] counts.
const (
	DevicePropBatteryLevel                DevicePropCode = 0x5001 // UINT8
	DevicePropFunctionalMode              DevicePropCode = 0x5002 // UINT32
	DevicePropImageSize                   DevicePropCode = 0x5003 // String
	DevicePropCompressionSetting          DevicePropCode = 0x5004 // UINT8
	DevicePropWhiteBalance                DevicePropCode = 0x5005 // UINT16
	DevicePropRGBGain                     DevicePropCode = 0x5006 // String
	DevicePropFNumber                     DevicePropCode = 0x5007 // UINT16
	DevicePropFocalLength                 DevicePropCode = 0x5008 // UINT32
	DevicePropFocusDistance               DevicePropCode = 0x5009 // UINT16
	DevicePropFocusMode                   DevicePropCode = 0x500A // UINT16
	DevicePropExposureMeteringMode        DevicePropCode = 0x500B // UINT16
	DevicePropFlashMode                   DevicePropCode = 0x500C // UINT16
	DevicePropExposureTime                DevicePropCode = 0x500D // UINT32
	DevicePropExposureProgramMode         DevicePropCode = 0x500E // UINT16
	DevicePropExposureIndex               DevicePropCode = 0x500F // UINT16
	DevicePropExposureBiasCompensation    DevicePropCode = 0x5010 // INT16
	DevicePropDateTime                    DevicePropCode = 0x5011 // String
	DevicePropCaptureDelay                DevicePropCode = 0x5012 // UINT32
	DevicePropStillCaptureMode            DevicePropCode = 0x5013 // UINT16
	DevicePropContrast                    DevicePropCode = 0x5014 // UINT8
	DevicePropSharpness                   DevicePropCode = 0x5015 // UINT8
	DevicePropDigitalZoom                 DevicePropCode = 0x5016 // UINT8
	DevicePropEffectMode                  DevicePropCode = 0x5017 // UINT16
	DevicePropBurstNumber                 DevicePropCode = 0x5018 // UINT16
	DevicePropBurstInterval               DevicePropCode = 0x5019 // UINT16
	DevicePropTimelapseNumber             DevicePropCode = 0x501A // UINT16
	DevicePropTimelapseInterval           DevicePropCode = 0x501B // UINT32
	DevicePropFocusMeteringMode           DevicePropCode = 0x501C // UINT16
	DevicePropUploadURL                   DevicePropCode = 0x501D // String
	DevicePropArtist                      DevicePropCode = 0x501E // String
	DevicePropCopyrightInfo               DevicePropCode = 0x501F // String
	DevicePropSupportedStreams            DevicePropCode = 0x5020 // (PTP 1.1)
	DevicePropEnabledStreams              DevicePropCode = 0x5021 // (PTP 1.1)
	DevicePropVideoFormat                 DevicePropCode = 0x5022 // (PTP 1.1)
	DevicePropVideoResolution             DevicePropCode = 0x5023 // (PTP 1.1)
	DevicePropVideoQuality                DevicePropCode = 0x5024 // (PTP 1.1)
	DevicePropVideoFrameRate              DevicePropCode = 0x5025 // (PTP 1.1)
	DevicePropVideoContrast               DevicePropCode = 0x5026 // (PTP 1.1)
	DevicePropVideoBrightness             DevicePropCode = 0x5027 // (PTP 1.1)
	DevicePropAudioFormat                 DevicePropCode = 0x5028 // (PTP 1.1)
	DevicePropAudioBitrate                DevicePropCode = 0x5029 // (PTP 1.1)
	DevicePropAudioSamplingRate           DevicePropCode = 0x502A // (PTP 1.1)
	DevicePropAudioBitPerSample           DevicePropCode = 0x502B // (PTP 1.1)
	DevicePropAudioVolume                 DevicePropCode = 0x502C // (PTP 1.1)
	DevicePropSecureTime                  DevicePropCode = 0xD101 // AUINT16
	DevicePropDeviceCertificate           DevicePropCode = 0xD102 // AUINT16
	DevicePropRevocationInfo              DevicePropCode = 0xD103
	DevicePropPlaysForSureID              DevicePropCode = 0xD131 // AUINT8
	DevicePropZuneD132                    DevicePropCode = 0xD132 // Zune, its use and type are unknown; so the next three
	DevicePropZuneD181                    DevicePropCode = 0xD181
	DevicePropZuneD215                    DevicePropCode = 0xD215
	DevicePropZuneD216                    DevicePropCode = 0xD216
	DevicePropFunctionalID                DevicePropCode = 0xD301 // UINT128 (GUID), DeviceServices; read/write in Nokia's responder
	DevicePropModelID                     DevicePropCode = 0xD302 // (model unique id) UINT128 (GUID), DeviceServices; read only
	DevicePropUseDeviceStage              DevicePropCode = 0xD303 // UINT8, DeviceServices; read/write in Nokia's responder; 1 seen on cameras
	DevicePropSynchronizationPartner      DevicePropCode = 0xD401 // String RW
	DevicePropDeviceFriendlyName          DevicePropCode = 0xD402 // String RW
	DevicePropVolume                      DevicePropCode = 0xD403 // UINT32
	DevicePropSupportedFormatsOrdered     DevicePropCode = 0xD404 // UINT8 (1 = ordered)
	DevicePropDeviceIcon                  DevicePropCode = 0xD405 // AUINT8
	DevicePropSessionInitiatorVersionInfo DevicePropCode = 0xD406 // String RW
	DevicePropPerceivedDeviceType         DevicePropCode = 0xD407 // UINT32
	DevicePropFunctionalIDDraft           DevicePropCode = 0xD408 // (2.0 draft number)
	DevicePropPlaybackRate                DevicePropCode = 0xD410 // INT32
	DevicePropPlaybackObject              DevicePropCode = 0xD411 // UINT32
	DevicePropPlaybackContainerIndex      DevicePropCode = 0xD412 // UINT32
	DevicePropPlaybackPosition            DevicePropCode = 0xD413 // UINT32
)

var devicePropNames = map[DevicePropCode]string{
	DevicePropBatteryLevel:                "BatteryLevel",
	DevicePropFunctionalMode:              "FunctionalMode",
	DevicePropImageSize:                   "ImageSize",
	DevicePropCompressionSetting:          "CompressionSetting",
	DevicePropWhiteBalance:                "WhiteBalance",
	DevicePropRGBGain:                     "RGBGain",
	DevicePropFNumber:                     "FNumber",
	DevicePropFocalLength:                 "FocalLength",
	DevicePropFocusDistance:               "FocusDistance",
	DevicePropFocusMode:                   "FocusMode",
	DevicePropExposureMeteringMode:        "ExposureMeteringMode",
	DevicePropFlashMode:                   "FlashMode",
	DevicePropExposureTime:                "ExposureTime",
	DevicePropExposureProgramMode:         "ExposureProgramMode",
	DevicePropExposureIndex:               "ExposureIndex",
	DevicePropExposureBiasCompensation:    "ExposureBiasCompensation",
	DevicePropDateTime:                    "DateTime",
	DevicePropCaptureDelay:                "CaptureDelay",
	DevicePropStillCaptureMode:            "StillCaptureMode",
	DevicePropContrast:                    "Contrast",
	DevicePropSharpness:                   "Sharpness",
	DevicePropDigitalZoom:                 "DigitalZoom",
	DevicePropEffectMode:                  "EffectMode",
	DevicePropBurstNumber:                 "BurstNumber",
	DevicePropBurstInterval:               "BurstInterval",
	DevicePropTimelapseNumber:             "TimelapseNumber",
	DevicePropTimelapseInterval:           "TimelapseInterval",
	DevicePropFocusMeteringMode:           "FocusMeteringMode",
	DevicePropUploadURL:                   "UploadURL",
	DevicePropArtist:                      "Artist",
	DevicePropCopyrightInfo:               "CopyrightInfo",
	DevicePropSupportedStreams:            "SupportedStreams",
	DevicePropEnabledStreams:              "EnabledStreams",
	DevicePropVideoFormat:                 "VideoFormat",
	DevicePropVideoResolution:             "VideoResolution",
	DevicePropVideoQuality:                "VideoQuality",
	DevicePropVideoFrameRate:              "VideoFrameRate",
	DevicePropVideoContrast:               "VideoContrast",
	DevicePropVideoBrightness:             "VideoBrightness",
	DevicePropAudioFormat:                 "AudioFormat",
	DevicePropAudioBitrate:                "AudioBitrate",
	DevicePropAudioSamplingRate:           "AudioSamplingRate",
	DevicePropAudioBitPerSample:           "AudioBitPerSample",
	DevicePropAudioVolume:                 "AudioVolume",
	DevicePropSecureTime:                  "SecureTime",
	DevicePropDeviceCertificate:           "DeviceCertificate",
	DevicePropRevocationInfo:              "RevocationInfo",
	DevicePropPlaysForSureID:              "PlaysForSureID",
	DevicePropZuneD132:                    "ZuneD132",
	DevicePropZuneD181:                    "ZuneD181",
	DevicePropZuneD215:                    "ZuneD215",
	DevicePropZuneD216:                    "ZuneD216",
	DevicePropFunctionalID:                "FunctionalID",
	DevicePropModelID:                     "ModelID",
	DevicePropUseDeviceStage:              "UseDeviceStage",
	DevicePropSynchronizationPartner:      "SynchronizationPartner",
	DevicePropDeviceFriendlyName:          "DeviceFriendlyName",
	DevicePropVolume:                      "Volume",
	DevicePropSupportedFormatsOrdered:     "SupportedFormatsOrdered",
	DevicePropDeviceIcon:                  "DeviceIcon",
	DevicePropSessionInitiatorVersionInfo: "SessionInitiatorVersionInfo",
	DevicePropPerceivedDeviceType:         "PerceivedDeviceType",
	DevicePropFunctionalIDDraft:           "FunctionalIDDraft",
	DevicePropPlaybackRate:                "PlaybackRate",
	DevicePropPlaybackObject:              "PlaybackObject",
	DevicePropPlaybackContainerIndex:      "PlaybackContainerIndex",
	DevicePropPlaybackPosition:            "PlaybackPosition",
}
