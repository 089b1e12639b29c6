package abr

// Named gives the rule that goes by a name, one of Names, as its zero value; a Fitter among them is to be fitted
// before it is any good. ok is false for any other name.
func Named(name string) (rule Rule, ok bool) {
	for _, n := range named() {
		if n.name == name {
			return n.rule, true
		}
	}
	return nil, false
}

// Names lists the names that Named knows, the default's first, for a flag's help or a setting.
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
		{"tempo", new(Tempo)},
		{"throughput", ThroughputBuffer{}},
		{"bola", BOLA{}},
		{"hybrid", Hybrid{}},
		{"lowest", Lowest{}},
		{"highest", Highest{}},
	}
}
