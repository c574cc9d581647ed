package mtp

// Object properties (MTP 1.1 appendix B). The comment gives data type, form and
// access as devices usually describe them; the [ObjectPropDesc] counts.
const (
	PropStorageID                        PropCode = 0xDC01 // UINT32, R
	PropObjectFormat                     PropCode = 0xDC02 // UINT16, R
	PropProtectionStatus                 PropCode = 0xDC03 // UINT16, enum, R
	PropObjectSize                       PropCode = 0xDC04 // UINT64, R
	PropAssociationType                  PropCode = 0xDC05 // UINT16, enum, RW
	PropAssociationDesc                  PropCode = 0xDC06 // UINT32, RW
	PropObjectFileName                   PropCode = 0xDC07 // String, RW
	PropDateCreated                      PropCode = 0xDC08 // String, datetime, RW
	PropDateModified                     PropCode = 0xDC09 // String, datetime, RW
	PropKeywords                         PropCode = 0xDC0A // String, RW
	PropParentObject                     PropCode = 0xDC0B // UINT32, R
	PropAllowedFolderContents            PropCode = 0xDC0C // AUINT16, R
	PropHidden                           PropCode = 0xDC0D // UINT16, enum, RW
	PropSystemObject                     PropCode = 0xDC0E // UINT16, enum, RW
	PropPersistentUniqueObjectIdentifier PropCode = 0xDC41 // UINT128, R
	PropSyncID                           PropCode = 0xDC42 // String, RW
	PropPropertyBag                      PropCode = 0xDC43 // AUINT16, longstring, RW
	PropName                             PropCode = 0xDC44 // String, RW
	PropCreatedBy                        PropCode = 0xDC45 // String, RW
	PropArtist                           PropCode = 0xDC46 // String, RW
	PropDateAuthored                     PropCode = 0xDC47 // String, datetime, RW
	PropDescription                      PropCode = 0xDC48 // AUINT16, longstring, RW
	PropURLReference                     PropCode = 0xDC49 // String, regex, RW
	PropLanguageLocale                   PropCode = 0xDC4A // String, regex, R
	PropCopyrightInformation             PropCode = 0xDC4B // AUINT16, longstring, RW
	PropSource                           PropCode = 0xDC4C // String, RW
	PropOriginLocation                   PropCode = 0xDC4D // String, regex, RW
	PropDateAdded                        PropCode = 0xDC4E // String, datetime, R
	PropNonConsumable                    PropCode = 0xDC4F // UINT8, enum, RW
	PropCorrupt                          PropCode = 0xDC50 // UINT8, enum, R
	PropProducerSerialNumber             PropCode = 0xDC51 // String, RW
	PropRepresentativeSampleFormat       PropCode = 0xDC81 // UINT16, R
	PropRepresentativeSampleSize         PropCode = 0xDC82 // UINT16, enum, RW
	PropRepresentativeSampleHeight       PropCode = 0xDC83 // UINT32, range, RW
	PropRepresentativeSampleWidth        PropCode = 0xDC84 // UINT32, range, RW
	PropRepresentativeSampleDuration     PropCode = 0xDC85 // UINT32, range, RW
	PropRepresentativeSampleData         PropCode = 0xDC86 // AUINT8, bytearray, RW
	PropWidth                            PropCode = 0xDC87 // UINT32, range, RW
	PropHeight                           PropCode = 0xDC88 // UINT32, range, RW
	PropDuration                         PropCode = 0xDC89 // UINT32, range, RW
	PropRating                           PropCode = 0xDC8A // UINT16, range, RW
	PropTrack                            PropCode = 0xDC8B // UINT16, RW
	PropGenre                            PropCode = 0xDC8C // String, RW
	PropCredits                          PropCode = 0xDC8D // AUINT16, longstring, RW
	PropLyrics                           PropCode = 0xDC8E // AUINT16, longstring, RW
	PropSubscriptionContentID            PropCode = 0xDC8F // String, regex, RW
	PropProducedBy                       PropCode = 0xDC90 // String, RW
	PropUseCount                         PropCode = 0xDC91 // UINT32, RW
	PropSkipCount                        PropCode = 0xDC92 // UINT32, RW
	PropLastAccessed                     PropCode = 0xDC93 // String, datetime, RW
	PropParentalRating                   PropCode = 0xDC94 // String, RW
	PropMetaGenre                        PropCode = 0xDC95 // UINT16, enum, RW
	PropComposer                         PropCode = 0xDC96 // String, RW
	PropEffectiveRating                  PropCode = 0xDC97 // UINT16, RW
	PropSubtitle                         PropCode = 0xDC98 // String, RW
	PropOriginalReleaseDate              PropCode = 0xDC99 // String, datetime, RW
	PropAlbumName                        PropCode = 0xDC9A // String, RW
	PropAlbumArtist                      PropCode = 0xDC9B // String, RW
	PropMood                             PropCode = 0xDC9C // String, enum, RW
	PropDRMStatus                        PropCode = 0xDC9D // UINT16, enum, RW
	PropSubDescription                   PropCode = 0xDC9E // AUINT16, longstring, RW
	PropIsCropped                        PropCode = 0xDCD1 // UINT16, enum, RW
	PropIsColourCorrected                PropCode = 0xDCD2 // UINT16, enum, RW
	PropImageBitDepth                    PropCode = 0xDCD3 // UINT32, enum, RW
	PropFNumber                          PropCode = 0xDCD4 // UINT16, enum, RW
	PropExposureTime                     PropCode = 0xDCD5 // UINT32, enum, RW
	PropExposureIndex                    PropCode = 0xDCD6 // UINT16, range, RW
	PropDisplayName                      PropCode = 0xDCE0 // String, regex, RW
	PropBodyText                         PropCode = 0xDCE1 // AUINT16, longstring, RW
	PropSubject                          PropCode = 0xDCE2 // String, RW
	PropPriority                         PropCode = 0xDCE3 // UINT16, enum, RW
	PropGivenName                        PropCode = 0xDD00 // String, regex, RW
	PropMiddleNames                      PropCode = 0xDD01 // String, regex, RW
	PropFamilyName                       PropCode = 0xDD02 // String, regex, RW
	PropPrefix                           PropCode = 0xDD03 // String, enum, RW
	PropSuffix                           PropCode = 0xDD04 // String, enum, RW
	PropPhoneticGivenName                PropCode = 0xDD05 // String, regex, RW
	PropPhoneticFamilyName               PropCode = 0xDD06 // String, regex, RW
	PropEmailPrimary                     PropCode = 0xDD07 // String, regex, RW
	PropEmailPersonal1                   PropCode = 0xDD08 // String, regex, RW
	PropEmailPersonal2                   PropCode = 0xDD09 // String, regex, RW
	PropEmailBusiness1                   PropCode = 0xDD0A // String, regex, RW
	PropEmailBusiness2                   PropCode = 0xDD0B // String, regex, RW
	PropEmailOthers                      PropCode = 0xDD0C // AUINT16, longstring, RW
	PropPhoneNumberPrimary               PropCode = 0xDD0D // String, regex, RW
	PropPhoneNumberPersonal              PropCode = 0xDD0E // String, regex, RW
	PropPhoneNumberPersonal2             PropCode = 0xDD0F // String, regex, RW
	PropPhoneNumberBusiness              PropCode = 0xDD10 // String, regex, RW
	PropPhoneNumberBusiness2             PropCode = 0xDD11 // String, regex, RW
	PropPhoneNumberMobile                PropCode = 0xDD12 // String, regex, RW
	PropPhoneNumberMobile2               PropCode = 0xDD13 // String, regex, RW
	PropFaxNumberPrimary                 PropCode = 0xDD14 // String, regex, RW
	PropFaxNumberPersonal                PropCode = 0xDD15 // String, regex, RW
	PropFaxNumberBusiness                PropCode = 0xDD16 // String, regex, RW
	PropPagerNumber                      PropCode = 0xDD17 // String, regex, RW
	PropPhoneNumberOthers                PropCode = 0xDD18 // AUINT16, longstring, RW
	PropWebAddressPrimary                PropCode = 0xDD19 // String, regex, RW
	PropWebAddressPersonal               PropCode = 0xDD1A // String, regex, RW
	PropWebAddressBusiness               PropCode = 0xDD1B // String, regex, RW
	PropInstantMessengerAddress          PropCode = 0xDD1C // String, regex, RW
	PropInstantMessengerAddress2         PropCode = 0xDD1D // String, regex, RW
	PropInstantMessengerAddress3         PropCode = 0xDD1E // String, regex, RW
	PropPostalAddressPersonalFull        PropCode = 0xDD1F // AUINT16, longstring, RW
	PropPostalAddressPersonalLine1       PropCode = 0xDD20 // String, RW
	PropPostalAddressPersonalLine2       PropCode = 0xDD21 // String, RW
	PropPostalAddressPersonalCity        PropCode = 0xDD22 // String, RW
	PropPostalAddressPersonalRegion      PropCode = 0xDD23 // String, RW
	PropPostalAddressPersonalPostalCode  PropCode = 0xDD24 // String, RW
	PropPostalAddressPersonalCountry     PropCode = 0xDD25 // String, RW
	PropPostalAddressBusinessFull        PropCode = 0xDD26 // AUINT16, longstring, RW
	PropPostalAddressBusinessLine1       PropCode = 0xDD27 // String, RW
	PropPostalAddressBusinessLine2       PropCode = 0xDD28 // String, RW
	PropPostalAddressBusinessCity        PropCode = 0xDD29 // String, RW
	PropPostalAddressBusinessRegion      PropCode = 0xDD2A // String, RW
	PropPostalAddressBusinessPostalCode  PropCode = 0xDD2B // String, RW
	PropPostalAddressBusinessCountry     PropCode = 0xDD2C // String, RW
	PropPostalAddressOtherFull           PropCode = 0xDD2D // AUINT16, longstring, RW
	PropPostalAddressOtherLine1          PropCode = 0xDD2E // String, RW
	PropPostalAddressOtherLine2          PropCode = 0xDD2F // String, RW
	PropPostalAddressOtherCity           PropCode = 0xDD30 // String, RW
	PropPostalAddressOtherRegion         PropCode = 0xDD31 // String, RW
	PropPostalAddressOtherPostalCode     PropCode = 0xDD32 // String, RW
	PropPostalAddressOtherCountry        PropCode = 0xDD33 // String, RW
	PropOrganizationName                 PropCode = 0xDD34 // String, RW
	PropPhoneticOrganizationName         PropCode = 0xDD35 // String, RW
	PropRole                             PropCode = 0xDD36 // String, RW
	PropBirthdate                        PropCode = 0xDD37 // String, datetime, RW
	PropMessageTo                        PropCode = 0xDD40 // AUINT16, longstring, RW
	PropMessageCC                        PropCode = 0xDD41 // AUINT16, longstring, RW
	PropMessageBCC                       PropCode = 0xDD42 // AUINT16, longstring, RW
	PropMessageRead                      PropCode = 0xDD43 // UINT16, enum, RW
	PropMessageReceivedTime              PropCode = 0xDD44 // String, datetime, RW
	PropMessageSender                    PropCode = 0xDD45 // String, RW
	PropActivityBeginTime                PropCode = 0xDD50 // String, datetime, RW
	PropActivityEndTime                  PropCode = 0xDD51 // String, datetime, RW
	PropActivityLocation                 PropCode = 0xDD52 // String, RW
	PropActivityRequiredAttendees        PropCode = 0xDD54 // AUINT16, longstring, RW
	PropActivityOptionalAttendees        PropCode = 0xDD55 // AUINT16, longstring, RW
	PropActivityResources                PropCode = 0xDD56 // AUINT16, longstring, RW
	PropActivityAccepted                 PropCode = 0xDD57 // AUINT16, longstring, RW
	PropActivityTentative                PropCode = 0xDD58 // AUINT16, longstring, RW
	PropActivityDeclined                 PropCode = 0xDD59 // AUINT16, longstring, RW
	PropActivityReminderTime             PropCode = 0xDD5A // String, datetime, RW
	PropActivityOwner                    PropCode = 0xDD5B // String, RW
	PropActivityStatus                   PropCode = 0xDD5C // String, RW
	PropOwner                            PropCode = 0xDD5D
	PropEditor                           PropCode = 0xDD5E
	PropWebMaster                        PropCode = 0xDD5F
	PropURLSource                        PropCode = 0xDD60
	PropURLDestination                   PropCode = 0xDD61
	PropTimeBookmark                     PropCode = 0xDD62
	PropObjectBookmark                   PropCode = 0xDD63
	PropByteBookmark                     PropCode = 0xDD64
	PropDataOffset                       PropCode = 0xDD65
	PropDataLength                       PropCode = 0xDD66
	PropDataUnits                        PropCode = 0xDD67
	PropDataReferencedObjectResource     PropCode = 0xDD68
	PropBackReferences                   PropCode = 0xDD69
	PropLastBuildDate                    PropCode = 0xDD70
	PropTimeToLive                       PropCode = 0xDD71
	PropMediaGUID                        PropCode = 0xDD72
	PropTotalBitRate                     PropCode = 0xDE91 // UINT32, range, RW
	PropBitrateType                      PropCode = 0xDE92 // UINT16, enum, RW
	PropSampleRate                       PropCode = 0xDE93 // UINT32, range, RW
	PropNumberOfChannels                 PropCode = 0xDE94 // UINT16, enum, RW
	PropAudioBitDepth                    PropCode = 0xDE95 // UINT32, enum, RW
	PropBlockAlignment                   PropCode = 0xDE96
	PropScanType                         PropCode = 0xDE97 // UINT16, enum, RW
	PropColourRange                      PropCode = 0xDE98
	PropAudioWAVECodec                   PropCode = 0xDE99 // UINT32, enum, RW
	PropAudioBitRate                     PropCode = 0xDE9A // UINT32, range, RW
	PropVideoFourCCCodec                 PropCode = 0xDE9B // UINT32, enum, RW
	PropVideoBitRate                     PropCode = 0xDE9C // UINT32, range, RW
	PropFramesPerThousandSeconds         PropCode = 0xDE9D // UINT32, range, RW
	PropKeyFrameDistance                 PropCode = 0xDE9E // UINT32, range, RW
	PropBufferSize                       PropCode = 0xDE9F // UINT32, range, RW
	PropEncodingQuality                  PropCode = 0xDEA0 // UINT32, range, RW
	PropEncodingProfile                  PropCode = 0xDEA1 // String, enum, RW
	PropAudioEncodingProfile             PropCode = 0xDEA2
)

var propNames = map[PropCode]string{
	PropStorageID:                        "StorageID",
	PropObjectFormat:                     "ObjectFormat",
	PropProtectionStatus:                 "ProtectionStatus",
	PropObjectSize:                       "ObjectSize",
	PropAssociationType:                  "AssociationType",
	PropAssociationDesc:                  "AssociationDesc",
	PropObjectFileName:                   "ObjectFileName",
	PropDateCreated:                      "DateCreated",
	PropDateModified:                     "DateModified",
	PropKeywords:                         "Keywords",
	PropParentObject:                     "ParentObject",
	PropAllowedFolderContents:            "AllowedFolderContents",
	PropHidden:                           "Hidden",
	PropSystemObject:                     "SystemObject",
	PropPersistentUniqueObjectIdentifier: "PersistentUniqueObjectIdentifier",
	PropSyncID:                           "SyncID",
	PropPropertyBag:                      "PropertyBag",
	PropName:                             "Name",
	PropCreatedBy:                        "CreatedBy",
	PropArtist:                           "Artist",
	PropDateAuthored:                     "DateAuthored",
	PropDescription:                      "Description",
	PropURLReference:                     "URLReference",
	PropLanguageLocale:                   "LanguageLocale",
	PropCopyrightInformation:             "CopyrightInformation",
	PropSource:                           "Source",
	PropOriginLocation:                   "OriginLocation",
	PropDateAdded:                        "DateAdded",
	PropNonConsumable:                    "NonConsumable",
	PropCorrupt:                          "Corrupt/Unplayable",
	PropProducerSerialNumber:             "ProducerSerialNumber",
	PropRepresentativeSampleFormat:       "RepresentativeSampleFormat",
	PropRepresentativeSampleSize:         "RepresentativeSampleSize",
	PropRepresentativeSampleHeight:       "RepresentativeSampleHeight",
	PropRepresentativeSampleWidth:        "RepresentativeSampleWidth",
	PropRepresentativeSampleDuration:     "RepresentativeSampleDuration",
	PropRepresentativeSampleData:         "RepresentativeSampleData",
	PropWidth:                            "Width",
	PropHeight:                           "Height",
	PropDuration:                         "Duration",
	PropRating:                           "Rating",
	PropTrack:                            "Track",
	PropGenre:                            "Genre",
	PropCredits:                          "Credits",
	PropLyrics:                           "Lyrics",
	PropSubscriptionContentID:            "SubscriptionContentID",
	PropProducedBy:                       "ProducedBy",
	PropUseCount:                         "UseCount",
	PropSkipCount:                        "SkipCount",
	PropLastAccessed:                     "LastAccessed",
	PropParentalRating:                   "ParentalRating",
	PropMetaGenre:                        "MetaGenre",
	PropComposer:                         "Composer",
	PropEffectiveRating:                  "EffectiveRating",
	PropSubtitle:                         "Subtitle",
	PropOriginalReleaseDate:              "OriginalReleaseDate",
	PropAlbumName:                        "AlbumName",
	PropAlbumArtist:                      "AlbumArtist",
	PropMood:                             "Mood",
	PropDRMStatus:                        "DRMStatus",
	PropSubDescription:                   "SubDescription",
	PropIsCropped:                        "IsCropped",
	PropIsColourCorrected:                "IsColourCorrected",
	PropImageBitDepth:                    "ImageBitDepth",
	PropFNumber:                          "FNumber",
	PropExposureTime:                     "ExposureTime",
	PropExposureIndex:                    "ExposureIndex",
	PropDisplayName:                      "DisplayName",
	PropBodyText:                         "BodyText",
	PropSubject:                          "Subject",
	PropPriority:                         "Priority",
	PropGivenName:                        "GivenName",
	PropMiddleNames:                      "MiddleNames",
	PropFamilyName:                       "FamilyName",
	PropPrefix:                           "Prefix",
	PropSuffix:                           "Suffix",
	PropPhoneticGivenName:                "PhoneticGivenName",
	PropPhoneticFamilyName:               "PhoneticFamilyName",
	PropEmailPrimary:                     "EmailPrimary",
	PropEmailPersonal1:                   "EmailPersonal1",
	PropEmailPersonal2:                   "EmailPersonal2",
	PropEmailBusiness1:                   "EmailBusiness1",
	PropEmailBusiness2:                   "EmailBusiness2",
	PropEmailOthers:                      "EmailOthers",
	PropPhoneNumberPrimary:               "PhoneNumberPrimary",
	PropPhoneNumberPersonal:              "PhoneNumberPersonal",
	PropPhoneNumberPersonal2:             "PhoneNumberPersonal2",
	PropPhoneNumberBusiness:              "PhoneNumberBusiness",
	PropPhoneNumberBusiness2:             "PhoneNumberBusiness2",
	PropPhoneNumberMobile:                "PhoneNumberMobile",
	PropPhoneNumberMobile2:               "PhoneNumberMobile2",
	PropFaxNumberPrimary:                 "FaxNumberPrimary",
	PropFaxNumberPersonal:                "FaxNumberPersonal",
	PropFaxNumberBusiness:                "FaxNumberBusiness",
	PropPagerNumber:                      "PagerNumber",
	PropPhoneNumberOthers:                "PhoneNumberOthers",
	PropWebAddressPrimary:                "WebAddressPrimary",
	PropWebAddressPersonal:               "WebAddressPersonal",
	PropWebAddressBusiness:               "WebAddressBusiness",
	PropInstantMessengerAddress:          "InstantMessengerAddress",
	PropInstantMessengerAddress2:         "InstantMessengerAddress2",
	PropInstantMessengerAddress3:         "InstantMessengerAddress3",
	PropPostalAddressPersonalFull:        "PostalAddressPersonalFull",
	PropPostalAddressPersonalLine1:       "PostalAddressPersonalLine1",
	PropPostalAddressPersonalLine2:       "PostalAddressPersonalLine2",
	PropPostalAddressPersonalCity:        "PostalAddressPersonalCity",
	PropPostalAddressPersonalRegion:      "PostalAddressPersonalRegion",
	PropPostalAddressPersonalPostalCode:  "PostalAddressPersonalPostalCode",
	PropPostalAddressPersonalCountry:     "PostalAddressPersonalCountry",
	PropPostalAddressBusinessFull:        "PostalAddressBusinessFull",
	PropPostalAddressBusinessLine1:       "PostalAddressBusinessLine1",
	PropPostalAddressBusinessLine2:       "PostalAddressBusinessLine2",
	PropPostalAddressBusinessCity:        "PostalAddressBusinessCity",
	PropPostalAddressBusinessRegion:      "PostalAddressBusinessRegion",
	PropPostalAddressBusinessPostalCode:  "PostalAddressBusinessPostalCode",
	PropPostalAddressBusinessCountry:     "PostalAddressBusinessCountry",
	PropPostalAddressOtherFull:           "PostalAddressOtherFull",
	PropPostalAddressOtherLine1:          "PostalAddressOtherLine1",
	PropPostalAddressOtherLine2:          "PostalAddressOtherLine2",
	PropPostalAddressOtherCity:           "PostalAddressOtherCity",
	PropPostalAddressOtherRegion:         "PostalAddressOtherRegion",
	PropPostalAddressOtherPostalCode:     "PostalAddressOtherPostalCode",
	PropPostalAddressOtherCountry:        "PostalAddressOtherCountry",
	PropOrganizationName:                 "OrganizationName",
	PropPhoneticOrganizationName:         "PhoneticOrganizationName",
	PropRole:                             "Role",
	PropBirthdate:                        "Birthdate",
	PropMessageTo:                        "MessageTo",
	PropMessageCC:                        "MessageCC",
	PropMessageBCC:                       "MessageBCC",
	PropMessageRead:                      "MessageRead",
	PropMessageReceivedTime:              "MessageReceivedTime",
	PropMessageSender:                    "MessageSender",
	PropActivityBeginTime:                "ActivityBeginTime",
	PropActivityEndTime:                  "ActivityEndTime",
	PropActivityLocation:                 "ActivityLocation",
	PropActivityRequiredAttendees:        "ActivityRequiredAttendees",
	PropActivityOptionalAttendees:        "ActivityOptionalAttendees",
	PropActivityResources:                "ActivityResources",
	PropActivityAccepted:                 "ActivityAccepted",
	PropActivityTentative:                "ActivityTentative",
	PropActivityDeclined:                 "ActivityDeclined",
	PropActivityReminderTime:             "ActivityReminderTime",
	PropActivityOwner:                    "ActivityOwner",
	PropActivityStatus:                   "ActivityStatus",
	PropOwner:                            "Owner",
	PropEditor:                           "Editor",
	PropWebMaster:                        "WebMaster",
	PropURLSource:                        "URLSource",
	PropURLDestination:                   "URLDestination",
	PropTimeBookmark:                     "TimeBookmark",
	PropObjectBookmark:                   "ObjectBookmark",
	PropByteBookmark:                     "ByteBookmark",
	PropDataOffset:                       "DataOffset",
	PropDataLength:                       "DataLength",
	PropDataUnits:                        "DataUnits",
	PropDataReferencedObjectResource:     "DataReferencedObjectResource",
	PropBackReferences:                   "BackReferences",
	PropLastBuildDate:                    "LastBuildDate",
	PropTimeToLive:                       "TimeToLive",
	PropMediaGUID:                        "MediaGUID",
	PropTotalBitRate:                     "TotalBitRate",
	PropBitrateType:                      "BitrateType",
	PropSampleRate:                       "SampleRate",
	PropNumberOfChannels:                 "NumberOfChannels",
	PropAudioBitDepth:                    "AudioBitDepth",
	PropBlockAlignment:                   "BlockAlignment",
	PropScanType:                         "ScanType",
	PropColourRange:                      "ColourRange",
	PropAudioWAVECodec:                   "AudioWAVECodec",
	PropAudioBitRate:                     "AudioBitRate",
	PropVideoFourCCCodec:                 "VideoFourCCCodec",
	PropVideoBitRate:                     "VideoBitRate",
	PropFramesPerThousandSeconds:         "FramesPerThousandSeconds",
	PropKeyFrameDistance:                 "KeyFrameDistance",
	PropBufferSize:                       "BufferSize",
	PropEncodingQuality:                  "EncodingQuality",
	PropEncodingProfile:                  "EncodingProfile",
	PropAudioEncodingProfile:             "AudioEncodingProfile",
}
