package dingtalktest

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// vectors were computed with other programs than this one (Python, OpenSSL).
var vectors = []struct{ secret, timestamp, sign, encoded string }{
	{"this is secret", "1577262236757", "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=", "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"},
	{"SEC000000000000000000000", "1700000000000", "1zJ/w34EOSVAYr7cu7Vo8LnebmK2/GrCgegtr8mQrqM=", "1zJ%2Fw34EOSVAYr7cu7Vo8LnebmK2%2FGrCgegtr8mQrqM%3D"},
	{"SECf3b1c0ffee1234567890abcdef1234567890abcdef1234567890abcdef12345678", "1763683200000", "YyuE/VzzLi9oYKlhchvm/3g1/+cSiNBcG5ICtbiWobo=", "YyuE%2FVzzLi9oYKlhchvm%2F3g1%2F%2BcSiNBcG5ICtbiWobo%3D"},
	{"SECdemo0000000000000000000000000000000000000000000000000000000000", "1763683200001", "W133+GrITPT/Sh0E/Shah4Xp7SIHpQUJnrA09vap6OQ=", "W133%2BGrITPT%2FSh0E%2FShah4Xp7SIHpQUJnrA09vap6OQ%3D"},
	{"密钥 SEC/+=", "1763683200001", "w3m4+NtPu3PUKcf0U10yv8VtJvGdDXzpES7i+wy+a4Q=", "w3m4%2BNtPu3PUKcf0U10yv8VtJvGdDXzpES7i%2Bwy%2Ba4Q%3D"},
	{"SEC-test", "1700000000000", "Sf/ft2shUSqoR1REF+DS39IoTlwQRyDPwfM8S94ODOc=", "Sf%2Fft2shUSqoR1REF%2BDS39IoTlwQRyDPwfM8S94ODOc%3D"},
}

func TestSignatureVectors(t *testing.T) {
	for _, v := range vectors {
		if got := signature(v.secret, v.timestamp); got != v.sign || url.QueryEscape(got) != v.encoded {
			t.Errorf("signature(%q, %s) = %s, %s", v.secret, v.timestamp, got, url.QueryEscape(got))
		}
	}
}

// TestSignedRequests sends vectors over HTTP, well signed and in the ways in which senders get it wrong.
func TestSignedRequests(t *testing.T) {
	const stale, unequal = "签名过期", "签名不匹配"
	for _, v := range vectors {
		made, _ := parseMillis(v.timestamp)
		tests := []struct {
			name  string
			query string
			late  time.Duration
			want  string
		}{
			{"right", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, 0, "ok"},
			{"an hour late", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, time.Hour, "ok"},
			{"an hour early", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, -time.Hour, "ok"},
			{"too late", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, time.Hour + time.Millisecond, stale},
			{"too early", "&timestamp=" + v.timestamp + "&sign=" + v.encoded, -time.Hour - time.Millisecond, stale},
			{"seconds", "&timestamp=" + v.timestamp[:10] + "&sign=" + v.encoded, 0, stale},
			{"not a number", "&timestamp=now&sign=" + v.encoded, 0, stale},
			{"a plus", "&timestamp=%2B" + v.timestamp + "&sign=" + v.encoded, 0, stale},
			{"no timestamp", "&sign=" + v.encoded, 0, stale},
			{"no sign", "&timestamp=" + v.timestamp, 0, unequal},
			{"nothing", "", 0, unequal},
			{"encoded twice", "&timestamp=" + v.timestamp + "&sign=" + url.QueryEscape(v.encoded), 0, unequal},
			{"another time", "&timestamp=" + v.timestamp[:12] + "9&sign=" + v.encoded, 0, unequal},
			{"no padding", "&timestamp=" + v.timestamp + "&sign=" + strings.TrimSuffix(v.encoded, "%3D"), 0, unequal},
			{"signed again at the end", "&timestamp=" + v.timestamp + "&sign=x&timestamp=" + v.timestamp + "&sign=" + v.encoded, 0, unequal},
		}
		for _, tt := range tests {
			r := New(&Options{Secret: v.secret, Now: func() time.Time { return made }})
			r.AdvanceClock(tt.late)
			req := request(hello)
			req.URL.RawQuery += tt.query
			if got := do(t, r, req); !strings.Contains(got.Text, tt.want) {
				t.Errorf("%s, %s: answer %v, want %s", v.secret, tt.name, got, tt.want)
			}
			if m := r.Messages(); tt.want == "ok" && (len(m) != 1 || !m[0].Signed || !r.Requests()[0].SignVerified) {
				t.Errorf("%s, %s: not recorded as signed", v.secret, tt.name)
			}
		}
	}
}

// TestRawPlus shows why the sign must be encoded: a + in a query is a blank.
func TestRawPlus(t *testing.T) {
	v := vectors[3]
	r := newRobot(Options{Secret: v.secret})
	req := request(hello)
	req.URL.RawQuery += "&timestamp=" + v.timestamp + "&sign=" + v.sign
	if got := do(t, r, req); got.Code != 310000 {
		t.Errorf("answer = %v", got)
	}
}

func TestNeedlessSignature(t *testing.T) {
	req := request(hello)
	req.URL.RawQuery += "&timestamp=1&sign=x"
	r := newRobot(Options{})
	if got := do(t, r, req); got != ok || r.Messages()[0].Signed {
		t.Errorf("answer = %v, signed %v", got, r.Messages()[0].Signed)
	}
}
