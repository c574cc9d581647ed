package demo

import (
	"fmt"
	"time"
)

// person is one made-up contact, before any dialect.
type person struct {
	given, family       string
	prefix, nick        string
	company, unit, job  string
	mobile, home, work  string
	mail, workMail      string
	street, city, zip   string
	country, note, site string
	birthday            time.Time // zero: unknown
	groups              []string
	photo               []byte // JPEG, or PNG
	png                 bool
	revised             time.Time
	uid                 string
}

func (p *person) full() string {
	name := p.given + " " + p.family
	if p.prefix != "" {
		name = p.prefix + " " + name
	}
	return name
}

var givenNames = []string{
	"Ada", "Boris", "Clara", "Dmitri", "Élodie", "Farid", "Greta", "Hiro", "Ines", "Jonas",
	"Katarzyna", "Luca", "Márta", "Noah", "Olivia", "Paweł", "Quinn", "Rosa", "Søren", "Tomáš",
	"Ursula", "Viktor", "Wanda", "Xenia", "Yusuf", "Zoë", "陽子", "Мария", "João", "Ayşe",
}

var familyNames = []string{
	"Anders", "Brückner", "Castellano", "Dubois", "Eriksen", "Fährmann", "García Núñez", "Hoffmann", "Ivanova",
	"Jørgensen", "Kowalski", "Lindqvist", "Möller", "Novák", "O'Hara", "Petrov", "Quist", "Rossi", "Schneider",
	"Tanaka", "Ünal", "Vasquez", "Weiß", "Yıldız", "Żeleński", "Abbott", "Björk", "Çelik", "Duarte", "Smith-Jones",
	"Baker", "Carver", "Draper", "Fletcher", "Gardner", "Hooper", "Joiner", "Mason", "Potter", "Sawyer",
}

var companies = []struct{ name, unit string }{
	{"Lighthouse Books", "Returns"}, {"Brückner & Söhne GmbH", "Einkauf"}, {"Harbour Dental Practice", ""},
	{"Northwind Cycles", "Workshop"}, {"Café Zentral", ""}, {"Papier, Stift; Schere", "Versand"}, {"Tanaka Instruments", "Sales"},
	{"City Library", "Local History"}, {"Green Roof Cooperative", ""}, {"Atelier Dubois", "Cadres"},
}

var jobs = []string{"Bookseller", "Einkäuferin", "Dentist", "Mechanic", "Barista", "Versandleiter", "Sales Engineer", "Librarian", "Gardener", "Encadreur"}

var places = []struct{ street, city, zip, country string }{
	{"1 Example Street", "Springfield", "01101", "United States"},
	{"Musterstraße 12", "Musterstadt", "12345", "Deutschland"},
	{"8 rue de l'Exemple", "Exempleville", "99000", "France"},
	{"Ulica Przykładowa 3/4", "Przykładów", "00-999", "Polska"},
	{"Calle del Ejemplo 21, 3º B", "Ejemplar", "28999", "España"},
	{"22 Sample Road; Flat 5", "Sampleton", "ZZ1 1ZZ", "United Kingdom"},
}

var notes = []string{
	"Met at the book fair.", "Prefers e-mail; never calls back.\nBirthday cake: no nuts, please.", "Neighbour, has the spare key.",
	"Kommt immer zu spät – aber mit Kuchen.", "Plays the cello on Tuesdays, the tuba otherwise.",
	"Long note: the garden gate sticks in wet weather, so lift it a little while you push; the dog is friendly but does not know it yet, and the bell has been out of order since the spring.",
}

// person makes up the nth one. Full names are all different.
func (s *seeder) person(n int) person {
	given := givenNames[n%len(givenNames)]
	family := familyNames[(n*7+n/len(givenNames))%len(familyNames)]
	place := places[n%len(places)]
	p := person{
		given: given, family: family,
		mobile:  fmt.Sprintf("+1 %d-555-%04d", 202+n%90, 100+n%100),
		mail:    fmt.Sprintf("%s.%s%d@example.org", slug(given + "x")[:1], slug(family), n),
		revised: s.now.AddDate(0, 0, -1-n%300).Truncate(time.Second),
		uid:     s.uuid(),
	}
	if n%2 == 0 {
		p.home = fmt.Sprintf("+1 %d-555-%04d", 303+n%90, 100+n%100)
		p.street, p.city, p.zip, p.country = place.street, place.city, place.zip, place.country
	}
	if n%3 == 0 {
		c := companies[n/3%len(companies)]
		p.company, p.unit, p.job = c.name, c.unit, jobs[n/3%len(jobs)]
		p.work = fmt.Sprintf("+1 %d-555-%04d", 404+n%90, 100+n%100)
		p.workMail = fmt.Sprintf("%s@%s.example.com", slug(family), slug(c.name))
	}
	if n%4 == 1 {
		p.birthday = time.Date(1950+n%55, time.Month(1+n%12), 1+n%28, 0, 0, 0, 0, time.UTC)
	}
	if n%5 == 2 {
		p.note = notes[n/5%len(notes)]
	}
	if n%6 == 3 {
		p.site = fmt.Sprintf("https://www.example.org/people/%d", n)
	}
	if n%7 == 4 {
		p.nick = given[:1] + ". " + string([]rune(family)[:1]) + "."
	}
	if n%11 == 5 {
		p.prefix = "Dr."
	}
	switch n % 8 {
	case 0:
		p.groups = []string{"Friends"}
	case 3:
		p.groups = []string{"Family", "Friends"}
	case 6:
		p.groups = []string{"Choir"}
	}
	if n%7 == 5 {
		p.png = n%2 == 0
		p.photo = s.photo(p.png)
	}
	return p
}
