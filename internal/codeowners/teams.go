package codeowners

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// TeamsPath is where the teams are.
const TeamsPath = ".bitbucket/teams.yaml"

// MaxTeams is the largest file of teams, in bytes.
const MaxTeams = 16 << 10

// Members are those of a team, each an owner, and whom of them to ask where the line of the team does not say it.
type Members struct {
	Owners []Owner // of the kinds Email and Account
	Pick   Pick
	Count  int
}

// teamYAML is a team as it is written.
type teamYAML struct {
	Contributors []string `yaml:"contributors"`
	Reviews      struct {
		Strategy string `yaml:"strategy"`
		Select   int    `yaml:"select"`
	} `yaml:"reviews"`
}

// ParseTeams reads a file of teams, which are named by their keys. The error is a sentence; what a team has that is no member is left
// out, and told as a fault.
func ParseTeams(data []byte) (teams map[string]Members, faults []Fault, err error) {
	if len(data) > MaxTeams {
		return nil, nil, fmt.Errorf("%s has more than %d KiB, and is not read", TeamsPath, MaxTeams>>10)
	}
	if strings.ContainsAny(string(data), "&*") || strings.Count(string(data), "[")+strings.Count(string(data), "{") > 500 {
		return nil, nil, errors.New(TeamsPath + " has more in it than lists of names, and is not read")
	}
	var all map[string]teamYAML
	if err := yaml.Unmarshal(data, &all); err != nil {
		return nil, nil, errors.New(TeamsPath + " cannot be read as YAML with a list of contributors for each team")
	}
	f := &File{}
	teams = map[string]Members{}
	for name, t := range all {
		var m Members
		for _, word := range t.Contributors {
			o, why := parseOwner(word)
			switch {
			case why == "" && (o.Kind == Group || o.Kind == Team):
				why = shown(word) + " is no person, and teams have people alone."
			case why == "" && len(m.Owners) == maxOwners:
				why = fmt.Sprintf("It has more than %d contributors.", maxOwners)
			}
			if why != "" {
				f.blame(0, "%s: team %s: %s", TeamsPath, shown(name), why)
				continue
			}
			m.Owners = append(m.Owners, o)
		}
		switch strings.ToLower(t.Reviews.Strategy) {
		case "", "all":
		case "random":
			m.Pick = Random
		case "least_busy":
			m.Pick = LeastBusy
		default:
			f.blame(0, "%s: team %s: the strategy is all, random or least_busy.", TeamsPath, shown(name))
		}
		if m.Pick != All {
			m.Count = max(1, t.Reviews.Select)
		}
		teams[name] = m
	}
	return teams, f.Faults, nil
}
