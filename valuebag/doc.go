// Package valuebag is the property bag in which items travel through Cradle: a
// map from [PropertyKey] to a typed [Value], written anew after
// IPortableDeviceValues of the Windows Portable Devices API.
//
// # Why a bag
//
// A contact on a phone, a contact in a database and a contact in a vCard have
// little in common but this: each is a set of facts, and each fact can be given
// a name that does not depend on who stores it. A [PropertyKey] is such a name,
// a GUID for the category ("contact properties") and a small number in it. The
// names of the Windows headers are here as variables, [WPDContactMobilePhone]
// and 545 more, so a bag can be talked about with anything that speaks WPD or
// MTP device services. Other packages define categories of their own with a new
// GUID.
//
//	var bag valuebag.Values // the zero bag works
//	bag.SetString(valuebag.WPDObjectName, "Ada Lovelace")
//	bag.SetStrings(valuebag.WPDContactOtherPhones, []string{"+44 20 7946 0001"})
//	name, err := bag.GetString(valuebag.WPDObjectName)
//
// # Types
//
// A [Value] is one of a closed set: integers of 8 to 64 bits, floats, bool, text,
// GUID, date, error code, bytes, a key, a nested bag, and three collections:
// of keys, of bags, and of values of one type. [Value.Type] is the VARTYPE by
// which Windows knows it, [Value.Kind] also tells the four apart that Windows
// calls VT_UNKNOWN. Getters never convert: asking a number for its text is
// [ErrTypeMismatch], an absent key [ErrNotFound], an index beyond the end
// [ErrOutOfRange]; all three are [HRESULT] values with the number Windows uses,
// and work with errors.Is. [Value.Convert] converts when that is wanted. A bulk
// read that fails for one property stores the reason under its key as
// [ErrorCode]; [Values.Failures] lists these.
//
// # Ownership
//
// Values never change. Slices are handed over, not copied: after
// SetBytes(k, b) the caller must leave b alone, and what GetBytes gives must
// only be read. Bags inside bags are copied on the way in and out (the copy is
// shallow and cheap, because the values in it are shared), so no bag changes
// through another and none contains itself. Compare with [Values.Equal] and
// [Value.Equal] (go-cmp finds them); reflect.DeepEqual would compare addresses.
//
// # One order, one form
//
// WPD promises no order; here entries are always sorted by category and number,
// so that equal bags look equal everywhere: in [Values.All], in the binary form
// ([Values.MarshalBinary], exactly one per bag, specified in binary.go), in the
// digest made of it ([Values.Digest]), in JSON ([Values.MarshalJSON], readable
// and without loss) and in text ([Values.String], for people only).
package valuebag
