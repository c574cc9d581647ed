package pim

import (
	"errors"
	"image/color"
	"reflect"
	"testing"
)

// TestRule4Learn: what comes back otherwise than it was written says what a peer stores.
func TestRule4Learn(t *testing.T) {
	big, small := photo(96, 95, color.RGBA{9, 9, 9, 255}), photo(48, 40, color.RGBA{9, 9, 9, 255})
	for _, c := range []struct {
		name     string
		exchange [][2]string // written, read back
		want     string
	}{
		{"all of it", [][2]string{{"FN:Ada|TEL:1|NOTE:n", "NOTE:n|FN:Ada|REV:1|TEL:1"}}, ""},
		{"dropped", [][2]string{{"FN:Ada|NOTE:n|X-A:1", "FN:Ada"}}, "NOTE=no X-A=no"},
		{"cut", [][2]string{{"NOTE:0123456789", "NOTE:0123"}, {"NOTE:äöüßäöüß", "NOTE:äöüßä"}}, "NOTE=max:5"},
		{"cut, then not", [][2]string{{"NOTE:0123456789", "NOTE:0123"}, {"NOTE:01234567", "NOTE:01234567"}}, "NOTE=max:8"},
		{"so many", [][2]string{{"TEL:1111|TEL:2222|TEL:3333", "TEL:1111|TEL:2222"}}, "TEL=count:2"},
		{"so many, then more", [][2]string{{"TEL:1111|TEL:2222", "TEL:1111"}, {"TEL:1111|TEL:2222", "TEL:1111|TEL:2222"}}, ""},
		{"a number", [][2]string{{"TEL:+49 30 1234", "TEL:+49-30-1234"}}, "TEL=as:phone"},
		{"its labels", [][2]string{{"TEL;TYPE=x-a:1111", "TEL:1111"}}, "TEL=as:parts"},
		{"parts of a name", [][2]string{{"N:Byron;Ada;Augusta", "N:Byron;Ada"}}, "N=as:parts"},
		{"a photo", [][2]string{{"PHOTO;ENCODING=b;TYPE=JPEG:" + big, "PHOTO;ENCODING=b;TYPE=JPEG:" + small}}, "PHOTO=as:picture"},
		{"categories", [][2]string{{"CATEGORIES:a,b", "FN:x"}}, "CATEGORIES=no"},
		{"once given back, it is stored", [][2]string{{"NOTE:n", "FN:x"}, {"NOTE:n", "NOTE:n"}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var caps Capabilities
			for _, x := range c.exchange {
				caps.Learn(Contacts, mustItem(t, Contacts, cardText(x[0])), mustItem(t, Contacts, cardText(x[1])))
			}
			if got := caps.Text(Contacts); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseCapabilities(t *testing.T) {
	c, err := ParseCapabilities(Contacts, "GENDER=no NOTE=max:3 TEL=count:1,as:phone PHOTO=as:picture X-NEW=later:7")
	if err != nil {
		t.Fatal(err)
	}
	item := mustItem(t, Contacts, cardText("FN:Ada|GENDER:F|NOTE:long|TEL:1|TEL:2|PHOTO;ENCODING=b:AAAA|ROLE:r"))
	want := []Loss{{"GENDER", "not stored"}, {"NOTE", "only 3 characters"}, {"PHOTO", "smaller"}, {"TEL", "only 1 of them"}}
	if got := c.Losses(Contacts, item); !reflect.DeepEqual(got, want) {
		t.Errorf("losses: got %v, want %v", got, want)
	}
	// Of one whole value nothing is stored in part.
	if c, err = ParseCapabilities(Contacts, "FN=as:parts N=as:parts TEL=as:parts ORG=as:otherwise"); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]Loss{
		"FN:Ada|N:Ada;;;;|TEL:1":               nil,
		"FN;LANGUAGE=en:Ada|N:Byron;Ada":       {{"FN", "in part"}, {"N", "in part"}},
		"FN:Ada|item1.TEL:1|item1.X-ABLabel:x": {{"TEL", "in part"}},
		"FN:Ada|ORG:x":                         {{"ORG", "in part"}},
	} {
		if got := c.Losses(Contacts, mustItem(t, Contacts, cardText(text))); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: losses: got %v, want %v", text, got, want)
		}
	}
	for _, bad := range []string{"NOTE", "note=no", "NOTE=max:x", "NOTE=max:0", "NOTE=count:-1", "=no"} {
		if _, err := ParseCapabilities(Contacts, bad); !errors.Is(err, ErrCapabilities) {
			t.Errorf("%q: got %v, want %v", bad, err, ErrCapabilities)
		}
	}
}
