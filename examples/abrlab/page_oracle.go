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
	oracleScale   = 0.05 // of a usual 4G link
)

// oracleShares are what the oracle and a rule get of what is attainable, in percent, with so many seconds of room.
func oracleShares(room float64, rule abrtest.Entry, cache abrtest.Cache) (oracle, ours float64, err error) {
	list, err := abrtest.Music{}.Playlist()
	if err != nil {
		return 0, 0, err
	}
	oracle, err = abrtest.Oracle{Kbps: oracleKbps, Latency: oracleLatency, Playlist: list, Buffer: room * 1000}.QoE()
	if err != nil {
		return 0, 0, err
	}
	floor, best := 0.0, 0.0
	for i := range oracleDraws {
		trace, err := abrtest.NewTrace(fmt.Sprintf("steady-%d", i), []abrtest.Period{{Duration: 1800e3, Kbps: oracleKbps, Latency: oracleLatency}})
		if err == nil {
			trace, err = trace.Tunnelled()
		}
		if err != nil {
			return 0, 0, err
		}
		trace.Network = "4g"
		client := abrtest.Client{Trace: trace, Playlist: list, Buffer: room * 1000, Scale: oracleScale}
		plan, err := client.CachedOptimum(cache)
		if err != nil {
			return 0, 0, err
		}
		for _, a := range []struct {
			to        *float64
			algorithm abrtest.Algorithm
		}{{&floor, abrtest.Plan(nil)}, {&best, plan}, {&ours, rule.New()}} {
			m, err := client.Run(a.algorithm)
			if err != nil {
				return 0, 0, err
			}
			*a.to += m.QoE / oracleDraws
		}
	}
	return 100 * (oracle - floor) / (best - floor), 100 * (ours - floor) / (best - floor), nil
}

// oracleText says how much of the optimum is foresight, in tunnels.
func oracleText(rule abrtest.Entry, cache abrtest.Cache) (string, error) {
	var shares, ours [2]float64
	for i, room := range []float64{30, 120} {
		var err error
		if shares[i], ours[i], err = oracleShares(room, rule, cache); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("Tunnels show how far. On links of %d kbps that are steady but for them, an oracle that knows the rate and the odds of a tunnel, "+
		"and not when one comes or ends, reaches %.0f %% of what is attainable with room for 30 s and %.0f %% with room for 120 s, by dynamic "+
		"programming over all that can happen; %s, which knows neither, %.0f %% and %.0f %%. No causal rule does better there on average than the oracle, "+
		"but by upgrading; and recorded links are not steady.", oracleKbps, shares[0], shares[1], rule.Name, ours[0], ours[1]), nil
}
