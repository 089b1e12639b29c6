package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/segue-audio/segue/abr/abrtest"
	"github.com/segue-audio/segue/abr/abrtest/peers"
)

// defaultRule is the one that a player has when its app says nothing.
const defaultRule = "tempo"

// entries is every rule that can be run, ours first.
func entries() []abrtest.Entry { return append(abrtest.Entries(), peers.Entries()...) }

// choose gives the rules whose names match one of the patterns of path.Match, in the order of the list; all
// where there are no patterns.
func choose(patterns []string) ([]abrtest.Entry, error) {
	all := entries()
	if len(patterns) == 0 {
		return all, nil
	}
	matched := map[string]bool{}
	for _, pattern := range patterns {
		found := false
		for _, e := range all {
			ok, err := path.Match(pattern, e.Name)
			if err != nil {
				return nil, fmt.Errorf("%w: %q: %w", errUsage, pattern, err)
			}
			if ok {
				matched[e.Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: no rule is called %q; there are %s", errUsage, pattern, strings.Join(names(all), ", "))
		}
	}
	var list []abrtest.Entry
	for _, e := range all {
		if matched[e.Name] {
			list = append(list, e)
		}
	}
	return list, nil
}

func names(list []abrtest.Entry) []string {
	var s []string
	for _, e := range list {
		s = append(s, e.Name)
	}
	return s
}

// rulesCommand lists the rules.
type rulesCommand struct{}

// Run prints them.
func (rulesCommand) Run(p *program) error {
	for _, e := range entries() {
		if _, err := fmt.Fprintf(p.stdout, "%-22s %s\n", e.Name, e.About); err != nil {
			return err
		}
	}
	return nil
}
