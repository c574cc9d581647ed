package pim

import "cradle/valuebag"

// primaries are copies of lines that have slots of their own.
var primaries = map[valuebag.PropertyKey][]valuebag.PropertyKey{
	valuebag.WPDContactPrimaryEmailAddress: {valuebag.WPDContactPersonalEmail, valuebag.WPDContactPersonalEmail2, valuebag.WPDContactBusinessEmail, valuebag.WPDContactBusinessEmail2, valuebag.WPDContactOtherEmails},
	valuebag.WPDContactPrimaryPhone: {valuebag.WPDContactMobilePhone, valuebag.WPDContactMobilePhone2, valuebag.WPDContactPersonalPhone, valuebag.WPDContactPersonalPhone2,
		valuebag.WPDContactBusinessPhone, valuebag.WPDContactBusinessPhone2, valuebag.WPDContactOtherPhones},
	valuebag.WPDContactPrimaryWebAddress: {valuebag.WPDContactPersonalWebAddress, valuebag.WPDContactBusinessWebAddress},
}

// newLines are what keys become that no line stood behind.
var newLines = []struct {
	key          valuebag.PropertyKey
	name, params string
}{
	{valuebag.WPDContactDisplayName, "FN", ""},
	{valuebag.WPDContactPhoneticFirstName, "X-PHONETIC-FIRST-NAME", ""}, {valuebag.WPDContactPhoneticLastName, "X-PHONETIC-LAST-NAME", ""}, {valuebag.WPDContactPhoneticCompanyName, "X-PHONETIC-ORG", ""},
	{valuebag.WPDContactCompanyName, "ORG", ""}, {valuebag.WPDContactRole, "TITLE", ""},
	{valuebag.WPDContactPersonalEmail, "EMAIL", "TYPE=HOME"}, {valuebag.WPDContactPersonalEmail2, "EMAIL", "TYPE=HOME"},
	{valuebag.WPDContactBusinessEmail, "EMAIL", "TYPE=WORK"}, {valuebag.WPDContactBusinessEmail2, "EMAIL", "TYPE=WORK"}, {valuebag.WPDContactOtherEmails, "EMAIL", ""}, {valuebag.WPDContactPrimaryEmailAddress, "EMAIL", "TYPE=PREF"},
	{valuebag.WPDContactMobilePhone, "TEL", "TYPE=CELL"}, {valuebag.WPDContactMobilePhone2, "TEL", "TYPE=CELL"},
	{valuebag.WPDContactPersonalPhone, "TEL", "TYPE=HOME"}, {valuebag.WPDContactPersonalPhone2, "TEL", "TYPE=HOME"},
	{valuebag.WPDContactBusinessPhone, "TEL", "TYPE=WORK"}, {valuebag.WPDContactBusinessPhone2, "TEL", "TYPE=WORK"}, {valuebag.WPDContactOtherPhones, "TEL", ""}, {valuebag.WPDContactPrimaryPhone, "TEL", "TYPE=PREF"},
	{valuebag.WPDContactPersonalFax, "TEL", "TYPE=FAX,HOME"}, {valuebag.WPDContactBusinessFax, "TEL", "TYPE=FAX,WORK"}, {valuebag.WPDContactPrimaryFax, "TEL", "TYPE=FAX"}, {valuebag.WPDContactPager, "TEL", "TYPE=PAGER"},
	{valuebag.WPDContactPersonalWebAddress, "URL", "TYPE=HOME"}, {valuebag.WPDContactBusinessWebAddress, "URL", "TYPE=WORK"}, {valuebag.WPDContactPrimaryWebAddress, "URL", "TYPE=PREF"},
	{valuebag.WPDContactInstantMessenger, "IMPP", ""}, {valuebag.WPDContactInstantMessenger2, "IMPP", ""}, {valuebag.WPDContactInstantMessenger3, "IMPP", ""},
	{valuebag.WPDContactBirthdate, "BDAY", ""}, {valuebag.WPDContactAnniversaryDate, "X-ANNIVERSARY", ""},
	{valuebag.WPDContactSpouse, "X-ABRELATEDNAMES", "_$!<Spouse>!$_"}, {valuebag.WPDContactAssistant, "X-ABRELATEDNAMES", "_$!<Assistant>!$_"}, {valuebag.WPDContactChildren, "X-ABRELATEDNAMES", "_$!<Child>!$_"},
	{valuebag.WPDCommonInformationNotes, "NOTE", ""},
}

// structures are the keys of the parts of N and ADR, by part; the whole of an address is
// in full.
var structures = []struct {
	name, params string
	full         valuebag.PropertyKey
	parts        map[int]valuebag.PropertyKey
}{
	{name: "N", parts: map[int]valuebag.PropertyKey{0: valuebag.WPDContactLastName, 1: valuebag.WPDContactFirstName, 2: valuebag.WPDContactMiddleNames, 3: valuebag.WPDContactPrefix, 4: valuebag.WPDContactSuffix}},
	{"ADR", "TYPE=HOME", valuebag.WPDContactPersonalFullPostalAddress, map[int]valuebag.PropertyKey{2: valuebag.WPDContactPersonalPostalAddressLine1, 1: valuebag.WPDContactPersonalPostalAddressLine2,
		3: valuebag.WPDContactPersonalPostalAddressCity, 4: valuebag.WPDContactPersonalPostalAddressRegion, 5: valuebag.WPDContactPersonalPostalAddressPostalCode, 6: valuebag.WPDContactPersonalPostalAddressCountry}},
	{"ADR", "TYPE=WORK", valuebag.WPDContactBusinessFullPostalAddress, map[int]valuebag.PropertyKey{2: valuebag.WPDContactBusinessPostalAddressLine1, 1: valuebag.WPDContactBusinessPostalAddressLine2,
		3: valuebag.WPDContactBusinessPostalAddressCity, 4: valuebag.WPDContactBusinessPostalAddressRegion, 5: valuebag.WPDContactBusinessPostalAddressPostalCode, 6: valuebag.WPDContactBusinessPostalAddressCountry}},
	{"ADR", "", valuebag.WPDContactOtherFullPostalAddress, map[int]valuebag.PropertyKey{2: valuebag.WPDContactOtherPostalAddressLine1, 1: valuebag.WPDContactOtherPostalAddressLine2,
		3: valuebag.WPDContactOtherPostalAddressCity, 4: valuebag.WPDContactOtherPostalAddressRegion, 5: valuebag.WPDContactOtherPostalAddressPostalCode, 6: valuebag.WPDContactOtherPostalAddressPostalCountry}},
}
