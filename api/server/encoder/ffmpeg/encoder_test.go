package ffmpeg

import (
	"testing"

	"github.com/segue-audio/segue/api/server/encoder/encodertest"
)

func TestEncoder(t *testing.T) {
	e, err := Find("")
	if err != nil {
		t.Skip("ffmpeg is not installed")
	}
	encodertest.Run(t, e)
}

func TestNoProgram(t *testing.T) {
	if _, err := Find("/nonexistent/ffmpeg"); err == nil {
		t.Error("a program that isn't there was found")
	}
}
