package valuebag_test

import (
	"errors"
	"fmt"

	"cradle/valuebag"
)

func Example() {
	var bag valuebag.Values
	bag.SetString(valuebag.WPDContactDisplayName, "Ada Lovelace")
	bag.SetStrings(valuebag.WPDContactOtherPhones, []string{"+44 20 7946 0001"})
	bag.SetUint64(valuebag.WPDObjectSize, 4096)
	fmt.Print(&bag)

	_, err := bag.GetString(valuebag.WPDObjectSize)
	fmt.Println(errors.Is(err, valuebag.ErrTypeMismatch), err)
	_, err = bag.GetString(valuebag.WPDObjectName)
	fmt.Println(errors.Is(err, valuebag.ErrNotFound), err)
	// Output:
	// WPD_OBJECT_SIZE = uint64 4096
	// WPD_CONTACT_DISPLAY_NAME = string "Ada Lovelace"
	// WPD_CONTACT_OTHER_PHONES = variants string [
	//   "+44 20 7946 0001"
	// ]
	// true valuebag: WPD_OBJECT_SIZE: value is uint64, not string: type mismatch (0x80020005)
	// true valuebag: WPD_OBJECT_NAME: not found (0x80070490)
}
