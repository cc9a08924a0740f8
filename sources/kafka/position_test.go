package kafka

import (
	"reflect"
	"strings"
	"testing"
)

func TestPositions(t *testing.T) {
	at := Position{Kind: AtTime, Time: 1769903940000}
	offsets := Position{Kind: AtOffsets, Offsets: map[int32]int64{0: 123, 11: 456}}
	for text, want := range map[string]Position{
		"earliest": {Kind: EarliestOffset}, "latest": {Kind: LatestOffset}, "2026-01-31T23:59:00Z": at, "2026-02-01T00:59:00+01:00": at, "0:123,11:456": offsets,
	} {
		if got, err := ParseStart(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("start %s is %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]Position{"latest": {Kind: LatestOffset}, "never": {Kind: Never}, "2026-01-31T23:59:00Z": at, "11:456,0:123": offsets} {
		got, err := ParseEnd(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("end %s is %+v, %v", text, got, err)
		}
		if again, err := ParseEnd(got.String()); err != nil || !reflect.DeepEqual(again, want) {
			t.Errorf("%s is %+v, %v", got, again, err)
		}
	}
	for _, text := range []string{"", "never", "0", "0:", ":1", "0:1,0:2", "-1:5", "0:-5", "2026-01-31", "99999999999:1", "0:1,"} {
		if p, err := ParseStart(text); err == nil || !strings.Contains(err.Error(), "earliest, latest") {
			t.Errorf("start %q is %+v, %v", text, p, err)
		}
	}
	if _, err := ParseEnd("earliest"); err == nil {
		t.Error("an end at the earliest offset")
	}
}
