package responder

import (
	"testing"

	"go.uber.org/goleak"
)

// A device without goroutines of its own, and sessions that end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
