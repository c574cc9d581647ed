// Package files shows a session's objects as trees of files with paths, and
// moves files between them and folders of this machine.
//
// A path is "/folder/file" in the phone's first storage, or "STORAGE:/folder/file"
// in the one with that description or number ("SD card:/DCIM",
// "0x00020001:/DCIM"). The names in it are file names made safe: what a device
// calls "a/b", "..", or the same as something else beside it, has another name
// here, and the same one each time, so that no name leads out of the folder that
// it is put in and none hides another.
//
// A file is fetched beside its place and takes it when it is whole. What an
// interruption leaves is gone on with by the next fetch of the same object, on
// devices that give parts of objects and tell their times, after a look whether the
// beginning and the end agree.
package files
