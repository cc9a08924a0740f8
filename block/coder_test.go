package block

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"crest/seedtest"
)

func randomBlock(r *rand.Rand) Block {
	b := Block{Source: "a/b.ndjson", Bytes: r.Int64N(1 << 20), Records: r.Int64N(100)}
	for range r.IntN(50) {
		b.Data = append(b.Data, "héllo, wörld"...)
	}
	rows := 0
	if len(b.Data) > 0 {
		rows = r.IntN(20)
	}
	span := func() Text {
		n := len("héllo, wörld")
		return Text{Off: uint32(r.IntN(len(b.Data)/n) * n), Len: uint32(n * r.IntN(2))}
	}
	segments, weights := rows > 0 && r.IntN(2) == 0, rows > 0 && r.IntN(2) == 0
	for range rows {
		b.Times = append(b.Times, r.Int64N(MaxTime+1))
		b.Items = append(b.Items, span())
		if segments {
			b.Segments = append(b.Segments, span())
		}
		if weights {
			b.Weights = append(b.Weights, r.Uint64())
		}
	}
	for range r.IntN(3) {
		b.Reject(r.Int64N(1<<40), BadTime, "detail", []byte("raw"))
	}
	if r.IntN(2) == 0 {
		b.From, b.To, b.Watermark = r.Int64N(1<<40), r.Int64N(1<<40), r.Int64N(1<<40)
		b.Append([]byte("first"), nil, -1, NoTime)
		for range r.IntN(5) {
			b.Append([]byte("\xff raw"), []byte("id"), r.Int64(), r.Int64())
			b.Messages[len(b.Messages)-1].Rejected = r.IntN(2) == 0
			b.Messages[len(b.Messages)-1].Rows = r.Uint32()
		}
	}
	return b
}

func TestCoderRoundTrip(t *testing.T) {
	r := seedtest.Rand(t)
	for range 500 {
		want := randomBlock(r)
		p, err := want.AppendBinary([]byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(p[1:])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		for cut := range len(p) - 1 {
			if _, err := Decode(p[1 : 1+cut]); err == nil {
				t.Fatalf("a block cut at %d of %d decoded", cut, len(p)-1)
			}
		}
	}
}

func TestCoderRefuses(t *testing.T) {
	valid := Block{Data: []byte("ab"), Times: []int64{1}, Items: []Text{{0, 2}}}
	for name, spoil := range map[string]func(*Block){
		"time before 1970":     func(b *Block) { b.Times = []int64{-1} },
		"time after 2199":      func(b *Block) { b.Times = []int64{MaxTime + 1} },
		"span past the data":   func(b *Block) { b.Items = []Text{{1, 2}} },
		"item not UTF-8":       func(b *Block) { b.Data = []byte{'a', 0xff} },
		"item too long":        func(b *Block) { b.Data = make([]byte, MaxItem+1); b.Items = []Text{{0, MaxItem + 1}} },
		"negative records":     func(b *Block) { b.Records = -1 },
		"reject of no records": func(b *Block) { b.Rejects = []Reject{{}} },
		"raw too long":         func(b *Block) { b.Rejects = []Reject{{Count: 1, Raw: make([]byte, MaxRejectRaw+1)}} },
	} {
		b := valid
		spoil(&b)
		p, _ := b.AppendBinary(nil)
		if _, err := Decode(p); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		b := randomBlock(r)
		p, _ := b.AppendBinary(nil)
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		b, err := Decode(p)
		if err != nil {
			return
		}
		for _, it := range b.Items {
			_ = b.Text(it)
		}
		again, _ := b.AppendBinary(nil)
		if c, err := Decode(again); err != nil || !reflect.DeepEqual(b, c) {
			t.Fatalf("%v: %+v, then %+v", err, b, c)
		}
	})
}
