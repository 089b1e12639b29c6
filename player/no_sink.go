package player

import (
	"context"
	"fmt"

	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/sink"
)

// noSink stands in where Config names no sink: playing fails with KindNoDevice, and nothing panics.
type noSink struct{}

func (noSink) Start(sink.Format, sink.Source) (sink.Format, error) {
	return sink.Format{}, fmt.Errorf("%w: Config.Sink is nil", sink.ErrNoDevice)
}

func (noSink) Latency() media.Frames       { return 0 }
func (noSink) Drain(context.Context) error { return nil }
func (noSink) Close() error                { return nil }
