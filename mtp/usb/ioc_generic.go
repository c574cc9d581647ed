//go:build linux && !(mips || mipsle || mips64 || mips64le || ppc64 || ppc64le)

package usb

// The fields of an ioctl number (asm-generic/ioctl.h).
const (
	iocNone, iocWrite, iocRead = 0, 1, 2
	iocDirShift                = 30
)
