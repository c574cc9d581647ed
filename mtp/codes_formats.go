package mtp

// Object formats (PTP §6, MTP 1.1 appendix A). Formats of a device service are
// handed out at run time in 0xB000–0xB7FF and hold for the session only.
const (
	FormatUndefined                   FormatCode = 0x3000
	FormatAssociation                 FormatCode = 0x3001 // folder
	FormatScript                      FormatCode = 0x3002
	FormatExecutable                  FormatCode = 0x3003
	FormatText                        FormatCode = 0x3004
	FormatHTML                        FormatCode = 0x3005
	FormatDPOF                        FormatCode = 0x3006
	FormatAIFF                        FormatCode = 0x3007
	FormatWAV                         FormatCode = 0x3008
	FormatMP3                         FormatCode = 0x3009
	FormatAVI                         FormatCode = 0x300A
	FormatMPEG                        FormatCode = 0x300B
	FormatASF                         FormatCode = 0x300C
	FormatQuickTime                   FormatCode = 0x300D // libmtp; reserved in other lists
	FormatUndefinedImage              FormatCode = 0x3800
	FormatEXIFJPEG                    FormatCode = 0x3801
	FormatTIFFEP                      FormatCode = 0x3802
	FormatFlashPix                    FormatCode = 0x3803
	FormatBMP                         FormatCode = 0x3804
	FormatCIFF                        FormatCode = 0x3805
	FormatGIF                         FormatCode = 0x3807
	FormatJFIF                        FormatCode = 0x3808
	FormatPCD                         FormatCode = 0x3809
	FormatPICT                        FormatCode = 0x380A
	FormatPNG                         FormatCode = 0x380B
	FormatTIFF                        FormatCode = 0x380D
	FormatTIFFIT                      FormatCode = 0x380E
	FormatJP2                         FormatCode = 0x380F
	FormatJPX                         FormatCode = 0x3810
	FormatDNG                         FormatCode = 0x3811 // PTP 1.1
	FormatUndefinedFirmware           FormatCode = 0xB802
	FormatWBMP                        FormatCode = 0xB803
	FormatJPEGXR                      FormatCode = 0xB804
	FormatWindowsImage                FormatCode = 0xB881
	FormatUndefinedAudio              FormatCode = 0xB900
	FormatWMA                         FormatCode = 0xB901
	FormatOGG                         FormatCode = 0xB902
	FormatAAC                         FormatCode = 0xB903
	FormatAudible                     FormatCode = 0xB904
	FormatFLAC                        FormatCode = 0xB906
	FormatQCELP                       FormatCode = 0xB907
	FormatAMR                         FormatCode = 0xB908
	FormatSamsungPlaylist             FormatCode = 0xB909 // libmtp
	FormatUndefinedVideo              FormatCode = 0xB980
	FormatWMV                         FormatCode = 0xB981
	FormatMP4                         FormatCode = 0xB982
	FormatMP2                         FormatCode = 0xB983
	Format3GP                         FormatCode = 0xB984
	Format3G2                         FormatCode = 0xB985 // AVCHD in some lists
	FormatAVCHD                       FormatCode = 0xB986 // trace decoder
	FormatATSCTS                      FormatCode = 0xB987
	FormatDVBTS                       FormatCode = 0xB988
	FormatMKV                         FormatCode = 0xB990 // WPD header
	FormatUndefinedCollection         FormatCode = 0xBA00
	FormatAbstractMultimediaAlbum     FormatCode = 0xBA01
	FormatAbstractImageAlbum          FormatCode = 0xBA02
	FormatAbstractAudioAlbum          FormatCode = 0xBA03
	FormatAbstractVideoAlbum          FormatCode = 0xBA04
	FormatAbstractAudioVideoPlaylist  FormatCode = 0xBA05
	FormatAbstractContactGroup        FormatCode = 0xBA06 // references = the members
	FormatAbstractMessageFolder       FormatCode = 0xBA07
	FormatAbstractChapteredProduction FormatCode = 0xBA08
	FormatAbstractAudioPlaylist       FormatCode = 0xBA09
	FormatAbstractVideoPlaylist       FormatCode = 0xBA0A
	FormatAbstractMediacast           FormatCode = 0xBA0B
	FormatWPLPlaylist                 FormatCode = 0xBA10
	FormatM3UPlaylist                 FormatCode = 0xBA11
	FormatMPLPlaylist                 FormatCode = 0xBA12
	FormatASXPlaylist                 FormatCode = 0xBA13
	FormatPLSPlaylist                 FormatCode = 0xBA14
	FormatUndefinedDocument           FormatCode = 0xBA80
	FormatAbstractDocument            FormatCode = 0xBA81
	FormatXMLDocument                 FormatCode = 0xBA82
	FormatMSWord                      FormatCode = 0xBA83
	FormatMHT                         FormatCode = 0xBA84
	FormatMSExcel                     FormatCode = 0xBA85
	FormatMSPowerPoint                FormatCode = 0xBA86
	FormatUndefinedMessage            FormatCode = 0xBB00 // start of message range
	FormatAbstractMessage             FormatCode = 0xBB01 // properties only
	FormatUndefinedContact            FormatCode = 0xBB80 // start of contact range
	FormatAbstractContact             FormatCode = 0xBB81 // properties only, size 0
	FormatVCard2                      FormatCode = 0xBB82 // vCard 2.1 body
	FormatVCard3                      FormatCode = 0xBB83 // vCard 3.0 body (not in Nokia’s list)
	FormatUndefinedCalendarItem       FormatCode = 0xBE00 // start of calendar range
	FormatAbstractCalendarItem        FormatCode = 0xBE01 // properties only (libmtp + trace decoder)
	FormatVCalendar1                  FormatCode = 0xBE02 // vCalendar 1.0 body
	FormatVCalendar2                  FormatCode = 0xBE03 // iCalendar (vCalendar 2.0) body
	FormatUndefinedWindowsExecutable  FormatCode = 0xBE80
	FormatMediaCast                   FormatCode = 0xBE81 // libmtp
	FormatSection                     FormatCode = 0xBE82 // libmtp

	FormatNetworkAssociation    FormatCode = 0xB102 // WPD
	FormatX509Certificate       FormatCode = 0xB103 // WPD
	FormatWirelessConfiguration FormatCode = 0xB104 // WPD
	FormatZuneMediaCard         FormatCode = 0xB211 // Zune
	FormatZuneMediaCardGroup    FormatCode = 0xB212 // Zune
	FormatZuneEncounter         FormatCode = 0xB213 // Zune
	FormatZuneEncounterBox      FormatCode = 0xB214 // Zune
	FormatZuneM4A               FormatCode = 0xB215 // Zune
	FormatZuneB217              FormatCode = 0xB217 // Zune, its use is unknown
)

var formatNames = map[FormatCode]string{
	FormatUndefined:                   "Undefined",
	FormatAssociation:                 "Association",
	FormatScript:                      "Script",
	FormatExecutable:                  "Executable",
	FormatText:                        "Text",
	FormatHTML:                        "HTML",
	FormatDPOF:                        "DPOF",
	FormatAIFF:                        "AIFF",
	FormatWAV:                         "WAV",
	FormatMP3:                         "MP3",
	FormatAVI:                         "AVI",
	FormatMPEG:                        "MPEG",
	FormatASF:                         "ASF",
	FormatQuickTime:                   "QuickTime",
	FormatUndefinedImage:              "undefined image",
	FormatEXIFJPEG:                    "EXIF/JPEG",
	FormatTIFFEP:                      "TIFF/EP",
	FormatFlashPix:                    "FlashPix",
	FormatBMP:                         "BMP",
	FormatCIFF:                        "CIFF",
	FormatGIF:                         "GIF",
	FormatJFIF:                        "JFIF",
	FormatPCD:                         "PCD",
	FormatPICT:                        "PICT",
	FormatPNG:                         "PNG",
	FormatTIFF:                        "TIFF",
	FormatTIFFIT:                      "TIFF/IT",
	FormatJP2:                         "JP2",
	FormatJPX:                         "JPX",
	FormatDNG:                         "DNG",
	FormatUndefinedFirmware:           "undefined firmware",
	FormatWBMP:                        "WBMP",
	FormatJPEGXR:                      "JPEG XR",
	FormatWindowsImage:                "Windows image format",
	FormatUndefinedAudio:              "undefined audio",
	FormatWMA:                         "WMA",
	FormatOGG:                         "OGG",
	FormatAAC:                         "AAC",
	FormatAudible:                     "Audible",
	FormatFLAC:                        "FLAC",
	FormatQCELP:                       "QCELP",
	FormatAMR:                         "AMR",
	FormatSamsungPlaylist:             "Samsung playlist",
	FormatUndefinedVideo:              "undefined video",
	FormatWMV:                         "WMV",
	FormatMP4:                         "MP4",
	FormatMP2:                         "MP2",
	Format3GP:                         "3GP",
	Format3G2:                         "3G2",
	FormatAVCHD:                       "AVCHD",
	FormatATSCTS:                      "ATSC-TS",
	FormatDVBTS:                       "DVB-TS",
	FormatMKV:                         "MKV",
	FormatUndefinedCollection:         "undefined collection",
	FormatAbstractMultimediaAlbum:     "AbstractMultimediaAlbum",
	FormatAbstractImageAlbum:          "AbstractImageAlbum",
	FormatAbstractAudioAlbum:          "AbstractAudioAlbum",
	FormatAbstractVideoAlbum:          "AbstractVideoAlbum",
	FormatAbstractAudioVideoPlaylist:  "AbstractAudioVideoPlaylist",
	FormatAbstractContactGroup:        "AbstractContactGroup",
	FormatAbstractMessageFolder:       "AbstractMessageFolder",
	FormatAbstractChapteredProduction: "AbstractChapteredProduction",
	FormatAbstractAudioPlaylist:       "AbstractAudioPlaylist",
	FormatAbstractVideoPlaylist:       "AbstractVideoPlaylist",
	FormatAbstractMediacast:           "AbstractMediacast",
	FormatWPLPlaylist:                 "WPL playlist",
	FormatM3UPlaylist:                 "M3U playlist",
	FormatMPLPlaylist:                 "MPL playlist",
	FormatASXPlaylist:                 "ASX playlist",
	FormatPLSPlaylist:                 "PLS playlist",
	FormatUndefinedDocument:           "undefined document",
	FormatAbstractDocument:            "AbstractDocument",
	FormatXMLDocument:                 "XML document",
	FormatMSWord:                      "MS Word",
	FormatMHT:                         "MHT",
	FormatMSExcel:                     "MS Excel",
	FormatMSPowerPoint:                "MS PowerPoint",
	FormatUndefinedMessage:            "UndefinedMessage",
	FormatAbstractMessage:             "AbstractMessage",
	FormatUndefinedContact:            "UndefinedContact",
	FormatAbstractContact:             "AbstractContact",
	FormatVCard2:                      "vCard2",
	FormatVCard3:                      "vCard3",
	FormatUndefinedCalendarItem:       "UndefinedCalendarItem",
	FormatAbstractCalendarItem:        "AbstractCalendarItem",
	FormatVCalendar1:                  "vCalendar1",
	FormatVCalendar2:                  "vCalendar2",
	FormatUndefinedWindowsExecutable:  "undefined Windows executable",
	FormatMediaCast:                   "MediaCast",
	FormatSection:                     "Section",
	FormatNetworkAssociation:          "NetworkAssociation",
	FormatX509Certificate:             "X509Certificate",
	FormatWirelessConfiguration:       "WirelessConfiguration",
	FormatZuneMediaCard:               "ZuneMediaCard",
	FormatZuneMediaCardGroup:          "ZuneMediaCardGroup",
	FormatZuneEncounter:               "ZuneEncounter",
	FormatZuneEncounterBox:            "ZuneEncounterBox",
	FormatZuneM4A:                     "ZuneM4A",
	FormatZuneB217:                    "ZuneB217",
}
