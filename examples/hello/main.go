// Hello plays what its arguments name, URLs or files, through the speaker.
package main

import (
	"context"
	"errors"
	"log"
	"os"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/sink/speaker"
)

func main() {
	p := player.New(player.Config{Sink: speaker.New(speaker.Options{})})
	for _, url := range os.Args[1:] {
		p.Append(player.Item{URL: url})
	}
	p.Play()
	if err := errors.Join(p.Wait(context.Background()), p.Close()); err != nil {
		log.Fatal(err)
	}
}
