package lab

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// How much the story begins with and what comes in its course. Each try of late cards is a
// folder of its own, copied to the phone before the cable is pulled.
const (
	seedCards  = 180
	seedEvents = 60
	seedTasks  = 20
	manyCards  = 150
	lateCards  = 120
)

// card is a made-up vCard 3.0. One in nine has a photo larger than many packets, one in seven a
// note that is folded, one in sixty no UID.
func card(uid, name string, n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	lines := []string{"BEGIN:VCARD", "VERSION:3.0"}
	if uid != "" {
		lines = append(lines, "UID:"+uid)
	}
	lines = append(lines,
		"FN:"+name,
		"N:"+strings.TrimPrefix(name, "Zoë ")+";Zoë;;;",
		fmt.Sprintf("TEL;TYPE=CELL:+1 202 555 %04d", n),
		fmt.Sprintf("TEL;TYPE=HOME:+1 303 555 %04d", n),
		fmt.Sprintf("EMAIL:person%d@example.org", n),
		fmt.Sprintf("ADR;TYPE=HOME:;;%d Example Street;Springfield;;%05d;Nowhere", n, n),
		"NOTE:Met at the fair\\, likes größere Bäume")
	if n%7 == 3 {
		lines = append(lines, "X-STORY:"+strings.Repeat("a long tale of many words ", 20))
	}
	if n%9 == 4 {
		photo := make([]byte, 3000+r.IntN(60000))
		for i := range photo {
			photo[i] = byte(r.Uint32())
		}
		lines = append(lines, "PHOTO;ENCODING=b;TYPE=JPEG:"+base64.StdEncoding.EncodeToString(photo))
	}
	return fold(append(lines, "END:VCARD"))
}

func event(n int) string {
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Lab//EN",
		"BEGIN:VEVENT",
		fmt.Sprintf("UID:event-%03d", n),
		"DTSTAMP:20260101T000000Z",
		fmt.Sprintf("DTSTART:2026%02d%02dT090000Z", n%12+1, n%28+1),
		"DURATION:PT1H",
		fmt.Sprintf("SUMMARY:Meeting %d", n),
		"LOCATION:Room " + fmt.Sprint(n),
	}
	if n%5 == 0 {
		lines = append(lines, "RRULE:FREQ=WEEKLY;COUNT=10")
	}
	if n%4 == 0 {
		lines = append(lines, "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Soon", "TRIGGER:-PT15M", "END:VALARM")
	}
	return fold(append(lines, "END:VEVENT", "END:VCALENDAR"))
}

func task(n int) string {
	return fold([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Lab//EN",
		"BEGIN:VTODO",
		fmt.Sprintf("UID:task-%03d", n),
		"DTSTAMP:20260101T000000Z",
		fmt.Sprintf("SUMMARY:Do thing %d", n),
		fmt.Sprintf("PRIORITY:%d", n%9+1),
		"END:VTODO", "END:VCALENDAR",
	})
}

// fold ends lines with CRLF, none of more than 75 bytes, no character cut in two.
func fold(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		room := 75
		for len(line) > room {
			cut := room
			for line[cut]&0xc0 == 0x80 {
				cut--
			}
			b.WriteString(line[:cut] + "\r\n ")
			line = line[cut:]
			room = 74
		}
		b.WriteString(line + "\r\n")
	}
	return b.String()
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// seedPhone fills dir with what the phone holds at first.
func seedPhone(t *testing.T, dir string) {
	for n := range seedCards {
		collection := "personal"
		if n >= 150 {
			collection = "work"
		}
		uid := fmt.Sprintf("card-%03d", n)
		name := filepath.Join(dir, "Cradle/contacts", collection, uid+".vcf")
		if n%60 == 59 {
			uid = ""
		}
		write(t, name, card(uid, fmt.Sprintf("Zoë Example%03d", n), n))
	}
	for n := range seedEvents {
		write(t, filepath.Join(dir, "Cradle/calendars/personal", fmt.Sprintf("event-%03d.ics", n)), event(n))
	}
	for n := range seedTasks {
		write(t, filepath.Join(dir, "Cradle/tasks/personal", fmt.Sprintf("task-%03d.ics", n)), task(n))
	}
}

// seedFew fills dir with what a phone holds where it matters little: each file takes the guest a moment.
func seedFew(t *testing.T, dir string) {
	for n := range 12 {
		uid := fmt.Sprintf("card-%03d", n)
		write(t, filepath.Join(dir, "Cradle/contacts/personal", uid+".vcf"), card(uid, fmt.Sprintf("Zoë Example%03d", n), n))
	}
	for n := range 3 {
		write(t, filepath.Join(dir, "Cradle/calendars/personal", fmt.Sprintf("event-%03d.ics", n)), event(n))
	}
}

// seedShare fills dir with what the story brings in later.
func seedShare(t *testing.T, dir string) {
	write(t, filepath.Join(dir, "late/from-phone.vcf"), card("from-phone", "Zoë Newonphone", 1001))
	write(t, filepath.Join(dir, "desktop/from-desktop.vcf"), card("from-desktop", "Zoë Newondesktop", 1002))
	var many strings.Builder
	for n := range manyCards {
		many.WriteString(card(fmt.Sprintf("many-%03d", n), fmt.Sprintf("Zoë Many%03d", n), 2000+n))
	}
	write(t, filepath.Join(dir, "desktop/many.vcf"), many.String())
	for n := range lateCards {
		uid := fmt.Sprintf("late-%03d", n)
		write(t, filepath.Join(dir, "late/many", uid+".vcf"), card(uid, fmt.Sprintf("Zoë Late%03d", n), 4000+n))
	}
}
