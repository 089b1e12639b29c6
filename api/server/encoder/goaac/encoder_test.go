package goaac

import (
	"testing"

	"github.com/segue-audio/segue/api/server/encoder/encodertest"
)

func TestThorough(t *testing.T) { encodertest.Run(t, New(Thorough)) }
func TestFast(t *testing.T)     { encodertest.Run(t, New(Fast)) }
