package dingtalk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The first vector is from users of DingTalk's documentation, the sixth from
// another project's tests; the rest were computed with Python and openssl.
func TestSign(t *testing.T) {
	for _, test := range []struct {
		secret  string
		millis  int64
		escaped string
	}{
		{"this is secret", 1577262236757, "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"},
		{"SEC000000000000000000000", 1700000000000, "1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D"},
		{"SECf3b1c0ffee1234567890abcdef1234567890abcdef1234567890abcdef12345678", 1763683200000, "YyuE%2FVzzLi9oYKlhchvm%2F3g1%2F%2BcSiNBcG5ICtbiWobo%3D"},
		{"SECdemo0000000000000000000000000000000000000000000000000000000000", 1763683200001, "W133%2BGrITPT%2FSh0E%2FShah4Xp7SIHpQUJnrA09vap6OQ%3D"},
		{"密钥 SEC/+=", 1763683200001, "w3m4%2BNtPu3PUKcf0U10yv8VtJvGdDXzpES7i%2Bwy%2Ba4Q%3D"},
		{"SEC-test", 1700000000000, "Sf%2Fft2shUSqoR1REF%2BDS39IoTlwQRyDPwfM8S94ODOc%3D"},
	} {
		if got := encodeURIComponent(Sign(test.secret, test.millis)); got != test.escaped {
			t.Errorf("Sign(%q, %d) = %s, want %s", test.secret, test.millis, got, test.escaped)
		}
	}
}

// The signature agrees with the standard library's crypto/hmac for any secret.
func FuzzSign(f *testing.F) {
	for _, n := range []int{1, 63, 64, 65, 200} { // a block has 64 bytes
		f.Add(strings.Repeat("S", n), int64(n))
	}
	f.Fuzz(func(t *testing.T, secret string, millis int64) {
		mac := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(mac, "%d\n%s", millis, secret)
		want := url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		if got := encodeURIComponent(Sign(secret, millis)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestDate(t *testing.T) {
	for day := time.Unix(0, 0).UTC(); day.Year() < 2105; day = day.AddDate(0, 0, 17) {
		if got, want := formatDate(day.UnixMilli()+12345), day.Format(time.DateOnly); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func TestMinValidTime(t *testing.T) {
	if got, want := formatDate(MinValidTime), "2026-11-21"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
