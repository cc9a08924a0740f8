package bigquery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/bigquery/storage/apiv1/storagepb"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// A service is the Storage Write API in this process, which fails as it is told.
type service struct {
	storagepb.UnimplementedBigQueryWriteServer

	// fault is asked before each call, and again behind it, when its work is done.
	fault func(call string, done bool) error
	// refuse says which rows are at fault.
	refuse func(row protoreflect.Message) bool

	mu      sync.Mutex
	streams map[string]*serviceStream
	tables  map[string][]protoreflect.Message
}

type serviceStream struct {
	table                string
	rows                 []protoreflect.Message
	finalized, committed bool
}

// startService returns a client of a service.
func startService(t *testing.T) (*service, *Client) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{streams: make(map[string]*serviceStream), tables: make(map[string][]protoreflect.Message),
		fault: func(string, bool) error { return nil }, refuse: func(protoreflect.Message) bool { return false }}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(20 << 20))
	storagepb.RegisterBigQueryWriteServer(server, s)
	go server.Serve(l)
	t.Cleanup(server.Stop)
	c, err := Open(t.Context(), Target{Project: "project", Dataset: "d", Endpoint: "http://127.0.0.1:1/", StorageEndpoint: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	c.backoff, c.missing = gax.Backoff{Initial: time.Millisecond, Max: 10 * time.Millisecond}, 50*time.Millisecond
	return s, c
}

func (s *service) CreateWriteStream(_ context.Context, r *storagepb.CreateWriteStreamRequest) (*storagepb.WriteStream, error) {
	if err := s.fault("create", false); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := fmt.Sprintf("%s/streams/s%d", r.GetParent(), len(s.streams))
	s.streams[name] = &serviceStream{table: r.GetParent()}
	return &storagepb.WriteStream{Name: name, Type: r.GetWriteStream().GetType()}, s.fault("create", true)
}

func (s *service) GetWriteStream(_ context.Context, r *storagepb.GetWriteStreamRequest) (*storagepb.WriteStream, error) {
	if err := s.fault("get", false); err != nil {
		return nil, err
	}
	return &storagepb.WriteStream{Name: r.GetName(), Location: "us"}, nil
}

func (s *service) FinalizeWriteStream(_ context.Context, r *storagepb.FinalizeWriteStreamRequest) (*storagepb.FinalizeWriteStreamResponse, error) {
	if err := s.fault("finalize", false); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.streams[r.GetName()]
	st.finalized = true
	return &storagepb.FinalizeWriteStreamResponse{RowCount: int64(len(st.rows))}, s.fault("finalize", true)
}

func (s *service) BatchCommitWriteStreams(_ context.Context, r *storagepb.BatchCommitWriteStreamsRequest) (*storagepb.BatchCommitWriteStreamsResponse, error) {
	if err := s.fault("commit", false); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var faults []*storagepb.StorageError
	for _, name := range r.GetWriteStreams() {
		var fault storagepb.StorageError_StorageErrorCode
		switch st := s.streams[name]; {
		case st == nil:
			fault = storagepb.StorageError_STREAM_NOT_FOUND
		case st.committed:
			fault = storagepb.StorageError_STREAM_ALREADY_COMMITTED
		case !st.finalized:
			fault = storagepb.StorageError_INVALID_STREAM_STATE
		default:
			continue
		}
		faults = append(faults, &storagepb.StorageError{Code: fault, Entity: name, ErrorMessage: fault.String()})
	}
	if len(faults) > 0 {
		return &storagepb.BatchCommitWriteStreamsResponse{StreamErrors: faults}, nil
	}
	for _, name := range r.GetWriteStreams() {
		st := s.streams[name]
		st.committed = true
		s.tables[st.table] = append(s.tables[st.table], st.rows...)
	}
	return &storagepb.BatchCommitWriteStreamsResponse{CommitTime: timestamppb.Now()}, s.fault("commit", true)
}

func (s *service) AppendRows(connection storagepb.BigQueryWrite_AppendRowsServer) error {
	var stream string
	var row protoreflect.MessageDescriptor
	for {
		r, err := connection.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if name := r.GetWriteStream(); name != "" {
			stream = name
		}
		if schema := r.GetProtoRows().GetWriterSchema().GetProtoDescriptor(); schema != nil {
			if row, err = descriptor(schema); err != nil {
				return status.Error(codes.InvalidArgument, err.Error())
			}
		}
		if err := s.fault("append", false); err != nil {
			return err // which ends the connection
		}
		response, err := s.append(stream, row, r)
		if err == nil {
			err = s.fault("append", true)
		}
		if status.Code(err) == codes.Unavailable {
			return err
		}
		if err != nil {
			response = &storagepb.AppendRowsResponse{Response: &storagepb.AppendRowsResponse_Error{Error: status.Convert(err).Proto()}}
		}
		if err := connection.Send(response); err != nil {
			return err
		}
	}
}

func (s *service) append(stream string, row protoreflect.MessageDescriptor, r *storagepb.AppendRowsRequest) (*storagepb.AppendRowsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []protoreflect.Message
	var faults []*storagepb.RowError
	for i, b := range r.GetProtoRows().GetRows().GetSerializedRows() {
		m := dynamicpb.NewMessage(row)
		if err := proto.Unmarshal(b, m); err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		if s.refuse(m) {
			faults = append(faults, &storagepb.RowError{Index: int64(i), Code: storagepb.RowError_FIELDS_ERROR, Message: "a field is wrong"})
		}
		rows = append(rows, m)
	}
	if len(faults) > 0 {
		return &storagepb.AppendRowsResponse{RowErrors: faults,
			Response: &storagepb.AppendRowsResponse_Error{Error: status.New(codes.InvalidArgument, "rows are at fault").Proto()}}, nil
	}
	st := s.streams[stream]
	if st == nil { // a default stream
		table := stream[:len(stream)-len("/streams/_default")]
		s.tables[table] = append(s.tables[table], rows...)
		return &storagepb.AppendRowsResponse{Response: &storagepb.AppendRowsResponse_AppendResult_{AppendResult: &storagepb.AppendRowsResponse_AppendResult{}}}, nil
	}
	switch at := r.GetOffset().GetValue(); {
	case r.GetOffset() == nil || at > int64(len(st.rows)):
		return nil, status.Error(codes.OutOfRange, "offset is beyond the end")
	case at < int64(len(st.rows)):
		return nil, status.Error(codes.AlreadyExists, "offset is there")
	}
	at := int64(len(st.rows))
	st.rows = append(st.rows, rows...)
	return &storagepb.AppendRowsResponse{Response: &storagepb.AppendRowsResponse_AppendResult_{
		AppendResult: &storagepb.AppendRowsResponse_AppendResult{Offset: wrapperspb.Int64(at)}}}, nil
}

// descriptor is a message that stands alone, as the service reads one.
func descriptor(d *descriptorpb.DescriptorProto) (protoreflect.MessageDescriptor, error) {
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{Name: proto.String("row.proto"), Syntax: proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{d}}, nil)
	if err != nil {
		return nil, err
	}
	return file.Messages().Get(0), nil
}

// rows are those of a table that can be read.
func (s *service) rows(name string) []protoreflect.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tables["projects/project/datasets/d/tables/"+name]
}

func text(m protoreflect.Message, field string) string {
	return m.Get(m.Descriptor().Fields().ByName(protoreflect.Name(field))).String()
}
