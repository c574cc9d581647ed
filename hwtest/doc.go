// Package hwtest plays phones. A [Phone] is a virtual one: a real MTP responder
// whose storage is a folder of the host, in the same process. Any file in the
// folder is an object, nothing but objects lies in it, and whatever another
// program does there is what the phone's user did.
//
// A [Selector] names one on a command line, with the faults it shall have:
// virtual:android:DIR?cut=7.100 pulls the cable within the seventh transaction. A
// [Scenario] says more of what goes wrong, and when, in a small language
// (docs/scenarios.md); testdata/scenarios has the suite that every phase of every
// operation is tried with. Package usbip puts a phone on a USB bus.
package hwtest
