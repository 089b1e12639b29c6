package main

import (
	"fmt"

	"github.com/segue-audio/segue/abr/abrtest"
)

// The oracle's links: steady ones of this rate, with so many draws of tunnels.
const (
	oracleKbps    = 1000
	oracleLatency = 50
	oracleDraws   = 40
)

// oracleShare is what the oracle gets of what is attainable, in percent, with so many seconds of room.
func oracleShare(room float64, cache abrtest.Cache) (float64, error) {
	list, err := abrtest.Music{}.Playlist()
	if err != nil {
		return 0, err
	}
	oracle, err := abrtest.Oracle{Kbps: oracleKbps, Latency: oracleLatency, Playlist: list, Buffer: room * 1000}.QoE()
	if err != nil {
		return 0, err
	}
	floor, best := 0.0, 0.0
	for i := range oracleDraws {
		trace, err := abrtest.NewTrace(fmt.Sprintf("steady-%d", i), []abrtest.Period{{Duration: 1800e3, Kbps: oracleKbps, Latency: oracleLatency}})
		if err == nil {
			trace, err = trace.Tunnelled()
		}
		if err != nil {
			return 0, err
		}
		client := abrtest.Client{Trace: trace, Playlist: list, Buffer: room * 1000}
		plan, err := client.CachedOptimum(cache)
		if err != nil {
			return 0, err
		}
		for _, a := range []struct {
			to   *float64
			plan abrtest.Plan
		}{{&floor, nil}, {&best, plan}} {
			m, err := client.Run(a.plan)
			if err != nil {
				return 0, err
			}
			*a.to += m.QoE / oracleDraws
		}
	}
	return 100 * (oracle - floor) / (best - floor), nil
}

// oracleText says how much of the optimum is foresight, in tunnels.
func oracleText(cache abrtest.Cache) (string, error) {
	var shares [2]float64
	for i, room := range []float64{30, 120} {
		var err error
		if shares[i], err = oracleShare(room, cache); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("Tunnels show how far. On links of %d kbps that are steady but for them, an oracle that knows the rate and the odds of a tunnel, "+
		"and not when one comes or ends, reaches %.0f %% of what is attainable with room for 30 s and %.0f %% with room for 120 s, by dynamic "+
		"programming over all that can happen. No causal rule does better there on average, but by upgrading; and recorded links are not steady.",
		oracleKbps, shares[0], shares[1]), nil
}
