package cmd

import (
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"time"

	"cradle/udev"
)

// triggerWords say when a trigger acts.
var triggerWords = map[udev.Trigger]string{
	udev.Plug: "when it is plugged in", udev.Watch: "when it is plugged in, by cradle watch", udev.AtLogin: "at login",
	udev.Every: "from time to time", udev.Idle: "while nobody is at the computer",
}

// triggers are those that are switched on, and when the next one comes by time; zero
// when none does, or systemd can't be asked.
func (g *globals) triggers(ctx context.Context) (on []udev.Trigger, next time.Time) {
	in, _, err := g.installed()
	if err != nil {
		g.log().Debug("what is installed can't be told", "err", err)
		return nil, time.Time{}
	}
	if in.Rule != "" && in.Unit != "" {
		on = append(on, udev.Plug)
	}
	on = append(on, in.Triggers...)
	if !slices.Contains(on, udev.Every) && !slices.Contains(on, udev.Idle) {
		return on, time.Time{}
	}
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	out, err := exec.CommandContext(ctx, "systemctl", "--user", "list-timers", "--output=json", "cradle-*.timer").Output()
	if err != nil {
		g.log().Debug("systemd can't be asked", "err", err)
		return on, time.Time{}
	}
	return on, nextTimer(out)
}

// nextTimer reads the earliest of systemd's timers (list-timers --output=json: "next"
// in microseconds since 1970, 0 or null for none).
func nextTimer(out []byte) time.Time {
	var timers []struct {
		Next *int64 `json:"next"`
	}
	if json.Unmarshal(out, &timers) != nil {
		return time.Time{}
	}
	var next time.Time
	for _, t := range timers {
		if t.Next == nil || *t.Next <= 0 {
			continue
		}
		if at := time.UnixMicro(*t.Next); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}
