package main

import (
	"cmp"
	"errors"
	"os"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/abr/abrtest"
)

// recording is the file of --record-abr. Its methods may be called of nil.
type recording struct {
	file *os.File
	*abrtest.Recorder
}

// newRecording opens the file; nil where none is wanted.
func newRecording(o options) (*recording, error) {
	if o.RecordABR == "" {
		return nil, nil
	}
	file, err := os.Create(o.RecordABR)
	if err != nil {
		return nil, err
	}
	return &recording{file, abrtest.NewRecorder(file, cmp.Or(o.Rule.name, "default"), nil)}, nil
}

// observer is what the player shows its choices to: nil for nobody.
func (r *recording) observer() abr.Observer {
	if r == nil {
		return nil
	}
	return r.Recorder
}

// close gives the first error of all that was written.
func (r *recording) close() error {
	if r == nil {
		return nil
	}
	return errors.Join(r.Err(), r.file.Close())
}
