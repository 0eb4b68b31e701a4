package dingtalktest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"
)

// signature returns what the sign parameter must be after decoding: the Base64 of HMAC-SHA256 over the timestamp, a line
// break and the secret, with the secret as the key. The body is not signed.
//
// See https://open.dingtalk.com/document/dingstart/customize-robot-security-settings.
func signature(secret, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signed checks timestamp and sign. A query without sign is told that the sign does not match, not that it is missing:
// https://github.com/jeessy2/backup-x/issues/106.
func (v *visit) signed() *refusal {
	if v.opts.Secret == "" {
		return nil
	}
	if v.query.Get("sign") == "" {
		return refuse(signMismatch, "the robot has a secret, and the query has no sign")
	}
	sent, ok := parseMillis(v.query.Get("timestamp"))
	if !ok {
		return refuse(signExpired, "the query has no timestamp in milliseconds")
	}
	// The page allows an hour. guess: the hour sharp is allowed.
	if off := v.now.Sub(sent).Abs(); off > time.Hour {
		return refuse(signExpired, fmt.Sprintf("the timestamp is %v off the robot's clock", off.Round(time.Second)))
	}
	if !v.seen.SignVerified {
		return refuse(signMismatch, "sign is not what timestamp and secret give")
	}
	return nil
}

// parseMillis takes digits only: strconv alone would also take a sign.
func parseMillis(s string) (time.Time, bool) {
	ms, err := strconv.ParseUint(s, 10, 63)
	return time.UnixMilli(int64(ms)), err == nil
}
