package devprovider

import "fmt"

// MapCollection gives the folders of one name another collection. It goes into
// the phone's state with the next commit, so that every computer sees the items
// there in that collection. Items that the state lists already stay where they
// are; it is meant for a first meeting.
func (f *Folder) MapCollection(folder, collection string) error {
	folder, collection = normalCollection(folder), normalCollection(collection)
	for _, part := range []string{folder, collection} {
		if part == "" {
			return fmt.Errorf("a collection without a name")
		}
	}
	for _, t := range trees {
		at := join(t.folder, folder)
		if f.collectionAt(at) != collection {
			f.state.folders = append([]folderName{{at, collection}}, f.state.folders...)
		}
	}
	return nil
}
