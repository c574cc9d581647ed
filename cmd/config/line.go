package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// words are the settings that there are, at any depth.
var words = func() []string {
	var list []string
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		for t.Kind() == reflect.Slice || t.Kind() == reflect.Map || t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for i := range t.NumField() {
			if name := t.Field(i).Tag.Get("toml"); name != "" {
				list = append(list, name)
				add(t.Field(i).Type)
			} else if t.Field(i).Anonymous {
				add(t.Field(i).Type)
			}
		}
	}
	add(reflect.TypeFor[file]())
	slices.Sort(list)
	return slices.Compact(list)
}()

// lineOf finds the line, from 1, that gives a key; 0 when it can't be told. The
// decoder doesn't tell where a key is that it has no use for, so the text is looked
// through again: first below the headers of the key's own tables.
func lineOf(text string, key toml.Key) int {
	last := regexp.QuoteMeta(key[len(key)-1])
	given := regexp.MustCompile(`(?:^|[\s,{.])["']?` + last + `["']?\s*[=.]`)
	header := regexp.MustCompile(`^\s*\[\[?(.*?)\]\]?\s*(?:#.*)?$`)
	anywhere, inside := 0, ""
	for i, line := range strings.Split(text, "\n") {
		if m := header.FindStringSubmatch(line); m != nil {
			inside = plainKey(m[1])
			if inside == plainKey(key.String()) {
				return i + 1
			}
			continue
		}
		if strings.HasPrefix(strings.TrimSpace(line), "#") || !given.MatchString(line) {
			continue
		}
		if inside != "" && strings.HasPrefix(plainKey(key.String()), inside) {
			return i + 1
		}
		if anywhere == 0 {
			anywhere = i + 1
		}
	}
	return anywhere
}

// plainKey is a key without quotes and spaces, for comparing.
func plainKey(s string) string {
	return strings.NewReplacer(`"`, "", "'", "", " ", "", "\t", "").Replace(s)
}
