package pim

import (
	"strings"

	"cradle/pim/recur"

	"cradle/valuebag"
)

// Exclusive finds, among the elements that a merge of a list unit would keep,
// those that can't stand beside each other: two forms of one occurrence of a
// series (RFC 5545 §3.8.4.4: one component a RECURRENCE-ID). It returns those to
// be dropped: src's, or dst's when preferSrc is set.
func (k *Kind) Exclusive(dst, src *valuebag.Values, unit string, keep [][8]byte, preferSrc bool) [][8]byte {
	if unit != "overrides" {
		return nil
	}
	wanted := make(map[[8]byte]bool, len(keep))
	for _, e := range keep {
		wanted[e] = true
	}
	stays, goes := dst, src
	if preferSrc {
		stays, goes = src, dst
	}
	taken := map[string][8]byte{}
	for e, s := range k.elementNorms(stays, unit) {
		if at := occurrence(s); at != "" && wanted[e] {
			taken[at] = e
		}
	}
	var drop [][8]byte
	for e, s := range k.elementNorms(goes, unit) {
		at := occurrence(s)
		if other, ok := taken[at]; ok && at != "" && wanted[e] && other != e {
			drop = append(drop, e)
		}
	}
	return drop
}

// elementNorms gives a list unit's elements by digest.
func (k *Kind) elementNorms(item *valuebag.Values, unit string) map[[8]byte]string {
	norms := map[[8]byte]string{}
	copies, last := 0, ""
	for i, s := range k.unitStrings(item, unit) {
		if i > 0 && s == last {
			copies++
		} else {
			copies = 0
		}
		last = s
		norms[elementDigest(s, copies)] = s
	}
	return norms
}

// occurrence says which occurrence an override's normal form is for, "" for no override.
func occurrence(norm string) string {
	for line := range strings.Lines(norm) {
		if name, params, value := splitNorm(strings.TrimSuffix(line, "\n")); name == "RECURRENCE-ID" {
			return instantOf(params, value) + ";" + paramOf(params, "RANGE")
		}
	}
	return ""
}

// instantOf is a time in UTC, so that one that is said in a zone is known again; one of
// no zone, or of a zone that has no name, is as it is said.
func instantOf(params []string, value string) string {
	id := paramOf(params, "TZID")
	if id == "" || strings.HasPrefix(id, madeZone) {
		return value
	}
	z, ok := recur.LoadZone(id)
	if !ok {
		return id + ":" + value
	}
	s, err := recur.ParseStamp(value, z)
	if err != nil || s.Date {
		return value
	}
	return s.In(nil).UTC().Format("20060102T150405Z")
}
