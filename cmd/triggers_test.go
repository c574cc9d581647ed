package cmd

import (
	"testing"
	"time"
)

func TestNextTimer(t *testing.T) {
	for _, c := range []struct {
		name, out string
		want      time.Time
	}{
		{"the earlier of two", `[{"next":1790000000000000,"left":1,"last":0,"unit":"cradle-sync.timer"},{"next":1780000000000000,"unit":"cradle-idle.timer"}]`, time.Unix(1780000000, 0)},
		{"one that never comes", `[{"next":0,"unit":"a"},{"next":null,"unit":"b"},{"unit":"c"}]`, time.Time{}},
		{"none", `[]`, time.Time{}},
		{"no document", `Failed to connect to bus`, time.Time{}},
	} {
		if got := nextTimer([]byte(c.out)); !got.Equal(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestUnitState reads what systemctl show says of the unit that the rule starts.
func TestUnitState(t *testing.T) {
	for _, tt := range []struct{ name, show, what, next string }{
		{"well", "LoadState=loaded\nLoadError=\nNeedDaemonReload=no\n", "", ""},
		{"masked", "LoadState=masked\nLoadError=org.freedesktop.systemd1.UnitMasked\nNeedDaemonReload=no\n", "is masked: systemd won't start it", "systemctl --user unmask cradle-sync@.service"},
		{"written since", "LoadState=loaded\nNeedDaemonReload=yes\n", "changed since systemd read it", "systemctl --user daemon-reload"},
		{"not read yet", "LoadState=not-found\n", "isn't known to systemd yet", "systemctl --user daemon-reload"},
		{"spoiled", "LoadState=bad-setting\nLoadError=no ExecStart\n", "can't be read by systemd (bad-setting no ExecStart)", "systemctl --user cat cradle-sync@.service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if what, next := unitState(tt.show); what != tt.what || next != tt.next {
				t.Errorf("got %q, %q; want %q, %q", what, next, tt.what, tt.next)
			}
		})
	}
}
