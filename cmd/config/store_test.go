package config

import (
	"strings"
	"testing"
	"time"
)

func TestForgetDeletions(t *testing.T) {
	const day = 24 * time.Hour
	for _, tt := range []struct {
		text string
		want time.Duration
		err  string
	}{
		{"", 180 * day, ""},
		{"[store]\nforget_deletions = \"30d\"\n", 30 * day, ""},
		{"[store]\nforget_deletions = \"never\"\n", 0, ""},
		{"[store]\nforget_deletions = \"2d\"\n", 0, "at least a week"},
		{"[store]\nforget_deletions = \"30\"\n", 0, "such as 180d"},
		{"[store]\nforget = \"30d\"\n", 0, "no setting"},
	} {
		c, err := Read(strings.NewReader(tt.text), "c.toml")
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: got %v, want %q", tt.text, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Store().ForgetDeletions.Duration(); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.text, got, tt.want)
		}
	}
}

func TestWindow(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Window
		ok   bool
	}{
		{"90d..365d", Window{Back: 90, Ahead: 365}, true},
		{"0d..0d", Window{}, true},
		{"90d..", Window{Back: 90, Ahead: -1}, true},
		{"..7d", Window{Back: -1, Ahead: 7}, true},
		{"all", Window{All: true}, true},
		{"..", Window{}, false},
		{"90..365", Window{}, false},
		{"90d", Window{}, false},
		{"-1d..1d", Window{}, false},
		{"1d..99999d", Window{}, false},
		{"", Window{}, false},
	} {
		var w Window
		err := w.UnmarshalText([]byte(tt.text))
		if (err == nil) != tt.ok || tt.ok && (w != tt.want || w.String() != tt.text) {
			t.Errorf("%q: got %+v %v", tt.text, w, err)
		}
	}
}
