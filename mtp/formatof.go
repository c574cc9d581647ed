package mtp

import (
	"path"
	"strings"
)

// formatsByExtension are the formats of files by the extensions that
// initiators in use send them with (AOSP MtpMediaUtils, libmtp's file types).
var formatsByExtension = map[string]FormatCode{
	".txt": FormatText, ".htm": FormatHTML, ".html": FormatHTML,
	".aif": FormatAIFF, ".aiff": FormatAIFF, ".wav": FormatWAV, ".mp3": FormatMP3, ".wma": FormatWMA,
	".ogg": FormatOGG, ".oga": FormatOGG, ".aac": FormatAAC, ".flac": FormatFLAC, ".amr": FormatAMR,
	".avi": FormatAVI, ".mpg": FormatMPEG, ".mpeg": FormatMPEG, ".asf": FormatASF, ".mov": FormatQuickTime,
	".wmv": FormatWMV, ".mp4": FormatMP4, ".m4v": FormatMP4, ".3gp": Format3GP, ".3g2": Format3G2, ".mkv": FormatMKV,
	".jpg": FormatEXIFJPEG, ".jpeg": FormatEXIFJPEG, ".bmp": FormatBMP, ".gif": FormatGIF, ".png": FormatPNG,
	".tif": FormatTIFF, ".tiff": FormatTIFF, ".jp2": FormatJP2, ".jpx": FormatJPX, ".dng": FormatDNG,
	".vcf": FormatVCard3, ".vcard": FormatVCard3, ".vcs": FormatVCalendar1, ".ics": FormatVCalendar2,
}

// FormatOf gives the format that a file of this name usually has,
// [FormatUndefined] where its extension says nothing. A device takes those of
// its [DeviceInfo].PlaybackFormats.
func FormatOf(name string) FormatCode {
	if f, ok := formatsByExtension[strings.ToLower(path.Ext(name))]; ok {
		return f
	}
	return FormatUndefined
}
