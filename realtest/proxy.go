//go:build unix

package realtest

import (
	"errors"
	"io"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Proxy stands before a server of gRPC, HOST:PORT, and returns its own address. It
// calls tap with the method of each message that a client sends: before the server
// gets it, and again, with answered, when the server's answer is there and the
// client has not got it. Where tap returns an error the client gets that one.
func Proxy(t testing.TB, server string, tap func(method string, answered bool) error) string {
	t.Helper()
	upstream, err := grpc.NewClient(server, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(raw{}), grpc.MaxCallRecvMsgSize(64<<20), grpc.MaxCallSendMsgSize(64<<20)))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := grpc.NewServer(grpc.ForceServerCodecV2(raw{}), grpc.MaxRecvMsgSize(64<<20), grpc.UnknownServiceHandler(func(_ any, client grpc.ServerStream) error {
		return forward(client, upstream, tap)
	}))
	go p.Serve(l)
	t.Cleanup(func() {
		p.Stop()
		upstream.Close()
	})
	return l.Addr().String()
}

func forward(client grpc.ServerStream, upstream *grpc.ClientConn, tap func(string, bool) error) error {
	method, ok := grpc.MethodFromServerStream(client)
	if !ok {
		return status.Error(codes.Internal, "a stream without a method")
	}
	ctx := client.Context()
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		ctx = metadata.NewOutgoingContext(ctx, md)
	}
	server, err := upstream.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { // to the server
		for {
			var m message
			err := client.RecvMsg(&m)
			if errors.Is(err, io.EOF) {
				failed <- server.CloseSend()
				return
			}
			if err == nil {
				err = tap(method, false)
			}
			if err == nil {
				err = server.SendMsg(&m)
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	answered := make(chan error, 1)
	go func() { // to the client
		for {
			var m message
			err := server.RecvMsg(&m)
			if errors.Is(err, io.EOF) {
				answered <- nil
				return
			}
			if err == nil {
				err = tap(method, true)
			}
			if err == nil {
				err = client.SendMsg(&m)
			}
			if err != nil {
				answered <- err
				return
			}
		}
	}()
	for {
		select {
		case err := <-answered:
			client.SetTrailer(server.Trailer())
			return err
		case err := <-failed:
			if err != nil {
				return err
			}
		}
	}
}

// message is a message as it travels.
type message struct{ mem.BufferSlice }

// raw is a codec that leaves messages as they are.
type raw struct{}

func (raw) Name() string { return "proto" }

func (raw) Marshal(v any) (mem.BufferSlice, error) { return v.(*message).BufferSlice, nil }

func (raw) Unmarshal(data mem.BufferSlice, v any) error {
	data.Ref()
	v.(*message).BufferSlice = data
	return nil
}
