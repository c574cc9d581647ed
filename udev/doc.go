// Package udev is how a phone that is plugged in reaches Cradle on a Linux
// desktop: the udev rule and the systemd user units, embedded as files and put
// in place or taken away by a [Plan], and the kernel's and udev's messages about
// devices that come and go.
//
// It knows paths, units and events, and nothing of phones' contents: what a unit
// runs is the program's command line.
package udev
