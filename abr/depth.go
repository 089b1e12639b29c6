package abr

import (
	"math"
	"time"
)

// Depth says how far ahead of the ear music is worth fetching. The further, the longer an outage may be that nobody
// hears; and the more has come for nothing when the listener skips. The zero value is DefaultTarget everywhere.
type Depth struct {
	Least time.Duration // on any network; zero means DefaultTarget
	Most  time.Duration // on the best; less than Least means Least

	// Price is what a second of music that came for nothing costs, in seconds of listening to the best rendition; zero
	// means DefaultPrice, or DefaultMeteredPrice where each byte costs.
	Price float64
}

// What Depth.Price stands for when it is zero.
const (
	DefaultPrice        = 0.05
	DefaultMeteredPrice = 2
)

// Outlook is what Depth goes by.
type Outlook struct {
	Network Network
	Metered bool          // each byte costs
	Outages int           // that were had on this network: Link.Outages
	Stay    time.Duration // of listening between one skip and the next, on average; zero means DefaultStay
}

// DefaultStay is how long a listener of whom nothing is known yet listens between two skips.
const DefaultStay = 10 * time.Minute

// How often in an hour an outage is longer than half a minute, and how much more seldom it is for each factor that it
// is longer. In 14 hours of recorded 3G 2.2, 0.7 and 0.3 in an hour were longer than 30, 60 and 120 s; in 4 hours
// of 4G and 19 of fixed links none was, so those are guesses from tunnels and routers.
const (
	outages3G    = 2.2
	outages4G    = 0.3
	outagesFixed = 0.05
	outagesFade  = 1.4 // exponent
	outagesFrom  = 30 * time.Second
	onceBitten   = 4 // times as many where one was had
)

// Hold gives how much to hold: the depth at which one second more prevents no more silence than it wastes, rounded down
// to Least times a power of two, so that it doesn't change with every skip.
func (d Depth) Hold(o Outlook) time.Duration {
	least := d.Least
	if least <= 0 {
		least = DefaultTarget
	}
	price := d.Price
	if price <= 0 {
		price = DefaultPrice
		if o.Metered {
			price = DefaultMeteredPrice
		}
	}
	stay := o.Stay
	if stay <= 0 {
		stay = DefaultStay
	}
	silence := DefaultWeights().Stall * o.outages() / 3600 // that a second more of depth prevents in a second, at outagesFrom
	waste := price / stay.Seconds()
	worth := time.Duration(min(math.Pow(silence/waste, 1/outagesFade), 1000) * float64(outagesFrom))
	hold := least
	for hold <= min(worth, d.Most)/2 {
		hold *= 2
	}
	return hold
}

// outages are those in an hour that are longer than outagesFrom.
func (o *Outlook) outages() float64 {
	n := outages4G
	switch o.Network {
	case Network3G:
		n = outages3G
	case NetworkFixed:
		n = outagesFixed
	}
	if o.Outages > 0 {
		n *= onceBitten
	}
	return n
}

// Rest gives how much of what is held may be heard before more is fetched, in one go: on a cellular network the radio
// sleeps meanwhile (Huang et al., MobiSys 2012: it stays up for 11.6 s after the last byte). A shallow buffer is no
// place to save at.
func (d Depth) Rest(o Outlook, hold time.Duration) time.Duration {
	if !o.Network.cellular() || hold < restLeast {
		return 0
	}
	return hold / 4
}

const restLeast = 2 * time.Minute
