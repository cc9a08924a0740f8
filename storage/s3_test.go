package storage

import (
	"net"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// startS3 starts a server of S3's protocol that has a bucket.
func startS3(t *testing.T, wrap func(http.Handler) http.Handler) {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, listener, wrap(gofakes3.New(backend).Server()))
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://" + listener.Addr().String(), "AWS_REGION": "eu-west-1",
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "test-only", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func TestS3(t *testing.T) {
	startS3(t, asItIs)
	conforms(t, "s3://bucket/root")
	bucketErrors(t, "s3")
	// Parts of an upload that was aborted would cost money for ever.
	c, err := s3Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left, err := c.ListMultipartUploads(t.Context(), &awss3.ListMultipartUploadsInput{Bucket: aws.String("bucket")}); err != nil || len(left.Uploads) > 0 {
		t.Errorf("%d uploads are left, %v", len(left.Uploads), err)
	}
}

func TestS3Breaks(t *testing.T) {
	var b breaker
	startS3(t, b.wrap)
	b.check(t, "s3://bucket/a.bin")
}

func TestS3Denied(t *testing.T) {
	startS3(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	})
	_, err := List(t.Context(), "s3://bucket/*")
	checkError(t, err, "listing s3://bucket/*", "access is denied", "AWS_PROFILE")
}

func TestS3NeedsARegion(t *testing.T) {
	for _, name := range []string{"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	_, err := List(t.Context(), "s3://bucket/*")
	checkError(t, err, "listing s3://bucket/*", "set AWS_REGION")
}
