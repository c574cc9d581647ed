package cmd

import (
	"errors"
	"io/fs"
	"time"

	"cradle/cmd/config"
)

// settings are the person's, read when a command first asks for them.
func (g *globals) settings() (*config.Config, error) {
	if g.read == nil {
		c, err := config.Load(g.config)
		if err != nil {
			return nil, err
		}
		g.log().Debug("settings read", "path", c.Path)
		g.read = c
	}
	return g.read, nil
}

// forgetAfter is how long the store remembers deletions; the settings were read before.
func (g *globals) forgetAfter() time.Duration {
	c, err := g.settings()
	if err != nil {
		return 0
	}
	return c.Store().ForgetDeletions.Duration()
}

// phoneSettings are those of an open phone: by its model, its selector, its serial.
func (g *globals) phoneSettings(p *phone) (config.Phone, error) {
	c, err := g.settings()
	if err != nil {
		return config.Phone{}, err
	}
	names := []string{p.name, p.selector}
	if p.serial != "" {
		names = append(names, p.serial)
	}
	return c.Phone(names...), nil
}

// explainSettings explains why the settings can't be taken.
func (g *globals) explainSettings(out *failure, err error) bool {
	var e *config.Error
	if !errors.As(err, &e) {
		return false
	}
	out.exit, out.Code, out.What, out.Why, out.Next = exitUsage, "settings", "the settings can't be taken", e.Error(), "${EDITOR:-vi} "+quoteArg(e.Path)
	if errors.Is(err, fs.ErrNotExist) {
		out.Why, out.Next = e.Path+": no such file", "ls -l "+quoteArg(e.Path)
	}
	return true
}
