package abr

// Named gives the rule that goes by a name, its zero value: one of Names. ok is false for any other name.
func Named(name string) (rule Rule, ok bool) {
	for _, n := range named() {
		if n.name == name {
			return n.rule, true
		}
	}
	return nil, false
}

// Names lists the names that Named knows, for a flag's help or a setting.
func Names() []string {
	var list []string
	for _, n := range named() {
		list = append(list, n.name)
	}
	return list
}

type namedRule struct {
	name string
	rule Rule
}

func named() []namedRule {
	return []namedRule{
		{"throughput", ThroughputBuffer{}},
		{"bola", BOLA{}},
		{"hybrid", Hybrid{}},
		{"lowest", Lowest{}},
		{"highest", Highest{}},
	}
}
