package proxy

import (
	"errors"
	"fmt"

	"cradle/engine"
	"cradle/valuebag"
)

func question(c engine.Clash) *valuebag.Values {
	m := message(ask)
	m.SetString(keyScope, c.Scope)
	m.SetString(keyUnit, c.Unit)
	for _, p := range []struct {
		key   valuebag.PropertyKey
		value *valuebag.Values
	}{{keySource, c.Source}, {keyDestination, c.Destination}} {
		if p.value != nil {
			m.SetValues(p.key, p.value)
		}
	}
	for _, p := range []struct {
		key  valuebag.PropertyKey
		meta *engine.ItemMeta
	}{{keySourceMeta, c.SourceMeta}, {keyLocalMeta, c.LocalMeta}} {
		if p.meta != nil {
			m.SetValues(p.key, p.meta.Values())
		}
	}
	m.SetInt64(keySourceTime, c.SourceEdited)
	m.SetInt64(keyLocalTime, c.LocalEdited)
	return m
}

// answerTo lets the client's Resolve decide.
func answerTo(vs *valuebag.Values, resolve engine.Resolve) (*valuebag.Values, error) {
	if resolve == nil {
		return nil, errors.New("the other side asks about a conflict that nobody here decides")
	}
	c, err := clash(vs)
	if err != nil {
		return nil, fmt.Errorf("conflict: %w", err)
	}
	action, value := resolve(c)
	a := message(answer)
	a.SetString(keyAction, string(action))
	if value != nil {
		a.SetValues(keyBody, value)
	}
	return a, nil
}

func clash(vs *valuebag.Values) (engine.Clash, error) {
	var c engine.Clash
	var errs [5]error
	c.Scope, errs[0] = vs.GetString(keyScope)
	c.Unit, errs[1] = vs.GetString(keyUnit)
	c.SourceEdited, errs[2] = vs.GetInt64(keySourceTime)
	c.LocalEdited, errs[3] = vs.GetInt64(keyLocalTime)
	meta := func(key valuebag.PropertyKey) *engine.ItemMeta {
		b, err := vs.GetValues(key)
		if err != nil {
			return nil
		}
		m, err := engine.ItemMetaFromValues(b)
		if err != nil {
			errs[4] = err
			return nil
		}
		c.Item = m.ID
		return m
	}
	c.SourceMeta, c.LocalMeta = meta(keySourceMeta), meta(keyLocalMeta)
	c.Source, _ = vs.GetValues(keySource) // nil where it was deleted
	c.Destination, _ = vs.GetValues(keyDestination)
	return c, errors.Join(errs[:]...)
}
