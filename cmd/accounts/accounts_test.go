package accounts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	const (
		vdirsyncer = `# [storage no] is a comment
[general]
status_path = "~/.vdirsyncer/status/"

[pair contacts]
a = "here"
b = "there"

[storage here]
type = "filesystem"
path = "~/.contacts/"
fileext = ".vcf"

[storage there]
type = "carddav"
url = "https://dav.example.org/"
password = "secret"

[storage google]
type = "google_calendar"

[storage web]
type = "http"
`
		pimsync = `status_path "~/.local/share/pimsync/status/"
storage calendars_local {
  type vdir/icalendar
  path "/srv/calendars"
}
storage calendars_remote {
  type caldav
  url https://dav.example.org/
  password {
    cmd pass show dav
    type carddav
  }
}
pair calendars {
  storage_a calendars_local
  type caldav
}
`
		book     = "[Data Source]\nDisplayName=Work\nEnabled=true\n[Address Book]\nBackendName=carddav\n[Authentication]\nHost=dav.example.org\n"
		off      = "[Data Source]\nEnabled=false\n[Calendar]\nBackendName=caldav\n"
		local    = "[Data Source]\nEnabled=true\n[Calendar]\nBackendName=local\n"
		accounts = "[Account account_1_0]\nProvider=owncloud\nContactsEnabled=true\n[Account account_1_1]\nProvider=google\nContactsEnabled=false\nCalendarEnabled=false\n[Account account_1_2]\nProvider=imap_smtp\nMailEnabled=true\n"
	)
	for _, tt := range []struct {
		name  string
		files map[string]string // below the user's folder
		env   string            // VDIRSYNCER_CONFIG
		want  []Account
		err   string
	}{
		{name: "nothing"},
		{
			name: "vdirsyncer", files: map[string]string{".config/vdirsyncer/config": vdirsyncer},
			want: []Account{{Program: "vdirsyncer", Path: "~/.config/vdirsyncer/config", Servers: 2, Folders: []string{"~/.contacts"}}},
		},
		{
			name: "vdirsyncer's old place goes first", files: map[string]string{".vdirsyncer/config": "[storage a]\ntype = \"caldav\"\n", ".config/vdirsyncer/config": vdirsyncer},
			want: []Account{{Program: "vdirsyncer", Path: "~/.vdirsyncer/config", Servers: 1}},
		},
		{
			name: "and the variable before both", files: map[string]string{"mine": "[storage a]\ntype = \"caldav\"\n", ".config/vdirsyncer/config": vdirsyncer}, env: "~/mine",
			want: []Account{{Program: "vdirsyncer", Path: "~/mine", Servers: 1}},
		},
		{name: "vdirsyncer without a server", files: map[string]string{".config/vdirsyncer/config": "[storage a]\ntype = \"filesystem\"\npath = \"~/a\"\n"}},
		{
			name: "pimsync", files: map[string]string{".config/pimsync/pimsync.conf": pimsync},
			want: []Account{{Program: "pimsync", Path: "~/.config/pimsync/pimsync.conf", Servers: 1, Folders: []string{"/srv/calendars"}}},
		},
		{
			name: "Evolution", files: map[string]string{".config/evolution/sources/a.source": book, ".config/evolution/sources/b.source": off, ".config/evolution/sources/c.source": local, ".config/evolution/sources/d.source~": book},
			want: []Account{{Program: "Evolution", Path: "~/.config/evolution/sources", Servers: 1}},
		},
		{
			name: "GNOME", files: map[string]string{".config/goa-1.0/accounts.conf": accounts},
			want: []Account{{Program: "GNOME Online Accounts", Path: "~/.config/goa-1.0/accounts.conf", Servers: 1}},
		},
		{
			name: "one can't be read", files: map[string]string{".config/pimsync/pimsync.conf": pimsync, ".config/goa-1.0/accounts.conf": strings.Repeat("#", maxFile+1)},
			want: []Account{{Program: "pimsync", Path: "~/.config/pimsync/pimsync.conf", Servers: 1, Folders: []string{"/srv/calendars"}}},
			err:  "accounts.conf: more than",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			for name, text := range tt.files {
				path := filepath.Join(home, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Places{Home: home, Config: filepath.Join(home, ".config"), Vdirsyncer: tt.env}.Find()
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want one with %q", err, tt.err)
			}
			for i := range got {
				got[i].Path = strings.Replace(got[i].Path, home, "~", 1)
				for j, f := range got[i].Folders {
					got[i].Folders[j] = strings.Replace(f, home, "~", 1)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("accounts (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzGroups(f *testing.F) {
	f.Add([]byte("[a]\nb=c\n#d=e\n[f"))
	f.Add([]byte("x=1\n[]\n=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for _, g := range groups(b) {
			n += len(g.keys) + 1
		}
		if n > 1+len(b) {
			t.Errorf("%d groups and keys of %d bytes", n, len(b))
		}
	})
}
