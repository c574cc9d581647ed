// Package acceptance holds the tests that join every layer in one process: real
// stores, real sessions, the folder profile over virtual phones and plain
// folders. They ask what a person would ask: is everything still there, once,
// whole, and does what was deleted stay deleted?
//
// TestHistories runs generated histories of edits, syncs and accidents, TestCable
// pulls the cable and kills the program at every point of one rich session,
// TestTwoPCs tells single stories of two computers and a phone, and TestCorpus
// takes real producers' files there and back; TestLossyHistories and TestThereAndBack
// do so through phones that store only part (LOSSY_SEEDS says how many). With CRADLE_ACCEPT=all they leave
// nothing out (make accept).
//
// What the tests compare by is written here once more on purpose: a reader of
// content lines that shares no code with package pim.
package acceptance
