//go:build unix

package realtest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// sdkPlaces are where the Google Cloud SDK is installed, besides where
// CLOUDSDK_ROOT_DIR says.
var sdkPlaces = []string{
	"/usr/lib/google-cloud-sdk", "/usr/share/google-cloud-sdk", "/usr/local/google-cloud-sdk", "/google-cloud-sdk", "/opt/google-cloud-sdk",
	"/snap/google-cloud-sdk/current", "$HOME/google-cloud-sdk", "$HOME/.local/google-cloud-sdk",
}

// PubSub starts Google's emulator of Pub/Sub, and returns its host and port, as
// PUBSUB_EMULATOR_HOST takes them. It is part of the Google Cloud SDK and can't be
// downloaded otherwise.
func PubSub(t testing.TB) string {
	t.Helper()
	needs(t, "java")
	jar := ""
	for _, place := range append([]string{os.Getenv("CLOUDSDK_ROOT_DIR")}, sdkPlaces...) {
		found, _ := filepath.Glob(os.ExpandEnv(place) + "/platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar")
		if place != "" && len(found) > 0 {
			jar = found[len(found)-1]
			break
		}
	}
	if jar == "" {
		unavailable(t, "Google's Pub/Sub emulator is not installed: gcloud components install pubsub-emulator, and set CLOUDSDK_ROOT_DIR to the SDK")
	}
	port := freePort(t)
	s := start(t, "pubsub", "java", "-Xmx256m", "-Djava.io.tmpdir="+t.TempDir(), "-jar", jar, "--host=127.0.0.1", "--port="+strconv.Itoa(port))
	await(t, s, "listened", func() bool { return listens(addressOf(port)) })
	return addressOf(port)
}
