package abr

// Observer is shown what a session's rule is asked and answers, and what its Estimator is told: to record
// it, as package abrtest does, or to watch. Any goroutine may call it, and it must not wait.
type Observer interface {
	// Wrap gives a rule that answers as the other does, and shows. It is an Upgrader where the other is one.
	Wrap(rule Rule) Rule

	// Sample shows what the Estimator was told.
	Sample(s Sample)

	// Doubt shows that it was told that the link may be another one.
	Doubt()

	// Expect shows what it was told to expect.
	Expect(p Prior)

	// Network shows the kind of network from now on, where the app says.
	Network(kind string)
}
