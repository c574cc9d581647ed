package hwtest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// Options are the switches of a virtual phone. The zero value is a phone
// without faults.
type Options struct {
	Serial string // default: a digest of the folder's absolute path
	Name   string // the model; default "Virtual Phone" or "Basic Phone"
	Cuts   []responder.Cut
	// Free is how many bytes are free as the phone is opened; nil: what the
	// host has.
	Free     *int64
	ReadOnly bool
	Names    NameRule
	Times    Times
	// SetTimes lets DateModified be set, which Android doesn't.
	SetTimes bool
	// Clock is the phone's clock minus the host's. A file's time in the folder
	// is on the host's clock.
	Clock  time.Duration
	Zone   *time.Location // of the phone's clock; nil: the host's
	Locked bool
	Lies   responder.Lies
	// Storages are the subfolders that are the phone's storages, the first
	// being its internal one; none: the folder itself is the only one.
	Storages []string
	// Services are the services of MTP Device Services that the phone has:
	// contacts, calendar. Their objects lie in the subfolders Contacts and
	// Calendar, so Storages has to name others.
	Services []string
	// Stores is what the phone stores of cards and calendars; nil: all of it.
	Stores *Storage
	// Without are operations that the kind has and this phone lacks, With those
	// that it advertises beyond its kind.
	Without, With []mtp.OpCode
	// Extensions are the vendor extensions that DeviceInfo names, such as
	// "microsoft.com: 1.0;"; "": the kind's. Without android.com libmtp uses
	// property lists and doesn't reset the phone as it leaves.
	Extensions string
	// Firmware is the device version, default 1.0.
	Firmware string
	// Scenario is what goes wrong with the phone; nil: nothing.
	Scenario *Scenario
	// Trace is told of each transaction as it ends; nil: nobody is.
	Trace func(responder.Transaction)
}

// TraceTo has a line written to w for each transaction: the seconds since the
// first, when it had been carried out, and what it was.
func (o *Options) TraceTo(w io.Writer) {
	var first time.Time
	o.Trace = func(t responder.Transaction) {
		if first.IsZero() {
			first = time.Now()
		}
		fmt.Fprintf(w, "%9.3f %v\n", time.Since(first).Seconds(), t)
	}
}

// Times is how the phone keeps the times of objects.
type Times uint8

const (
	Times1s   Times = iota // whole seconds
	Times2s                // even seconds, rounded down, like FAT
	TimesNone              // not at all
)

// complete fills in the defaults.
func (o *Options) complete(kind Kind, dir string) error {
	if o.Serial == "" {
		o.Serial = "V" + strings.ToUpper(digest(dir)[:15])
	}
	if o.Name == "" {
		o.Name = "Virtual Phone"
		switch kind {
		case Basic:
			o.Name = "Basic Phone"
		case Lossy:
			o.Name = "Lossy Phone"
		}
	}
	if kind == Lossy && o.Stores == nil {
		var err error
		if o.Stores, err = ParseStorage(DefaultStorage); err != nil {
			return fmt.Errorf("stores: %w", err)
		}
	}
	if o.Firmware == "" {
		o.Firmware = "1.0"
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	for _, k := range o.chosenServices() {
		if len(o.Storages) == 0 || slices.Contains(o.Storages, k.name) {
			return fmt.Errorf("services: the folder %s is for the service's objects, and another one for files: set storages", k.name)
		}
		if o.Times == TimesNone {
			return errors.New("services: a phone without times can't say what has changed")
		}
	}
	for i, s := range o.Storages {
		if s == "" || s != filepath.Base(s) || s == "." || s == ".." || slices.Contains(o.Storages[:i], s) {
			return fmt.Errorf("storages: %q is no folder name, or stands there twice", s)
		}
	}
	return nil
}

// A Selector names a virtual phone on a command line:
//
//	virtual:KIND:DIR[?key=value&key=value…]
//
// KIND is android, basic or lossy and DIR an existing folder. The last ? with a
// key behind it starts the switches, or the last one; values have no escapes.
//
//	serial=TEXT    serial number
//	name=TEXT      model
//	cut=N          the cable is pulled after the Nth transaction
//	cut=N.BYTES    within the data phase of the Nth, after BYTES bytes of payload;
//	               without so long a data phase its response is lost
//	free=BYTES     free space, with K, M or G for powers of 1024
//	readonly=1     nothing can be written
//	names=RULE     host, fat or 7bit: which file names it takes
//	times=STEP     none, 1s or 2s
//	settimes=1     DateModified can be set later, too
//	clock=±SECONDS the phone's clock minus the host's
//	locked=1       no storage can be seen until Unlock
//	storages=A,B   the subfolders A, B … are its storages
//	services=LIST  contacts, calendar: it has MTP Device Services
//	without=OP,OP  operations that it lacks, by name
//	with=OP,OP     operations that it has beyond its kind's
//	extensions=TEXT  the vendor extensions that it names, "microsoft.com: 1.0;"
//	firmware=TEXT  its device version
//	scenario=FILE  faults and timing from a file, see [ParseScenario]
//	stores=LIST    what it stores of cards and calendars, see [ParseStorage]
//	lie=LIST       see [responder.LieTable]
type Selector struct {
	Kind    Kind
	Dir     string
	Options Options
	// Scenario is the path of a scenario, "" for none; Open reads it.
	Scenario string
}

// ErrSelector is wrapped by errors about the text of a selector.
var ErrSelector = errors.New("bad selector of a virtual phone")

// switches are the keys of a selector.
var switches = map[string]func(o *Options, v string) error{
	"serial":   func(o *Options, v string) error { o.Serial = v; return notEmpty(v) },
	"name":     func(o *Options, v string) error { o.Name = v; return notEmpty(v) },
	"cut":      parseCut,
	"free":     parseFree,
	"readonly": func(o *Options, v string) error { return parseBool(&o.ReadOnly, v) },
	"locked":   func(o *Options, v string) error { return parseBool(&o.Locked, v) },
	"settimes": func(o *Options, v string) error { return parseBool(&o.SetTimes, v) },
	"names": func(o *Options, v string) error {
		return pick(&o.Names, v, []string{"host", "fat", "7bit"}, []NameRule{NamesHost, NamesFAT, Names7Bit})
	},
	"times": func(o *Options, v string) error {
		return pick(&o.Times, v, []string{"none", "1s", "2s"}, []Times{TimesNone, Times1s, Times2s})
	},
	"clock":    parseClock,
	"storages": func(o *Options, v string) error { o.Storages = strings.Split(v, ","); return notEmpty(v) },
	"services": func(o *Options, v string) error { return parseServices(&o.Services, v) },
	"without": func(o *Options, v string) error {
		return parseOperations(&o.Without, v, func(op mtp.OpCode) bool { return slices.Contains(androidOperations, op) })
	},
	"with": func(o *Options, v string) error { return parseOperations(&o.With, v, responder.Knows) },
	"stores": func(o *Options, v string) (err error) {
		o.Stores, err = ParseStorage(v)
		return err
	},
	"extensions": func(o *Options, v string) error { o.Extensions = v; return notEmpty(v) },
	"firmware":   func(o *Options, v string) error { o.Firmware = v; return notEmpty(v) },
	"lie": func(o *Options, v string) (err error) {
		o.Lies, err = responder.ParseLies(v)
		return err
	},
}

// ParseSelector parses the text of a selector; it doesn't look at the folder.
// Errors wrap [ErrSelector] and name the key at fault.
func ParseSelector(text string) (Selector, error) {
	fail := func(format string, args ...any) (Selector, error) {
		return Selector{}, fmt.Errorf("%w: %s", ErrSelector, fmt.Sprintf(format, args...))
	}
	rest, ok := strings.CutPrefix(text, "virtual:")
	if !ok {
		return fail("%q doesn't start with virtual:", text)
	}
	kind, dir, ok := strings.Cut(rest, ":")
	if !ok || dir == "" {
		return fail("%q: want virtual:KIND:DIR", text)
	}
	s := Selector{Kind: Kind(kind), Dir: dir}
	if !slices.Contains(AllKinds(), s.Kind) {
		return fail("no kind %q: want one of %s", kind, strings.Trim(fmt.Sprint(AllKinds()), "[]"))
	}
	at := switchesAt(dir)
	if at < 0 {
		return s, nil
	}
	s.Dir = dir[:at]
	if s.Dir == "" {
		return fail("%q: no folder", text)
	}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(dir[at+1:], "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		if key == "scenario" {
			if value == "" || s.Scenario != "" {
				return fail("scenario=%s: want one file", value)
			}
			s.Scenario = value
			continue
		}
		set, ok := switches[key]
		switch {
		case !ok:
			return fail("unknown key %q", key)
		case seen[key] && key != "cut":
			return fail("%s: given twice", key)
		}
		seen[key] = true
		if err := set(&s.Options, value); err != nil {
			return fail("%s=%s: %v", key, value, err)
		}
	}
	return s, nil
}

// switchesAt is where the switches start in DIR?K=V&K=V, -1 if there are none.
func switchesAt(text string) int {
	for at := len(text); ; {
		if at = strings.LastIndexByte(text[:at], '?'); at < 0 {
			return strings.LastIndexByte(text, '?')
		}
		key, _, ok := strings.Cut(text[at+1:], "=")
		if _, known := switches[key]; ok && (known || key == "scenario") {
			return at
		}
	}
}

// Open makes the phone.
func (s Selector) Open() (*Phone, error) {
	if s.Scenario != "" {
		text, err := os.ReadFile(s.Scenario)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrScenario, err)
		}
		if s.Options.Scenario, err = ParseScenario(string(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Scenario, err)
		}
	}
	return Open(s.Kind, s.Dir, s.Options)
}

func notEmpty(v string) error {
	if v == "" {
		return errors.New("empty")
	}
	return nil
}

func parseBool(b *bool, v string) error {
	switch v {
	case "0", "1":
		*b = v == "1"
		return nil
	}
	return errors.New("want 0 or 1")
}

func pick[T any](to *T, v string, names []string, values []T) error {
	i := slices.Index(names, v)
	if i < 0 {
		return fmt.Errorf("want one of %s", strings.Join(names, ", "))
	}
	*to = values[i]
	return nil
}

func parseCut(o *Options, v string) error {
	number, bytes, within := strings.Cut(v, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return errors.New("want N or N.BYTES, N from 1")
	}
	c := responder.Cut{Transaction: n, Phase: responder.After}
	if within {
		c.Phase = responder.InData
		if c.Bytes, err = strconv.ParseInt(bytes, 10, 64); err != nil || c.Bytes < 0 {
			return errors.New("want N or N.BYTES")
		}
	}
	o.Cuts = append(o.Cuts, c)
	return nil
}

func parseFree(o *Options, v string) error {
	n, err := size(v)
	if err != nil {
		return err
	}
	o.Free = &n
	return nil
}

func parseClock(o *Options, v string) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n > 1e9 || n < -1e9 {
		return errors.New("want seconds, with a sign")
	}
	o.Clock = time.Duration(n) * time.Second
	return nil
}

func parseOperations(to *[]mtp.OpCode, v string, known func(mtp.OpCode) bool) error {
	for name := range strings.SplitSeq(v, ",") {
		op, ok := mtp.OpCodeNamed(name)
		if !ok || !known(op) {
			return fmt.Errorf("no operation %q", name)
		}
		*to = append(*to, op)
	}
	return nil
}
