//go:build !(windows || darwin || js || cgo)

package speaker

import (
	"errors"
	"time"
)

// openDevice has no driver: on this system it needs cgo.
func openDevice(int, time.Duration) (*device, error) {
	return nil, errors.New("this program was built without cgo (CGO_ENABLED=0), which sound output needs on this system")
}
