package session

import (
	"context"
	"strings"
	"unicode"

	"github.com/godbus/dbus/v5"
)

// Urgency of a notification (Desktop Notifications Specification 1.2, "Urgency
// Levels").
type Urgency byte

// The levels.
const (
	Low      Urgency = 0
	Normal   Urgency = 1
	Critical Urgency = 2
)

// Action is a button of a notification.
type Action struct{ Key, Label string }

// Notice is one notification. Those of one Key are one bubble, which changes.
type Notice struct {
	Key     string
	Title   string
	Body    string // plain text
	Urgency Urgency
	Actions []Action
	// Passing: it is of no use later, and needs no place in a list of notices.
	Passing bool
}

const (
	notifyName = "org.freedesktop.Notifications"
	notifyPath = dbus.ObjectPath("/org/freedesktop/Notifications")
)

// entry names the desktop entry, for the program's name and picture.
const entry = "cradle"

// Tell shows a notification, in the place of the former one of its key.
func (b *Bus) Tell(ctx context.Context, n Notice) error {
	caps, err := b.capabilities(ctx)
	if err != nil {
		return err
	}
	title, body := clean(n.Title), clean(n.Body)
	switch {
	case !caps["body"] && body != "":
		title, body = title+": "+body, ""
	case caps["body-markup"]:
		body = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(body)
	}
	actions := []string{}
	if caps["actions"] {
		for _, a := range n.Actions {
			actions = append(actions, a.Key, clean(a.Label))
		}
	}
	hints := map[string]dbus.Variant{
		"urgency":       dbus.MakeVariant(byte(n.Urgency)),
		"desktop-entry": dbus.MakeVariant(entry),
		"category":      dbus.MakeVariant("transfer"),
	}
	if n.Passing {
		hints["transient"] = dbus.MakeVariant(true)
	}
	var id uint32
	err = b.call(ctx, callTime, notifyName, notifyPath, notifyName+".Notify",
		[]any{"Cradle", b.bubble(n.Key), entry, title, body, actions, hints, int32(-1)}, &id)
	if err != nil {
		return err
	}
	b.setBubble(n.Key, id)
	return nil
}

// Notifies asks whether there is a notification server; nil when there is.
func (b *Bus) Notifies(ctx context.Context) error {
	_, err := b.capabilities(ctx)
	return err
}

// capabilities asks the server once what it can show.
func (b *Bus) capabilities(ctx context.Context) (map[string]bool, error) {
	b.mu.Lock()
	caps := b.caps
	b.mu.Unlock()
	if caps != nil {
		return caps, nil
	}
	var list []string
	if err := b.call(ctx, callTime, notifyName, notifyPath, notifyName+".GetCapabilities", nil, &list); err != nil {
		return nil, err
	}
	caps = map[string]bool{}
	for _, c := range list {
		caps[c] = true
	}
	b.mu.Lock()
	b.caps = caps
	b.mu.Unlock()
	return caps, nil
}

// bubble is the one of a key; 0 for none.
func (b *Bus) bubble(key string) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent[key]
}

func (b *Bus) setBubble(key string, id uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id == 0 {
		delete(b.sent, key)
		return
	}
	b.sent[key] = id
}

// Shown reports whether a bubble of that key was told.
func (b *Bus) Shown(key string) bool { return b.bubble(key) != 0 }

// Withdraw takes a bubble away.
func (b *Bus) Withdraw(ctx context.Context, key string) error {
	id := b.bubble(key)
	if id == 0 {
		return nil
	}
	b.setBubble(key, 0)
	return b.call(ctx, callTime, notifyName, notifyPath, notifyName+".CloseNotification", []any{id})
}

// Await waits until the person presses a button of a bubble, and returns its key;
// "" when the bubble is closed, or ctx ends. Call it before the Tell whose buttons
// are meant has had time to be pressed: what was pressed earlier isn't seen.
func (b *Bus) Await(ctx context.Context, key string) (string, error) {
	id := b.bubble(key)
	if id == 0 {
		return "", nil
	}
	if caps, err := b.capabilities(ctx); err != nil || !caps["actions"] {
		return "", err
	}
	match := []dbus.MatchOption{dbus.WithMatchObjectPath(notifyPath), dbus.WithMatchInterface(notifyName)}
	if err := b.conn.AddMatchSignalContext(ctx, match...); err != nil {
		return "", err
	}
	signals := make(chan *dbus.Signal, 16)
	b.conn.Signal(signals)
	defer func() {
		b.conn.RemoveSignal(signals)
		_ = b.conn.RemoveMatchSignal(match...) // the connection may be gone
	}()
	for {
		select {
		case <-ctx.Done():
			return "", nil
		case s, ok := <-signals:
			if !ok {
				return "", ErrNoBus
			}
			if len(s.Body) != 2 || s.Body[0] != id {
				continue
			}
			switch s.Name {
			case notifyName + ".NotificationClosed":
				b.setBubble(key, 0)
				return "", nil
			case notifyName + ".ActionInvoked":
				if pressed, ok := s.Body[1].(string); ok {
					return pressed, nil
				}
			}
		}
	}
}

// clean makes text of a phone fit for a bubble: valid, without control characters
// but line ends.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}
