package abr_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segue-audio/segue/abr"
)

// TestDepth: more where outages are many, less where bytes cost and where much is skipped.
func TestDepth(t *testing.T) {
	d := abr.Depth{Least: 30 * time.Second, Most: 10 * time.Minute}
	for _, tt := range []struct {
		name string
		of   abr.Outlook
		want time.Duration
		rest time.Duration
	}{
		{"3G", abr.Outlook{Network: abr.Network3G}, 8 * time.Minute, 2 * time.Minute},
		{"4G", abr.Outlook{Network: abr.Network4G}, 4 * time.Minute, time.Minute},
		{"who knows", abr.Outlook{}, 4 * time.Minute, 0},
		{"fixed", abr.Outlook{Network: abr.NetworkFixed}, time.Minute, 0},
		{"fixed, with outages", abr.Outlook{Network: abr.NetworkFixed, Outages: 1}, 2 * time.Minute, 0},
		{"metered 3G", abr.Outlook{Network: abr.Network3G, Metered: true}, time.Minute, 0},
		{"metered 4G", abr.Outlook{Network: abr.Network4G, Metered: true}, 30 * time.Second, 0},
		{"4G, skipped every 30 s", abr.Outlook{Network: abr.Network4G, Stay: 30 * time.Second}, 30 * time.Second, 0},
		{"4G, an hour of one opera", abr.Outlook{Network: abr.Network4G, Stay: time.Hour}, 8 * time.Minute, 2 * time.Minute},
	} {
		hold := d.Hold(tt.of)
		if rest := d.Rest(tt.of, hold); hold != tt.want || rest != tt.rest {
			t.Errorf("%s: %v and %v, not %v and %v", tt.name, hold, rest, tt.want, tt.rest)
		}
	}
	if got := (abr.Depth{}).Hold(abr.Outlook{Network: abr.Network3G}); got != abr.DefaultTarget {
		t.Errorf("the zero value: %v", got)
	}
}

// TestDepthIsMonotone: outages ask for no less, a price and skips for no more, and it keeps to its bounds.
func TestDepthIsMonotone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := abr.Depth{
			Least: time.Duration(rapid.Int64Range(0, 120).Draw(t, "least")) * time.Second,
			Most:  time.Duration(rapid.Int64Range(0, 3600).Draw(t, "most")) * time.Second,
			Price: rapid.Float64Range(0, 10).Draw(t, "price"),
		}
		o := abr.Outlook{
			Network: rapid.SampledFrom([]abr.Network{"", abr.Network3G, abr.Network4G, abr.NetworkFixed}).Draw(t, "network"),
			Stay:    time.Duration(rapid.Int64Range(0, 7200).Draw(t, "stay")) * time.Second,
		}
		hold := d.Hold(o)
		least := d.Least
		if least == 0 {
			least = abr.DefaultTarget
		}
		if hold < least || hold > max(least, d.Most) {
			t.Fatalf("%v of %+v", hold, d)
		}
		bitten, costly, fickle := o, o, o
		bitten.Outages, costly.Metered, fickle.Stay = 1, true, o.Stay/2+1
		if d.Hold(bitten) < hold || d.Price == 0 && d.Hold(costly) > hold || o.Stay > 0 && d.Hold(fickle) > hold {
			t.Fatalf("%v; with outages %v, metered %v, with more skips %v", hold, d.Hold(bitten), d.Hold(costly), d.Hold(fickle))
		}
		if rest := d.Rest(o, hold); rest < 0 || rest > hold/2 {
			t.Fatalf("rests for %v of %v", rest, hold)
		}
	})
}
