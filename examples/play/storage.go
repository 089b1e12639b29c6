package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/segue-audio/segue/cache"
)

// openStorage opens the cache that o names; nil with --cache off. A default place that can't be
// used is no reason not to play, and notice says so; one that was asked for is.
func openStorage(ctx context.Context, o options, log *slog.Logger, notice func(string)) (*cache.Store, error) {
	if o.Cache == "off" {
		return nil, nil
	}
	secret, err := deviceSecret()
	if err != nil {
		notice("encrypted music won't be playable offline: no device key: " + err.Error())
	}
	dir := o.Cache
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			notice("nothing is kept: " + err.Error())
			return nil, nil
		}
		dir = filepath.Join(base, "segue")
	}
	store, err := cache.Open(ctx, cache.Options{
		Path: filepath.Join(dir, "music.db"), MaxBytes: int64(o.CacheSize), Secret: secret, Logger: log,
	})
	if err == nil {
		return store, nil
	}
	if o.Cache != "" {
		return nil, fmt.Errorf("--cache %s: %w", o.Cache, err)
	}
	notice("nothing is kept: " + err.Error())
	return nil, nil
}
