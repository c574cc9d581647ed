package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// A run is short and the desktop has other work. Below enough bytes of heap the
// collector only takes time from it; beyond, the heap may grow by half from one
// collection to the next, rather than by as much again.
const (
	enough = 32 << 20
	growth = 50 // per cent
)

// minHeap is the heap at which the collector first runs when the growth is 100 %:
// it is in proportion to that.
const minHeap = 4 << 20

// paceCollector sets the collector's growth anew after each collection, to what
// keeps the heap below enough or else is growth.
func paceCollector() {
	debug.SetGCPercent(enough * 100 / minHeap)
	type cycle struct{ _ *cycle } // with a pointer it has a block of its own, as a finalizer needs
	var next func(*cycle)
	next = func(c *cycle) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		if live[0].Value.Kind() != metrics.KindUint64 {
			debug.SetGCPercent(growth)
			return
		}
		debug.SetGCPercent(percent(live[0].Value.Uint64()))
		runtime.SetFinalizer(c, next)
	}
	runtime.SetFinalizer(&cycle{}, next)
}

// percent is the growth for a heap of so many live bytes.
func percent(live uint64) int {
	live = max(live, minHeap)
	if live >= enough {
		return growth
	}
	return max(growth, int((enough-live)*100/live))
}
