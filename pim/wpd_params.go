package pim

import (
	"slices"
	"strings"
)

// rowParams takes the parameters of a row apart.
func rowParams(p *Property) []Param {
	ps := parser{}
	return slices.Clone(ps.parseParams(p.Params))
}

// setRowParams writes parameters into a row.
func setRowParams(p *Property, params []Param) { p.Params = joinParams(params) }

// joinParams writes parameters as a row has them.
func joinParams(params []Param) string {
	var b strings.Builder
	for _, q := range params {
		if b.Len() > 0 {
			b.WriteByte(';')
		}
		b.WriteString(q.Name + "=" + joinParamValues(q.Values))
	}
	return b.String()
}

// rowParam is the first value of a row's parameter, in upper case; "" without it.
func rowParam(p *Property, name string) string {
	for _, q := range rowParams(p) {
		if q.Name == name && len(q.Values) > 0 {
			return strings.ToUpper(strings.TrimSpace(q.Values[0]))
		}
	}
	return ""
}

// setRowParam gives a row a parameter with one value, or takes it out: "". Where the row
// says the value already, in whatever case, it stays as it is.
func setRowParam(p *Property, name, value string) {
	params := rowParams(p)
	at := slices.IndexFunc(params, func(q Param) bool { return q.Name == name })
	switch {
	case at < 0 && value == "", at >= 0 && value != "" && strings.EqualFold(rowParam(p, name), value):
		return
	case value == "":
		params = slices.DeleteFunc(params, func(q Param) bool { return q.Name == name })
	case at < 0:
		params = append(params, Param{Name: name, Values: []string{value}})
	default:
		params[at].Values = []string{value}
	}
	setRowParams(p, params)
}

// dropRowType takes a value out of a row's TYPE.
func dropRowType(p *Property, drop string) {
	var params []Param
	for _, q := range rowParams(p) {
		if q.Name == "TYPE" {
			var values []string
			for _, v := range q.Values {
				kept := slices.DeleteFunc(strings.Split(v, ","), func(t string) bool { return strings.EqualFold(strings.TrimSpace(t), drop) })
				if len(kept) > 0 {
					values = append(values, strings.Join(kept, ","))
				}
			}
			if len(values) == 0 {
				continue
			}
			q.Values = values
		}
		params = append(params, q)
	}
	setRowParams(p, params)
}
