package config

import (
	"fmt"
	"time"
)

// Store is the table of the store on this computer: [store].
type Store struct {
	// ForgetDeletions is how long the store remembers what was deleted.
	ForgetDeletions Age `toml:"forget_deletions"`
}

// Age is a number of days such as "180d", or "never" for one that never comes; the
// zero Age says nothing.
type Age struct {
	days  int
	never bool
}

// DefaultAge is how long a deletion is remembered where nobody says.
const DefaultAge = 180

// UnmarshalText reads the form above. Less than a week would forget a deletion before
// the other computers and phones had a chance to hear of it.
func (a *Age) UnmarshalText(text []byte) error {
	if string(text) == "never" {
		*a = Age{never: true}
		return nil
	}
	n, err := days(string(text))
	if err != nil || n < 7 {
		return fmt.Errorf("forget_deletions %q: want at least a week, such as 180d, or never", text)
	}
	*a = Age{days: n}
	return nil
}

// Duration is the age, DefaultAge days if nothing was said; 0 for never.
func (a Age) Duration() time.Duration {
	switch {
	case a.never:
		return 0
	case a.days == 0:
		a.days = DefaultAge
	}
	return time.Duration(a.days) * 24 * time.Hour
}

// Store gives the settings of the store.
func (c *Config) Store() Store { return c.store }
