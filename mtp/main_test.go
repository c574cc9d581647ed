package mtp_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Every goroutine of a session has somebody who waits for it.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
