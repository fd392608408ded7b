package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Store is the profiles of whoever runs the command. Only Open makes one.
type Store struct {
	Dir      string    // where the files are
	Default  string    // name of the profile that is used when none is named
	Profiles []Profile // in the order in which they were made

	// Apart keeps secrets in a file of Dir too: for a directory of somebody's choice, which the keyring, one for all of
	// them, would mix with others.
	Apart bool
}

// file is how profiles.yml looks.
type file struct {
	Default  string    `yaml:"default"`
	Profiles []Profile `yaml:"profiles"`
}

const (
	profilesFile = "profiles.yml"
	secretsFile  = "secrets.yml"
)

// DirVariable names the directory of the files, in place of the user's configuration directory.
const DirVariable = "PAIL_CONFIG_DIR"

// Open reads the profiles from dir; "" is the directory pail in the user's configuration directory. A file that is not
// there is no error.
func Open(dir string) (*Store, error) {
	if dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return nil, fmt.Errorf("%w; name a directory for logins with %s", err, DirVariable)
		}
		dir = filepath.Join(base, "pail")
	}
	s := &Store{Dir: dir}
	var f file
	if err := readYAML(s.path(profilesFile), &f); err != nil {
		return nil, err
	}
	s.Default, s.Profiles = f.Default, f.Profiles
	return s, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.Dir, name) }

// Find finds the profile of a name; "" is the default.
func (s *Store) Find(name string) (Profile, bool) {
	if name == "" {
		name = s.Default
	}
	if i := s.index(name); i >= 0 {
		return s.Profiles[i], true
	}
	return Profile{}, false
}

func (s *Store) index(name string) int {
	return slices.IndexFunc(s.Profiles, func(p Profile) bool { return strings.EqualFold(p.Name, name) })
}

// Names lists the names of the profiles.
func (s *Store) Names() []string {
	names := make([]string, len(s.Profiles))
	for i, p := range s.Profiles {
		names[i] = p.Name
	}
	return names
}

// Put keeps a profile and its secret, in place of one of the same name, and makes it the default. It returns the profile
// as it is kept. When the keyring cannot take the secret, a file does, and lack says why it was not the keyring.
func (s *Store) Put(p Profile, secret string) (kept Profile, lack, err error) {
	if i := s.index(p.Name); i >= 0 {
		p.Name = s.Profiles[i].Name // the name's case belongs to the secret's place
	}
	if p.Stored, lack, err = s.keep(p, secret); err != nil {
		return p, lack, err
	}
	s.Default = p.Name
	return p, lack, s.Update(p)
}

// Update changes what is known about a profile, not its secret.
func (s *Store) Update(p Profile) error {
	if i := s.index(p.Name); i >= 0 {
		s.Profiles[i] = p
	} else {
		s.Profiles = append(s.Profiles, p)
	}
	return s.save()
}

// Remove forgets a profile and its secret.
func (s *Store) Remove(p Profile) error {
	if err := s.forget(p); err != nil {
		return err
	}
	if i := s.index(p.Name); i >= 0 {
		s.Profiles = slices.Delete(s.Profiles, i, i+1)
	}
	if s.Default == p.Name {
		s.Default = ""
		if len(s.Profiles) > 0 {
			s.Default = s.Profiles[len(s.Profiles)-1].Name
		}
	}
	return s.save()
}

func (s *Store) save() error {
	return writeYAML(s.path(profilesFile), "# The logins of pail. Their secrets are in the keyring, or in "+secretsFile+".\n", file{s.Default, s.Profiles})
}

// readYAML reads a file into v. What is not there is left as it is.
func readYAML(path string, v any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, v); err != nil {
		// The error of the parser shows the lines around the place, and a secret may stand there.
		return fmt.Errorf("%s cannot be read: it is not the YAML that pail login writes; mend it, or remove it and log in again", path)
	}
	return nil
}

// writeYAML replaces a file by another one with v, readable by its owner only. Whoever reads meanwhile finds the old
// file or the new one, whole.
func writeYAML(path, head string, v any) error {
	text, err := yaml.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.WriteString(head + string(text))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
