package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// s3 is the objects of Amazon S3, or of AWS_ENDPOINT_URL.
type s3 struct{}

// s3Clients are the clients of this process, by endpoint and region.
var s3Clients struct {
	sync.Mutex
	of map[[3]string]*awss3.Client
}

// s3Client returns the shared client. Region, endpoint and credentials come from
// where AWS's own tools take them: the environment, its files, the machine.
func s3Client(ctx context.Context) (*awss3.Client, error) {
	s3Clients.Lock()
	defer s3Clients.Unlock()
	key := [3]string{os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL"), os.Getenv("AWS_REGION")}
	if c := s3Clients.of[key]; c != nil {
		return c, nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of AWS: %w", err)
	}
	other := key[0] != "" || cfg.BaseEndpoint != nil
	if cfg.Region == "" {
		if !other {
			return nil, errors.New("AWS has no region: set AWS_REGION to the bucket's")
		}
		cfg.Region = "us-east-1" // what those that have no regions are signed for
	}
	c := awss3.NewFromConfig(cfg, func(o *awss3.Options) {
		if other {
			// What most servers that are not Amazon's understand.
			o.UsePathStyle = true
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	})
	if s3Clients.of == nil {
		s3Clients.of = make(map[[3]string]*awss3.Client)
	}
	s3Clients.of[key] = c
	return c, nil
}

func (s3) list(ctx context.Context, pattern string) ([]File, error) {
	files, err := listBucket(ctx, pattern, listS3)
	return files, inWords(err, "listing", pattern)
}

func listS3(ctx context.Context, bucket, prefix string, alive func(), visit func(string, int64, time.Time) bool) error {
	c, err := s3Client(ctx)
	if err != nil {
		return err
	}
	pages := awss3.NewListObjectsV2Paginator(c, &awss3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return explainS3(err, bucket)
		}
		alive()
		for _, o := range page.Contents {
			if !visit(aws.ToString(o.Key), aws.ToInt64(o.Size), aws.ToTime(o.LastModified)) {
				return nil
			}
		}
	}
	return nil
}

func (s3) open(ctx context.Context, path string) (Object, error) {
	o, err := openS3(ctx, path)
	if err != nil {
		return nil, inWords(err, "opening", path)
	}
	return o, nil
}

func openS3(ctx context.Context, path string) (Object, error) {
	bucket, name, err := splitURL(path)
	if err != nil {
		return nil, err
	}
	c, err := s3Client(ctx)
	if err != nil {
		return nil, err
	}
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	head, err := c.HeadObject(call, &awss3.HeadObjectInput{Bucket: &bucket, Key: &name})
	if err != nil {
		return nil, explainS3(err, bucket)
	}
	return &remote{ctx: ctx, path: path, size: aws.ToInt64(head.ContentLength), open: func(ctx context.Context, from, n int64) (io.ReadCloser, error) {
		part, err := c.GetObject(ctx, &awss3.GetObjectInput{
			Bucket: &bucket, Key: &name, IfMatch: head.ETag,
			Range: aws.String(fmt.Sprintf("bytes=%d-%d", from, from+n-1)),
		})
		if statusOf(err) == http.StatusPreconditionFailed || statusOf(err) == http.StatusNotFound {
			return nil, errReplaced
		}
		if err != nil {
			return nil, explainS3(err, bucket)
		}
		// Some servers do not know IfMatch.
		if aws.ToString(part.ETag) != aws.ToString(head.ETag) {
			return nil, errors.Join(errReplaced, part.Body.Close())
		}
		return part.Body, nil
	}}, nil
}

func (s3) remove(ctx context.Context, path string) error {
	return inWords(removeS3(ctx, path), "removing", path)
}

// removeS3 asks for the object first: S3 removes without a word what is not there.
func removeS3(ctx context.Context, path string) error {
	if _, err := openS3(ctx, path); err != nil {
		return err
	}
	bucket, name, err := splitURL(path)
	if err != nil {
		return err
	}
	c, err := s3Client(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err = c.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &bucket, Key: &name})
	return explainS3(err, bucket)
}

// statusOf is the HTTP status of an error; 0 where it has none.
func statusOf(err error) int {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.HTTPStatusCode()
	}
	return 0
}

// explainS3 says what an error of the service means.
func explainS3(err error, bucket string) error {
	if err == nil {
		return nil
	}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchBucket" {
		return missing(bucket, nil)
	}
	switch statusOf(err) {
	case http.StatusNotFound:
		return errNoFile
	case http.StatusMovedPermanently:
		return fmt.Errorf("the bucket %s is in another region: set AWS_REGION to its: %w", bucket, err)
	case http.StatusUnauthorized, http.StatusForbidden:
		return &storageError{text: "access is denied: name credentials that may with AWS_PROFILE, or with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", kind: fs.ErrPermission, cause: err}
	}
	return err
}
