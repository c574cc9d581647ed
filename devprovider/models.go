package devprovider

import (
	"strings"

	"cradle/pim"
)

// modelRow is what a model is known to do with what it is given, before anything was
// written to a device of it.
type modelRow struct {
	model   string // part of the device's name, in lower case
	kind    *pim.Kind
	stores  string // as pim.Capabilities writes it
	symptom string
	source  string
}

// modelRows lists models. What a device shows by itself counts more.
var modelRows = []modelRow{
	{"kaios", pim.Contacts, "CATEGORIES=no", "writes the line CATEGORY instead", "gaia: shared/js/contact2vcard.js"},
}

// modelStores is what the table says of a model.
func modelStores(k *pim.Kind, name string) pim.Capabilities {
	var caps pim.Capabilities
	name = strings.ToLower(name)
	for _, r := range modelRows {
		if r.kind != k || !strings.Contains(name, r.model) {
			continue
		}
		if c, err := pim.ParseCapabilities(k, r.stores); err == nil {
			caps.Add(&c)
		}
	}
	return caps
}
