package storage

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// s3Part is the size of the parts of an upload, in bytes. S3 takes 10,000 of
	// them, which makes objects of up to 78 GiB. Each open Writer holds up to one.
	s3Part = 8 << 20
	// s3PartTimeout bounds the upload of a part, the tries of the SDK among them.
	s3PartTimeout = 2 * time.Minute
)

// s3Writer uploads an object: at once where it is small, else in parts, of which
// nobody sees any before the upload is completed.
type s3Writer struct {
	ctx    context.Context
	c      *awss3.Client
	path   string
	bucket string
	name   string

	buf    bytes.Buffer
	upload *string // the id of an upload in parts; nil before it began
	parts  []types.CompletedPart
	ended  bool
	err    error
}

func (s3) create(ctx context.Context, path string) (Writer, error) {
	bucket, name, err := splitURL(path)
	if err != nil {
		return nil, inWords(err, "creating", path)
	}
	c, err := s3Client(ctx)
	if err != nil {
		return nil, inWords(err, "creating", path)
	}
	return &s3Writer{ctx: ctx, c: c, path: path, bucket: bucket, name: name}, nil
}

func (w *s3Writer) Write(p []byte) (n int, err error) {
	if w.ended {
		return 0, inWords(fs.ErrClosed, "writing", w.path)
	}
	for w.err == nil && len(p) > 0 {
		if w.buf.Len() == s3Part {
			w.err = inWords(explainS3(w.sendPart(), w.bucket), "writing", w.path)
			continue
		}
		m := min(len(p), s3Part-w.buf.Len())
		w.buf.Write(p[:m])
		p, n = p[m:], n+m
	}
	return n, w.err
}

func (w *s3Writer) sendPart() error {
	ctx, cancel := context.WithTimeout(w.ctx, s3PartTimeout)
	defer cancel()
	if w.upload == nil {
		begun, err := w.c.CreateMultipartUpload(ctx, &awss3.CreateMultipartUploadInput{Bucket: &w.bucket, Key: &w.name})
		if err != nil {
			return err
		}
		w.upload = begun.UploadId
	}
	number := aws.Int32(int32(len(w.parts) + 1))
	sent, err := w.c.UploadPart(ctx, &awss3.UploadPartInput{
		Bucket: &w.bucket, Key: &w.name, UploadId: w.upload, PartNumber: number,
		Body: bytes.NewReader(w.buf.Bytes()),
	})
	if err != nil {
		return err
	}
	w.parts = append(w.parts, types.CompletedPart{PartNumber: number, ETag: sent.ETag})
	w.buf.Reset()
	return nil
}

func (w *s3Writer) Commit() error {
	if w.ended && w.err == nil {
		return inWords(fs.ErrClosed, "committing", w.path)
	}
	if w.err == nil {
		w.err = inWords(explainS3(w.complete(), w.bucket), "committing", w.path)
	}
	if w.err != nil {
		return errors.Join(w.err, w.Abort())
	}
	w.ended = true
	return nil
}

func (w *s3Writer) complete() error {
	ctx, cancel := context.WithTimeout(w.ctx, s3PartTimeout)
	defer cancel()
	if w.upload == nil {
		_, err := w.c.PutObject(ctx, &awss3.PutObjectInput{Bucket: &w.bucket, Key: &w.name, Body: bytes.NewReader(w.buf.Bytes())})
		return err
	}
	if w.buf.Len() > 0 {
		if err := w.sendPart(); err != nil {
			return err
		}
	}
	_, err := w.c.CompleteMultipartUpload(ctx, &awss3.CompleteMultipartUploadInput{
		Bucket: &w.bucket, Key: &w.name, UploadId: w.upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: w.parts},
	})
	return err
}

func (w *s3Writer) Abort() error {
	if w.ended {
		return nil
	}
	w.ended = true
	w.buf = bytes.Buffer{}
	if w.upload == nil {
		return nil
	}
	// Parts that are left cost money until somebody finds them, so this is tried
	// although the job may be over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), callTimeout)
	defer cancel()
	_, err := w.c.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{Bucket: &w.bucket, Key: &w.name, UploadId: w.upload})
	return inWords(explainS3(err, w.bucket), "aborting", w.path)
}
