package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cradle/cmd/config"
	"cradle/devprovider"
	"cradle/engine"
	"cradle/pim"
)

// filterFlags are the flags of sync that give the phone a filter.
type filterFlags struct {
	without  []string
	leaveOut []string
	window   string
	none     bool
}

// parse reads the flags: what they say of the filter, and nothing where they don't.
func (o filterFlags) parse() (config.Filter, error) {
	f := config.Filter{}
	for _, w := range o.without {
		f.Without = append(f.Without, config.Part(w))
	}
	for _, l := range o.leaveOut {
		f.LeaveOut = append(f.LeaveOut, config.LeftOut(l))
	}
	if o.window != "" {
		f.Window = new(config.Window)
		if err := f.Window.UnmarshalText([]byte(o.window)); err != nil {
			return f, usageError("--%v", err)
		}
	}
	return f, nil
}

// command is the flags as on a command line.
func (o filterFlags) command() string {
	c := ""
	if o.none {
		c += " --no-filter"
	}
	if len(o.without) > 0 {
		c += " --without " + quoteArg(strings.Join(o.without, ","))
	}
	for _, l := range o.leaveOut {
		c += " --leave-out " + quoteArg(l)
	}
	if o.window != "" {
		c += " --window " + quoteArg(o.window)
	}
	return c
}

// filters are the filters that this sync gives the phone, by kind: those that lie on
// it, with what the settings and the flags say otherwise.
func (g *globals) filters(p *phone, f *devprovider.Folder, kinds []*pim.Kind, o filterFlags) (map[string]engine.Filter, error) {
	said, err := o.parse()
	if err != nil {
		return nil, err
	}
	set, err := g.phoneSettings(p)
	if err != nil {
		return nil, err
	}
	if err := applies(said, kinds); err != nil {
		return nil, err
	}
	want := said.Over(set.Filter)
	if want.IsZero() && !o.none {
		return nil, nil
	}
	filters := map[string]engine.Filter{}
	for _, k := range kinds {
		var base engine.Filter
		if !o.none {
			base = f.State(k.Name()).Filter
		}
		filters[k.Name()] = filterOf(k, base, want)
	}
	return filters, nil
}

// filterOf is a kind's filter: base with what want says otherwise.
func filterOf(k *pim.Kind, base engine.Filter, want config.Filter) engine.Filter {
	out := engine.Filter{Without: base.Without}
	if want.Without != nil {
		out.Without = nil
		for _, w := range want.Without {
			if part, ok := w.Of(k); ok && slices.Contains(k.Optional(), part) {
				out.Without = append(out.Without, part)
			}
		}
	}
	for _, r := range base.Rules {
		if r.Name == pim.RuleLeaveOut && want.LeaveOut != nil || r.Name == pim.RuleWindow && want.Window != nil {
			continue
		}
		out.Rules = append(out.Rules, r)
	}
	var leave []string
	for _, w := range want.LeaveOut {
		if c, ok := w.Of(k); ok {
			leave = append(leave, c)
		}
	}
	if len(leave) > 0 {
		slices.Sort(leave)
		out.Rules = append(out.Rules, engine.Rule{Name: pim.RuleLeaveOut, Params: slices.Compact(leave)})
	}
	if w := want.Window; w != nil && !w.All {
		r := engine.Rule{Name: pim.RuleWindow, Params: []string{dayParam(w.Back), dayParam(w.Ahead)}}
		if k.CheckRule(r.Name, r.Params) == nil {
			out.Rules = append(out.Rules, r)
		}
	}
	return out.Canonical()
}

func dayParam(n int) string {
	if n < 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// applies refuses flags that mean nothing for any of the kinds that are synced.
func applies(f config.Filter, kinds []*pim.Kind) error {
	for _, w := range f.Without {
		var parts []string
		found := false
		for _, k := range kinds {
			part, ok := w.Of(k)
			found = found || ok && slices.Contains(k.Optional(), part)
			parts = append(parts, k.Optional()...)
		}
		if !found {
			slices.Sort(parts)
			return usageError("--without %q: want one of %s", w, strings.Join(slices.Compact(parts), ", "))
		}
	}
	for _, w := range f.LeaveOut {
		if l := new(config.LeftOut); l.UnmarshalText([]byte(w)) != nil {
			return usageError("--leave-out %q: want a collection, or KIND/COLLECTION", w)
		}
	}
	return nil
}

// filterDocument is a kind's filter in the JSON.
type filterDocument struct {
	Without  []string `json:"without"`
	LeaveOut []string `json:"leave_out"`
	Window   string   `json:"window"`
	KeptOut  int      `json:"kept_out"`
}

// documentOf describes the filter that a kind has now; nil for none.
func documentOf(f engine.Filtered) *filterDocument {
	if f.Filter.IsZero() {
		return nil
	}
	d := &filterDocument{Without: f.Filter.Without, LeaveOut: []string{}, Window: "all", KeptOut: f.KeptOut}
	if d.Without == nil {
		d.Without = []string{}
	}
	for _, r := range f.Filter.Rules {
		switch {
		case r.Name == pim.RuleLeaveOut:
			d.LeaveOut = r.Params
		case r.Name == pim.RuleWindow && len(r.Params) == 2:
			d.Window = strings.Join([]string{dayText(r.Params[0]), dayText(r.Params[1])}, "..")
		}
	}
	return d
}

func dayText(param string) string {
	if param == "" {
		return ""
	}
	return param + "d"
}

// text says a filter in words.
func (d *filterDocument) text() string {
	var parts []string
	if len(d.Without) > 0 {
		parts = append(parts, strings.Join(d.Without, ", ")+" not sent")
	}
	if len(d.LeaveOut) > 0 {
		parts = append(parts, "not "+strings.Join(d.LeaveOut, ", "))
	}
	if d.Window != "all" {
		parts = append(parts, "only "+d.Window)
	}
	s := strings.Join(parts, ", ")
	if d.KeptOut > 0 {
		s += fmt.Sprintf(" (%s)", count(d.KeptOut, "item isn't on it", "items aren't on it"))
	}
	return s
}

// filterText tells which filters the phone has.
func (r *syncReport) filterText(doc *syncDocument) {
	for _, k := range r.kinds {
		if f := doc.Kinds[k.Name()].Filter; f != nil {
			r.g.say("%-10s on this phone: %s", k.Name(), cmp.Or(plain(f.text()), "all"))
		}
	}
}
