// Package demo fills a virtual phone with a made-up address book, calendar and
// task list, as they would lie on a phone that several programs have written to.
//
// Everything in it is invented: names put together from lists, telephone
// numbers with 555, addresses at example.org, photos that are coloured squares.
package demo

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Folder is where everything lies below the phone's storage. Beside it are no
// other files.
const Folder = "Cradle"

// Counts of what Seed writes.
const (
	Contacts = 200
	Events   = 150
	Tasks    = 30
)

// Seed writes the demo data as a vdir tree (a folder for a collection, a file
// for an item) below dir/Cradle, which must not exist yet:
//
//	contacts/personal, contacts/work   *.vcf, in the dialects of six producers
//	calendars/personal                 *.ics
//	tasks/personal                     *.ics
//
// The result depends on nothing but now, around which the events lie; the
// files' times are in the year before it.
func Seed(dir string, now time.Time) error {
	top := filepath.Join(dir, Folder)
	if err := os.Mkdir(top, 0o755); err != nil {
		return fmt.Errorf("demo data: %w", err)
	}
	s := &seeder{
		top: top,
		now: now.UTC().Truncate(time.Second),
		rnd: rand.New(rand.NewPCG(0x637261646c65, 1)),
	}
	for _, step := range []func() error{s.contacts, s.events, s.tasks} {
		if err := step(); err != nil {
			return fmt.Errorf("demo data: %w", err)
		}
	}
	return nil
}

type seeder struct {
	top string
	now time.Time
	rnd *rand.Rand
}

// write writes one file below the top with a time in the year before now.
func (s *seeder) write(folder, name, text string) error {
	path := filepath.Join(s.top, folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	at := s.now.Add(-time.Hour - time.Duration(s.rnd.IntN(365*24*3600))*time.Second)
	return os.Chtimes(path, at, at)
}

// uuid is a random UUID, the same in every run.
func (s *seeder) uuid() string {
	a, b := s.rnd.Uint64(), s.rnd.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xFFFF, a&0xFFF, b>>48&0x3FFF|0x8000, b&0xFFFFFFFFFFFF)
}

// day is midnight of the day that lies n days from now.
func (s *seeder) day(n int) time.Time {
	return s.now.Truncate(24*time.Hour).AddDate(0, 0, n)
}

// slug makes a file name of ASCII letters out of a text.
func slug(text string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case plain[c] != "":
			b.WriteString(plain[c])
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.Trim(b.String(), "-")
}

var plain = map[rune]string{
	'ä': "ae", 'ö': "oe", 'ü': "ue", 'ß': "ss", 'é': "e", 'è': "e", 'ç': "c", 'ñ': "n", 'ø': "o", 'å': "a",
	'ł': "l", 'ż': "z", 'ś': "s", 'ó': "o", 'á': "a", 'í': "i", 'š': "s", 'ě': "e", 'ý': "y", 'ş': "s", 'ı': "i", 'ğ': "g", 'č': "c", 'ć': "c",
}

// fold wraps a content line at 75 bytes, never within a character.
func fold(line string) string {
	const width = 75
	var b strings.Builder
	room := width
	for _, c := range line {
		n := len(string(c))
		if n > room {
			b.WriteString("\r\n ")
			room = width - 1
		}
		b.WriteRune(c)
		room -= n
	}
	b.WriteString("\r\n")
	return b.String()
}

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, ",", `\,`, ";", `\;`)

// escape writes text as vCard 3 and iCalendar want it.
func escape(text string) string { return escapes.Replace(text) }
