package config_test

import (
	"slices"
	"testing"

	"github.com/einstack/glide/internal/config"
)

func TestNeedRestart(t *testing.T) {
	before, after := config.Default(), config.Default()
	after.API.HTTP.WriteTimeout++
	after.Routers.Language[0].ID = "other"
	if keys := config.NeedRestart(before, after); keys != nil {
		t.Errorf("got %q for what is read again", keys)
	}
	after.API.HTTP.ListenAddr = "127.0.0.1:1"
	after.Telemetry.Logging.Level = "debug"
	want := []string{"telemetry.logging.level", "api.http.listen_addr"}
	if keys := config.NeedRestart(before, after); !slices.Equal(keys, want) {
		t.Errorf("got %q, want %q", keys, want)
	}
}
