package mtp

import "time"

// timeStep is how exactly the coarsest storage keeps times, FAT.
const timeStep = 2 * time.Second

// NoteTime compares the time that a new object was announced with and the one that
// the device tells of it since, and remembers a device that gives times of its own:
// [QuirkOwnTimes].
func (s *Session) NoteTime(announced time.Time, info *ObjectInfo) {
	d, err := ParseDateTime(info.ModificationDate)
	if err != nil || d.IsZero() || announced.IsZero() {
		return
	}
	if d.Instant().Sub(announced).Abs() > timeStep {
		s.learn(QuirkOwnTimes)
	}
}

// IsSent reports whether an object can be taken for a file of this machine that was
// sent before: it has its size, and its time as exactly as the device keeps times.
// Of one that gives times of its own ([QuirkOwnTimes]) it came after the file's last
// change. One that tells no time leaves the size alone.
func (s *Session) IsSent(e *ObjectEntry, size int64, modified time.Time) bool {
	if e.IsFolder || e.Size == NoSize || e.Size != uint64(size) {
		return false
	}
	if !e.HasModified || modified.IsZero() {
		return true
	}
	later := DateTime{e.Modified, e.Zoned}.Instant().Sub(modified)
	return later.Abs() <= timeStep || later > 0 && s.Quirks().Has(QuirkOwnTimes)
}
