package demo

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// A dialect writes a person as one program does. The shapes are those of real
// exports: which lines there are, how they are escaped, encoded and wrapped.
type dialect struct {
	name  string
	write func(*card, *person)
	// file names the card's file.
	file func(*person) string
}

var dialects = []dialect{
	{"aosp", aosp, func(p *person) string { return slug(p.full()) }},
	{"apple", apple, func(p *person) string { return strings.ToUpper(p.uid) }},
	{"google", google, func(p *person) string { return slug(p.family + " " + p.given) }},
	{"fossify", fossify, func(p *person) string { return p.full() }},
	{"nokia", nokia, func(p *person) string { return slug(p.given + p.family) }},
	{"outlook", outlook, func(p *person) string { return p.full() }},
}

func (s *seeder) contacts() error {
	for n := range Contacts {
		p := s.person(n)
		d := dialects[n%len(dialects)]
		folder := "contacts/personal"
		if p.company != "" && n%2 == 1 {
			folder = "contacts/work"
		}
		c := &card{}
		c.line("BEGIN:VCARD")
		d.write(c, &p)
		c.line("END:VCARD")
		name := d.file(&p)
		if name == "" || name[0] == '-' || len(name) < 3 {
			name = fmt.Sprintf("contact-%d", n)
		}
		if err := s.write(folder, fmt.Sprintf("%s.vcf", name), c.String()); err != nil {
			return err
		}
	}
	return nil
}

// card collects lines.
type card struct{ strings.Builder }

// line adds a line that is never wrapped, as vCard 2.1 has them.
func (c *card) line(format string, args ...any) {
	fmt.Fprintf(c, format, args...)
	c.WriteString("\r\n")
}

// folded adds a line wrapped as vCard 3 and 4 do it.
func (c *card) folded(format string, args ...any) { c.WriteString(fold(fmt.Sprintf(format, args...))) }

// printable adds a vCard 2.1 line and quotes the value where needed: every
// byte, as Android does it, or only those that have to be.
func (c *card) printable(name, value string, everyByte bool) {
	plain := true
	for i := range len(value) {
		plain = plain && value[i] >= 0x20 && value[i] < 0x7F
	}
	if plain {
		c.line("%s:%s", name, value)
		return
	}
	head := name + ";CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:"
	c.WriteString(head)
	room := 74 - len(head)
	for i := range len(value) {
		b := value[i]
		out := string(b)
		switch {
		case b == '\n':
			out = "=0D=0A"
		case b == ';' && everyByte: // separates components
		case everyByte, b < 0x20, b >= 0x7F, b == '=':
			out = fmt.Sprintf("=%02X", b)
		}
		if room < len(out) {
			c.WriteString("=\r\n")
			room = 74
		}
		c.WriteString(out)
		room -= len(out)
	}
	c.WriteString("\r\n")
}

// base64Lines adds a value in the wrapped form of vCard 2.1, which ends with an
// empty line.
func (c *card) base64Lines(head string, data []byte) {
	text := base64.StdEncoding.EncodeToString(data)
	c.WriteString(head)
	for len(text) > 72 {
		c.WriteString(text[:72] + "\r\n ")
		text = text[72:]
	}
	c.WriteString(text + "\r\n\r\n")
}

func digits(tel string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, tel)
}

func kind(png bool) string {
	if png {
		return "PNG"
	}
	return "JPEG"
}

// aosp is the export of Android's own Contacts: vCard 2.1, no UID.
func aosp(c *card, p *person) {
	c.line("VERSION:2.1")
	c.printable("N", fmt.Sprintf("%s;%s;;%s;", p.family, p.given, p.prefix), true)
	c.printable("FN", p.full(), true)
	c.line("TEL;CELL;PREF:%s", strings.TrimPrefix(p.mobile, "+"))
	if p.home != "" {
		c.line("TEL;HOME:%s", p.home)
	}
	if p.work != "" {
		c.line("TEL;WORK:%s", p.work)
		c.line("EMAIL;WORK:%s", p.workMail)
	}
	c.line("EMAIL;HOME:%s", p.mail)
	if p.street != "" {
		c.printable("ADR;HOME", fmt.Sprintf(";;%s;%s;;%s;%s", strings.ReplaceAll(p.street, ";", ","), p.city, p.zip, p.country), true)
	}
	if p.company != "" {
		c.printable("ORG", strings.ReplaceAll(p.company, ";", ","), true)
		c.printable("TITLE", p.job, true)
	}
	if p.site != "" {
		c.line("URL:%s", p.site)
	}
	if p.nick != "" {
		c.printable("X-ANDROID-CUSTOM", "vnd.android.cursor.item/nickname;"+p.nick+";1;;;;;;;;;;;;;", true)
	}
	if !p.birthday.IsZero() {
		c.line("BDAY:%s", p.birthday.Format("2006-01-02"))
	}
	if p.note != "" {
		c.printable("NOTE", p.note, true)
	}
	if p.photo != nil {
		c.base64Lines("PHOTO;ENCODING=BASE64;"+kind(p.png)+":", p.photo)
	}
}

// apple is Contacts of macOS and iOS: vCard 3.0, groups with X-ABLabel.
func apple(c *card, p *person) {
	c.line("VERSION:3.0")
	c.line("PRODID:-//Apple Inc.//iOS 17.5//EN")
	c.folded("N:%s;%s;;%s;", escape(p.family), escape(p.given), escape(p.prefix))
	c.folded("FN:%s", escape(p.full()))
	if p.nick != "" {
		c.folded("NICKNAME:%s", escape(p.nick))
	}
	if p.company != "" {
		c.folded("ORG:%s;%s", escape(p.company), escape(p.unit))
		c.folded("TITLE:%s", escape(p.job))
		c.folded("EMAIL;type=INTERNET;type=WORK:%s", p.workMail)
		c.folded("TEL;type=WORK;type=VOICE:%s", p.work)
	}
	c.folded("EMAIL;type=INTERNET;type=HOME;type=pref:%s", p.mail)
	c.folded("TEL;type=CELL;type=VOICE;type=pref:%s", p.mobile)
	item := 0
	if p.home != "" {
		item++
		c.folded("item%d.TEL:%s", item, p.home)
		c.folded("item%d.X-ABLabel:Summer house", item)
	}
	if p.street != "" {
		item++
		c.folded("item%d.ADR;type=HOME;type=pref:;;%s;%s;;%s;%s", item, escape(p.street), escape(p.city), escape(p.zip), escape(p.country))
		c.folded("item%d.X-ABADR:us", item)
	}
	if p.site != "" {
		item++
		c.folded("item%d.URL;type=pref:%s", item, p.site)
		c.folded("item%d.X-ABLabel:_$!<HomePage>!$_", item)
	}
	if !p.birthday.IsZero() {
		c.folded("BDAY;value=date:%s", p.birthday.Format("2006-01-02"))
		item++
		c.folded("item%d.X-ABDATE;type=pref:%s", item, p.birthday.AddDate(30, 1, 3).Format("2006-01-02"))
		c.folded("item%d.X-ABLabel:_$!<Anniversary>!$_", item)
	}
	if p.note != "" {
		c.folded("NOTE:%s", escape(p.note))
	}
	if len(p.groups) > 0 {
		c.folded("CATEGORIES:%s", strings.Join(p.groups, ","))
	}
	if p.photo != nil {
		c.folded("PHOTO;ENCODING=b;TYPE=%s:%s", kind(p.png), base64.StdEncoding.EncodeToString(p.photo))
	}
	c.folded("REV:%s", p.revised.Format("2006-01-02T15:04:05Z"))
	c.folded("UID:%s", strings.ToUpper(p.uid))
}

// google is the export of Google Contacts: vCard 3.0, no UID, FN before N.
func google(c *card, p *person) {
	c.line("VERSION:3.0")
	c.folded("FN:%s", escape(p.full()))
	c.folded("N:%s;%s;;%s;", escape(p.family), escape(p.given), escape(p.prefix))
	if p.nick != "" {
		c.folded("NICKNAME:%s", escape(p.nick))
	}
	c.folded("EMAIL;TYPE=INTERNET;TYPE=HOME:%s", p.mail)
	if p.workMail != "" {
		c.folded("item1.EMAIL;TYPE=INTERNET:%s", p.workMail)
		c.folded("item1.X-ABLabel:Office")
	}
	c.folded("TEL;TYPE=CELL:%s", p.mobile)
	if p.home != "" {
		c.folded("TEL;TYPE=HOME:%s", p.home)
	}
	if p.work != "" {
		c.folded("item2.TEL:%s", p.work)
		c.folded("item2.X-ABLabel:Front desk")
	}
	if p.street != "" {
		c.folded("ADR;TYPE=HOME:;;%s;%s;;%s;%s", escape(p.street), escape(p.city), escape(p.zip), escape(p.country))
	}
	if p.company != "" {
		c.folded("ORG:%s", escape(p.company))
		c.folded("TITLE:%s", escape(p.job))
	}
	if !p.birthday.IsZero() {
		c.folded("BDAY:%s", p.birthday.Format("2006-01-02"))
	}
	if p.site != "" {
		c.folded("item3.URL:%s", strings.Replace(p.site, ":", `\:`, 1))
		c.folded("item3.X-ABLabel:PROFILE")
	}
	if p.note != "" {
		c.folded("NOTE:%s", escape(p.note))
	}
	if p.photo != nil {
		c.folded("PHOTO;ENCODING=b;TYPE=%s:%s", kind(p.png), base64.StdEncoding.EncodeToString(p.photo))
	}
	c.folded("CATEGORIES:%s", strings.Join(append([]string{"myContacts"}, p.groups...), ","))
}

// fossify is the export of Fossify Contacts: vCard 4.0 by ez-vcard.
func fossify(c *card, p *person) {
	c.line("VERSION:4.0")
	c.line("PRODID:ez-vcard 0.12.1")
	c.folded("FN:%s", escape(p.full()))
	c.folded("N:%s;%s;;%s;", escape(p.family), escape(p.given), escape(p.prefix))
	if p.nick != "" {
		c.folded("NICKNAME:%s", escape(p.nick))
	}
	c.folded("TEL;TYPE=CELL;PREF=1:%s", p.mobile)
	if p.home != "" {
		c.folded("TEL;TYPE=HOME:%s", p.home)
	}
	if p.work != "" {
		c.folded("TEL;TYPE=Reception:%s", p.work)
		c.folded("EMAIL;TYPE=WORK:%s", p.workMail)
	}
	c.folded("EMAIL;TYPE=HOME:%s", p.mail)
	if p.street != "" {
		c.folded("ADR;TYPE=HOME:;;%s;%s;;%s;%s", escape(p.street), escape(p.city), escape(p.zip), escape(p.country))
	}
	if !p.birthday.IsZero() {
		c.folded("BDAY:%s", p.birthday.Format("20060102"))
	}
	if p.note != "" {
		c.folded("NOTE:%s", escape(p.note))
	}
	if p.company != "" {
		c.folded("ORG:%s", escape(p.company))
		c.folded("TITLE:%s", escape(p.job))
	}
	if p.site != "" {
		c.folded("URL:%s", p.site)
	}
	if len(p.groups) > 0 {
		c.folded("CATEGORIES:%s", strings.Join(p.groups, ","))
	}
	if p.photo != nil {
		c.folded("PHOTO:data:image/%s;base64,%s", strings.ToLower(kind(p.png)), base64.StdEncoding.EncodeToString(p.photo))
	}
}

// nokia is a Series 60 phone: vCard 2.1 with REV and a number as UID.
func nokia(c *card, p *person) {
	c.line("VERSION:2.1")
	c.line("REV:%s", p.revised.Format("20060102T150405Z"))
	c.line("UID:%s", strings.ReplaceAll(p.uid, "-", "")[:16]+"-1")
	c.printable("N", p.family+";"+p.given, false)
	c.line("TEL;CELL;VOICE;PREF:%s", digits(p.mobile))
	if p.home != "" {
		c.line("TEL;HOME;VOICE:%s", digits(p.home))
	}
	if p.work != "" {
		c.line("TEL;WORK;VOICE:%s", digits(p.work))
	}
	c.line("EMAIL:%s", p.mail)
	if p.street != "" {
		c.printable("ADR;HOME", fmt.Sprintf(";;%s;%s;;%s;%s", strings.ReplaceAll(p.street, ";", `\;`), p.city, p.zip, p.country), false)
	}
	if p.company != "" {
		c.printable("ORG", strings.ReplaceAll(p.company, ";", `\;`)+";"+p.unit, false)
		c.printable("TITLE", p.job, false)
	}
	if !p.birthday.IsZero() {
		c.line("BDAY:%s", p.birthday.Format("20060102"))
	}
	if p.note != "" {
		c.printable("NOTE", p.note, false)
	}
	c.line("X-CLASS:private")
}

// outlook is Outlook for Windows: vCard 2.1 with labels and properties of its
// own.
func outlook(c *card, p *person) {
	c.line("VERSION:2.1")
	c.printable("N;LANGUAGE=en-us", fmt.Sprintf("%s;%s;;%s", p.family, p.given, p.prefix), false)
	c.printable("FN", p.full(), false)
	if p.nick != "" {
		c.printable("NICKNAME", p.nick, false)
	}
	if p.company != "" {
		c.printable("ORG", strings.ReplaceAll(p.company, ";", `\;`)+";"+p.unit, false)
		c.printable("TITLE", p.job, false)
	}
	if p.note != "" {
		c.printable("NOTE", p.note, false)
	}
	if p.work != "" {
		c.line("TEL;WORK;VOICE:%s", p.work)
	}
	if p.home != "" {
		c.line("TEL;HOME;VOICE:%s", p.home)
	}
	c.line("TEL;CELL;VOICE:%s", p.mobile)
	if p.street != "" {
		street := strings.ReplaceAll(p.street, ";", ",")
		c.printable("ADR;HOME;PREF", fmt.Sprintf(";;%s;%s;;%s;%s", street, p.city, p.zip, p.country), false)
		c.printable("LABEL;HOME;PREF", fmt.Sprintf("%s\n%s %s\n%s", street, p.zip, p.city, p.country), false)
		c.line("X-MS-OL-DEFAULT-POSTAL-ADDRESS:1")
	}
	if p.site != "" {
		c.line("URL;HOME:%s", p.site)
	}
	if !p.birthday.IsZero() {
		c.line("BDAY:%s", p.birthday.Format("20060102"))
	}
	c.line("EMAIL;PREF;INTERNET:%s", p.mail)
	if p.photo != nil {
		c.base64Lines("PHOTO;TYPE="+kind(p.png)+";ENCODING=BASE64:", p.photo)
	}
	if len(p.groups) > 0 {
		c.line("CATEGORIES:%s", strings.Join(p.groups, ","))
	}
	c.line(`X-MS-OL-DESIGN;CHARSET=utf-8:<card xmlns="http://schemas.microsoft.com/office/outlook/12/electronicbusinesscards" ver="1.0" layout="left" bgcolor="ffffff"></card>`)
	c.line("REV:%s", p.revised.Format("20060102T150405Z"))
}
