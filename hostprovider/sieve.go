package hostprovider

import (
	"context"
	"time"

	"cradle/engine"
	"cradle/pim"
)

var (
	_ engine.Sieve      = (*Store)(nil)
	_ engine.Filterable = (*pim.Kind)(nil)
)

// Outside lists the live items of a kind that a filter's rules keep out at now. Only
// what a rule asks for is read: for collections alone no text.
func (s *Store) Outside(ctx context.Context, scope string, f engine.Filter, now time.Time) (map[engine.ItemID]bool, error) {
	k, err := kindOf(scope)
	if err != nil {
		return nil, err
	}
	column := "NULL"
	for _, r := range f.Rules {
		if r.Name != pim.RuleLeaveOut {
			column = "b.text"
		}
	}
	out := map[engine.ItemID]bool{}
	err = s.read(ctx, func(c *conn) error {
		n := 0
		return c.query(func(r row) error {
			if n++; n%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			for _, rule := range f.Rules {
				if k.PassesText(r.bytes(2), r.str(1), rule.Name, rule.Params, now) {
					continue
				}
				id, err := engine.ParseItemID(r.str(0))
				if err != nil {
					return err
				}
				out[id] = true
				return nil
			}
			return nil
		}, `SELECT i.id, `+settledCollection+`, `+column+`
			FROM item i JOIN body b ON b.n = i.n WHERE i.kind = ? AND i.gone <> 1 AND i.meta IS NOT NULL`, scope)
	})
	return out, err
}
