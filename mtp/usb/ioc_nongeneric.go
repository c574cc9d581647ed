//go:build linux && (mips || mipsle || mips64 || mips64le || ppc64 || ppc64le)

package usb

// The fields of an ioctl number (arch/mips and arch/powerpc, uapi/asm/ioctl.h).
const (
	iocNone, iocRead, iocWrite = 1, 2, 4
	iocDirShift                = 29
)
