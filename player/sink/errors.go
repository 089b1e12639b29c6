package sink

import "errors"

// ErrNoDevice says that there is no audio device, or that it can't be opened.
var ErrNoDevice = errors.New("no audio device")
