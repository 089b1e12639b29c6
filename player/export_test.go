package player

// Occupy keeps the control goroutine busy until gate is closed.
func (p *Player) Occupy(gate <-chan struct{}) { p.mail.post(func() { <-gate }) }
