// Package enginetest holds what tests of the engine and of its providers stand
// on: a toy schema, a store and a partial participant in memory that can be cut
// off at any step, and the histories that are run over them.
package enginetest
