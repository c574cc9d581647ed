//go:build !(linux && cgo && !nousb)

package usb

const defaultBackend = Usbfs
