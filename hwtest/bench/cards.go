package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var (
	given  = []string{"Ada", "Björn", "Chloé", "Dmitri", "Emeka", "Fatima", "Grace", "Hiro", "Inês", "Jürgen", "Kavya", "Łukasz"}
	family = []string{"Abara", "Bergström", "Castillo", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ivanova", "Jensen", "Kowalski", "Lindqvist"}
	towns  = []string{"Springfield", "Größling", "São Exemplo", "Sampleby", "Vzorov"}
)

// card is the nth made-up contact, a vCard 3.0 of about 500 bytes as Android's and Google's
// exports have them. edit changes one number and nothing else.
func card(n, edit int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	g, f := given[r.IntN(len(given))], family[r.IntN(len(family))]
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("BEGIN:VCARD")
	line("VERSION:3.0")
	line("PRODID:-//Example//Bench//EN")
	line("UID:bench-%05d-%08x", n, r.Uint32())
	line("FN:%s %s %d", g, f, n)
	line("N:%s %d;%s;;;", f, n, g)
	if n%3 == 0 {
		line("ORG:Example %s GmbH;Sales", f)
		line("TITLE:Keeper of %s", towns[r.IntN(len(towns))])
	}
	line("TEL;TYPE=CELL:+1 202 555 %04d%d", r.IntN(10000), edit)
	line("TEL;TYPE=HOME,VOICE:+1 303 555 %04d", r.IntN(10000))
	line("EMAIL;TYPE=INTERNET,HOME:%s.%d@example.org", strings.ToLower(f), n)
	if n%2 == 0 {
		line("EMAIL;TYPE=INTERNET,WORK:%d@work.example.com", n)
		line("ADR;TYPE=HOME:;;%d Example Street;%s;;%05d;Nowhere", r.IntN(200), towns[r.IntN(len(towns))], r.IntN(100000))
	}
	if n%5 == 0 {
		line("BDAY:19%02d-%02d-%02d", r.IntN(100), 1+r.IntN(12), 1+r.IntN(28))
		line("NOTE:Met at the fair in %s\\, wants to hear of the next one.", towns[r.IntN(len(towns))])
	}
	if n%10 == 0 {
		line("CATEGORIES:Friends,Travel")
		line("URL:https://example.org/~%d", n)
	}
	line("REV:2026-01-01T00:00:00Z")
	line("END:VCARD")
	return []byte(b.String())
}

// cardFile is where the nth contact lies below the phone's storage.
func cardFile(phone string, n int) string {
	return filepath.Join(phone, "Cradle", "contacts", "personal", fmt.Sprintf("contact-%05d.vcf", n))
}

// fill writes n contacts, as old as on a phone in use: what was written just now is read again
// by every sync, which would measure something else.
func fill(phone string, n int) error {
	if err := os.MkdirAll(filepath.Dir(cardFile(phone, 0)), 0o755); err != nil {
		return err
	}
	for i := range n {
		old := time.Now().Add(-time.Hour * time.Duration(24+i%1000)).Truncate(time.Second)
		file := cardFile(phone, i)
		if err := os.WriteFile(file, card(i, 0), 0o644); err != nil {
			return err
		}
		if err := os.Chtimes(file, old, old); err != nil {
			return err
		}
	}
	return nil
}

// editOnPhone rewrites every hundredth contact from first on; it gives how many.
func editOnPhone(phone string, first, n, edit int) (edited int, err error) {
	old := time.Now().Add(-time.Minute).Truncate(time.Second)
	for i := first; i < n; i += 100 {
		file := cardFile(phone, i)
		if err := os.WriteFile(file, card(i, edit), 0o644); err != nil {
			return edited, err
		}
		if err := os.Chtimes(file, old, old); err != nil {
			return edited, err
		}
		edited++
	}
	return edited, nil
}

// editsForStore is one file with every hundredth contact from first on, edited, to import.
func editsForStore(first, n, edit int) (text []byte, edited int) {
	for i := first; i < n; i += 100 {
		text = append(text, card(i, edit)...)
		edited++
	}
	return text, edited
}
