package main

import (
	"fmt"
	"slices"
	"strings"

	"cradle/hwtest/reader"
	"cradle/pim"
	"cradle/valuebag"
)

// score is what became of a number of objects.
type score struct{ read, kept int }

// row is what was measured of the files of one producer.
type row struct {
	producer       string
	files, objects int // as the independent reader counts
	cradle         score
	rewritten      int // equal although each line was written anew
	converted      int // equal after every version of the format and back
	library        score
}

// result is the whole measurement.
type result struct {
	rows     []row
	others   []other
	findings []string // each a loss: what, where
}

// measure reads the corpus with everything there is.
func measure(files []file, others []other) result {
	res := result{others: others}
	rows := map[string]*row{}
	goVCards := other{name: "go-vcard", version: libraryVersion("github.com/emersion/go-vcard"), files: map[string]reading{}}
	goICals := other{name: "go-ical", version: libraryVersion("github.com/emersion/go-ical"), files: map[string]reading{}}
	for _, f := range files {
		r := rows[f.producer]
		if r == nil {
			r = &row{producer: f.producer}
			rows[f.producer] = r
		}
		r.files++
		original, hollow := objects(f)
		r.objects += len(original)
		ours, seen := cradle(f, &res)
		kept, lost := compare(original, ours.plain, (*reader.Object).Key)
		r.cradle.kept += kept
		for _, o := range lost {
			res.findings = append(res.findings, fmt.Sprintf("%s: %s %q doesn't come out as it went in: %s", f.name, o.Name, o.UID, difference(o, ours.plain)))
		}
		kept, lost = compare(original, ours.anew, (*reader.Object).Key)
		r.rewritten += kept
		for _, o := range lost {
			res.findings = append(res.findings, fmt.Sprintf("%s: %s %q written anew differs: %s", f.name, o.Name, o.UID, difference(o, ours.anew)))
		}
		kept, lost = compare(original, ours.converted, (*reader.Object).Meaning)
		r.converted += kept
		for _, o := range lost {
			res.findings = append(res.findings, fmt.Sprintf("%s: %s %q converted and back differs: %s", f.name, o.Name, o.UID, difference(o, ours.converted)))
		}
		r.cradle.read += min(len(seen), len(original))
		if len(seen) < len(original) {
			res.findings = append(res.findings, fmt.Sprintf("%s: %d objects read, the independent reader finds %d", f.name, len(seen), len(original)))
		}

		library, into := goICal, goICals.files
		if strings.HasPrefix(f.name, "vcard/") {
			library, into = goVCard, goVCards.files
		}
		l := guarded(library, f.data)
		into[f.name] = l
		r.library.read += min(len(l.seen), len(original))
		kept, _ = compare(original, l.written, (*reader.Object).Key)
		r.library.kept += kept
		for _, o := range append([]other{{name: "go library", files: into}}, others...) {
			for _, m := range missing(o.files[f.name].seen, append(hollow, seen...)) {
				res.findings = append(res.findings, fmt.Sprintf("%s: %s reads %s %q, Cradle doesn't", f.name, o.name, m.component, m.uid))
			}
		}
	}
	for _, r := range rows {
		res.rows = append(res.rows, *r)
	}
	slices.SortFunc(res.rows, func(a, b row) int { return strings.Compare(a.producer, b.producer) })
	res.others = append([]other{goVCards, goICals}, others...)
	return res
}

// objects are what the independent reader finds in a file, and apart from them
// those with nothing in them, which are nobody's to keep.
func objects(f file) (list []*reader.Object, hollow []sighting) {
	for _, o := range reader.Objects(f.name, f.data) {
		if len(o.Lines) == 0 {
			hollow = append(hollow, sighting{o.Name, ""})
			continue
		}
		list = append(list, o)
	}
	return list, hollow
}

// output is what Cradle writes of a file: the objects' own texts exported
// together, the same with each line encoded anew, and the same after conversions.
type output struct{ plain, anew, converted []byte }

// versions are those that cards and entries are converted to and back from.
var versions = map[*pim.Kind][]string{
	pim.Contacts: {"2.1", "3.0", "4.0"}, pim.Events: {"1.0", "2.0"}, pim.Tasks: {"1.0", "2.0"}, pim.Notes: {"2.0"},
}

// converted gives an item after it was converted to each other version of its
// kind and back, one after the other.
func converted(k *pim.Kind, item *valuebag.Values) ([]byte, error) {
	own := k.Dialect(item)
	for _, version := range versions[k] {
		d, ok := k.DialectByVersion(version)
		if !ok {
			return nil, fmt.Errorf("no version %s of %s", version, k.Name())
		}
		there, err := k.Convert(item, d)
		if err != nil {
			return nil, err
		}
		if item, err = k.Convert(there, own); err != nil {
			return nil, err
		}
	}
	return k.Text(item), nil
}

// cradle reads a file as an import does and writes it as an export does.
func cradle(f file, res *result) (output, []sighting) {
	var seen []sighting
	var texts, anew, turned [2][][]byte
	for i, o := range pim.Read(f.data).Objects {
		item, err := o.Item("personal")
		if err != nil {
			res.findings = append(res.findings, fmt.Sprintf("%s object %d: %v", f.name, i, err))
			continue
		}
		text := o.Kind.Text(item)
		for _, c := range pim.Parse(text).Components[1:] {
			if holds(o.Kind, c.Name) && c.Agent < 0 {
				seen = append(seen, sighting{c.Name, o.UID})
			}
		}
		n := 0
		if o.Kind != pim.Contacts {
			n = 1
		}
		texts[n] = append(texts[n], text)
		again, err := rewrite(text)
		if err != nil {
			res.findings = append(res.findings, fmt.Sprintf("%s object %d: %v", f.name, i, err))
		}
		anew[n] = append(anew[n], again)
		back, err := converted(o.Kind, item)
		if err != nil {
			res.findings = append(res.findings, fmt.Sprintf("%s object %d: %v", f.name, i, err))
			back = text
		}
		turned[n] = append(turned[n], back)
	}
	return output{
		append(pim.ExportVCF(texts[0]), pim.ExportICS(texts[1])...),
		append(pim.ExportVCF(anew[0]), pim.ExportICS(anew[1])...),
		append(pim.ExportVCF(turned[0]), pim.ExportICS(turned[1])...),
	}, seen
}

func holds(k *pim.Kind, component string) bool {
	switch component {
	case "VCARD":
		return k == pim.Contacts
	case "VEVENT":
		return k == pim.Events
	case "VTODO":
		return k == pim.Tasks
	case "VJOURNAL", "VNOTE":
		return k == pim.Notes
	}
	return false
}

// rewrite gives a text with each line written anew by its decoded row: changed,
// and changed back.
func rewrite(text []byte) ([]byte, error) {
	rows := pim.Properties(text)
	var there, back []pim.PropertyEdit
	for _, r := range rows {
		if slices.Contains([]string{"VERSION", "AGENT", "TZID", "RECURRENCE-ID", "UID"}, r.Name) {
			continue // by these the rows are read
		}
		other := r
		other.Value += "x"
		there = append(there, pim.PropertyEdit{Op: pim.EditUpdate, Old: r, New: other})
		back = append(back, pim.PropertyEdit{Op: pim.EditUpdate, Old: pim.Property{Pos: r.Pos}, New: r})
	}
	mid, errs := pim.EditProperties(text, there)
	for _, err := range errs {
		if err != nil {
			return text, err
		}
	}
	out, errs := pim.EditProperties(mid, back)
	for _, err := range errs {
		if err != nil {
			return text, err
		}
	}
	return out, nil
}

// compare counts the originals that a text still holds by that key, and gives the
// others.
func compare(original []*reader.Object, text []byte, key func(*reader.Object) string) (kept int, lost []*reader.Object) {
	have := map[string]int{}
	for _, o := range reader.Objects("", text) {
		have[key(o)]++
	}
	for _, o := range original {
		if k := key(o); have[k] > 0 {
			have[k]--
			kept++
			continue
		}
		lost = append(lost, o)
	}
	return kept, lost
}

// difference tells the first line in which an object differs from the nearest of
// a text.
func difference(o *reader.Object, text []byte) string {
	best, most := "it is gone", -1
	for _, p := range reader.Objects("", text) {
		same, first := 0, ""
		for _, l := range o.Lines {
			if slices.Contains(p.Lines, l) {
				same++
			} else if first == "" {
				first = l
			}
		}
		for _, l := range p.Lines {
			if !slices.Contains(o.Lines, l) {
				first += " | now " + reader.Printable(l)
				break
			}
		}
		if same > most {
			best, most = reader.Printable(first[:min(len(first), 400)]), same
		}
	}
	return best
}

// missing are the sightings of another reader that have no partner among ours:
// the same component and UID, as many times. A UID that either side has not is
// matched by number.
func missing(theirs, ours []sighting) []sighting {
	left := map[sighting]int{}
	total := map[string]int{}
	for _, s := range ours {
		left[s.normal()]++
		total[s.component]++
	}
	var out, loose []sighting
	for _, s := range theirs {
		switch n := s.normal(); {
		case left[n] > 0 && n.uid != "":
			left[n]--
			total[n.component]--
		case n.uid != "":
			out = append(out, s)
		default:
			loose = append(loose, s)
		}
	}
	for _, s := range loose {
		if total[s.component] == 0 {
			out = append(out, s)
			continue
		}
		total[s.component]--
	}
	return out
}

// normal is a sighting without what readers treat each in their own way: escapes
// and blanks in a UID.
func (s sighting) normal() sighting {
	uid := strings.ReplaceAll(strings.Join(strings.Fields(s.uid), ""), `\`, "")
	return sighting{s.component, strings.ToValidUTF8(uid, "?")}
}
