package valuebag

import "fmt"

// HRESULT is a Windows result code. It is an error by itself, so that
// errors.Is(err, valuebag.ErrNotFound) works however deep it is wrapped, and it
// is also a value kind ([ErrorCode]): bulk reads put the reason under the key of
// each property that could not be read.
type HRESULT uint32

// The errors of this package that a caller acts on.
const (
	// ErrTypeMismatch (DISP_E_TYPEMISMATCH): the value is there with another
	// type, and nothing is converted.
	ErrTypeMismatch HRESULT = 0x80020005
	// ErrNotFound (HRESULT of Win32 ERROR_NOT_FOUND): the key is absent.
	ErrNotFound HRESULT = 0x80070490
	// ErrOutOfRange (E_INVALIDARG): an index beyond the end, or a date that
	// the calendar cannot hold.
	ErrOutOfRange HRESULT = 0x80070057
	// ErrOverflow (DISP_E_OVERFLOW): a conversion that the target type cannot
	// represent.
	ErrOverflow HRESULT = 0x8002000A
)

// Result codes that the portable device API returns or stores in a bag.
const (
	HRESULTOK           HRESULT = 0          // S_OK
	HRESULTFalse        HRESULT = 1          // S_FALSE: done, but some properties carry an error
	HRESULTPointer      HRESULT = 0x80004003 // E_POINTER
	HRESULTAccessDenied HRESULT = 0x80070005 // E_ACCESSDENIED
	HRESULTNotSupported HRESULT = 0x80070032 // Win32 ERROR_NOT_SUPPORTED
	HRESULTAborted      HRESULT = 0x800703E3 // Win32 ERROR_OPERATION_ABORTED, after a cancel

	HRESULTDeviceAlreadyOpened        HRESULT = 0x802A0001 // E_WPD_DEVICE_ALREADY_OPENED
	HRESULTDeviceNotOpen              HRESULT = 0x802A0002 // E_WPD_DEVICE_NOT_OPEN
	HRESULTObjectAlreadyAttached      HRESULT = 0x802A0003 // E_WPD_OBJECT_ALREADY_ATTACHED_TO_DEVICE
	HRESULTObjectNotAttached          HRESULT = 0x802A0004 // E_WPD_OBJECT_NOT_ATTACHED_TO_DEVICE
	HRESULTObjectNotCommitted         HRESULT = 0x802A0005 // E_WPD_OBJECT_NOT_COMMITED
	HRESULTDeviceIsHung               HRESULT = 0x802A0006 // E_WPD_DEVICE_IS_HUNG
	HRESULTSMSInvalidRecipient        HRESULT = 0x802A0064 // E_WPD_SMS_INVALID_RECIPIENT
	HRESULTSMSInvalidMessageBody      HRESULT = 0x802A0065 // E_WPD_SMS_INVALID_MESSAGE_BODY
	HRESULTSMSServiceUnavailable      HRESULT = 0x802A0066 // E_WPD_SMS_SERVICE_UNAVAILABLE
	HRESULTServiceAlreadyOpened       HRESULT = 0x802A00C8 // E_WPD_SERVICE_ALREADY_OPENED
	HRESULTServiceNotOpen             HRESULT = 0x802A00C9 // E_WPD_SERVICE_NOT_OPEN
	HRESULTObjectAttachedToService    HRESULT = 0x802A00CA // E_WPD_OBJECT_ALREADY_ATTACHED_TO_SERVICE
	HRESULTObjectNotAttachedToService HRESULT = 0x802A00CB // E_WPD_OBJECT_NOT_ATTACHED_TO_SERVICE
	HRESULTServiceBadParameterOrder   HRESULT = 0x802A00CC // E_WPD_SERVICE_BAD_PARAMETER_ORDER
)

// Failed reports whether the code's severity bit is set. S_OK and S_FALSE are
// successes.
func (h HRESULT) Failed() bool { return h&0x80000000 != 0 }

// String is the code in hexadecimal, 0x80070490.
func (h HRESULT) String() string { return fmt.Sprintf("0x%08X", uint32(h)) }

// Error is the meaning and the code, or the code alone when it is not one of
// this package.
func (h HRESULT) Error() string {
	if m := h.meaning(); m != "" {
		return m + " (" + h.String() + ")"
	}
	return "HRESULT " + h.String()
}

func (h HRESULT) meaning() string {
	switch h {
	case ErrTypeMismatch:
		return "type mismatch"
	case ErrNotFound:
		return "not found"
	case ErrOutOfRange:
		return "invalid argument"
	case ErrOverflow:
		return "out of the type's range"
	case HRESULTOK:
		return "success"
	case HRESULTFalse:
		return "success in part"
	case HRESULTPointer:
		return "invalid pointer"
	case HRESULTAccessDenied:
		return "access denied"
	case HRESULTNotSupported:
		return "not supported"
	case HRESULTAborted:
		return "operation aborted"
	case HRESULTDeviceAlreadyOpened:
		return "device is already open"
	case HRESULTDeviceNotOpen:
		return "device is not open"
	case HRESULTObjectAlreadyAttached:
		return "object is already attached to the device"
	case HRESULTObjectNotAttached:
		return "object is not attached to the device"
	case HRESULTObjectNotCommitted:
		return "object is not committed"
	case HRESULTDeviceIsHung:
		return "device is hung"
	case HRESULTSMSInvalidRecipient:
		return "invalid SMS recipient"
	case HRESULTSMSInvalidMessageBody:
		return "invalid SMS message body"
	case HRESULTSMSServiceUnavailable:
		return "SMS service is unavailable"
	case HRESULTServiceAlreadyOpened:
		return "service is already open"
	case HRESULTServiceNotOpen:
		return "service is not open"
	case HRESULTObjectAttachedToService:
		return "object is already attached to the service"
	case HRESULTObjectNotAttachedToService:
		return "object is not attached to the service"
	case HRESULTServiceBadParameterOrder:
		return "service parameters are in the wrong order"
	}
	return ""
}

// KeyError is what a lookup in a bag returns: which key, and why. It unwraps to
// the HRESULT, or for [ErrTypeMismatch] to the [MismatchError].
type KeyError struct {
	Key PropertyKey
	Err error
}

func (e *KeyError) Error() string { return "valuebag: " + e.Key.Name() + ": " + e.Err.Error() }

// Unwrap gives the reason.
func (e *KeyError) Unwrap() error { return e.Err }

// MismatchError is what an accessor returns for a value of another kind. It is
// [ErrTypeMismatch] to errors.Is.
type MismatchError struct{ Got, Want Kind }

func (e *MismatchError) Error() string {
	return fmt.Sprintf("value is %s, not %s: %s", e.Got, e.Want, ErrTypeMismatch.Error())
}

// Unwrap gives [ErrTypeMismatch].
func (e *MismatchError) Unwrap() error { return ErrTypeMismatch }

func indexError(i, n int) error {
	return fmt.Errorf("valuebag: index %d of %d: %w", i, n, ErrOutOfRange)
}
