package dingtalk

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// Sign returns the signature of a request made at millis (Unix time in
// milliseconds) to a robot with that secret: the Base64 encoding of
// HMAC-SHA256(key secret, message millis + "\n" + secret)
// (https://open.dingtalk.com/document/dingstart/customize-robot-security-settings).
// DingTalk accepts it for one hour around its own clock.
func Sign(secret string, millis int64) string {
	mac := hmacSHA256(secret, strconv.FormatInt(millis, 10)+"\n"+secret)
	return base64.StdEncoding.EncodeToString(mac[:])
}

// hmacSHA256 is HMAC (https://datatracker.ietf.org/doc/html/rfc2104) with
// SHA-256. Package crypto/hmac would add SHA-3 and more, see
// RATIONALE.md, "Why is HMAC written out?".
func hmacSHA256(key, message string) [sha256.Size]byte {
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256([]byte(key))
		key = string(sum[:])
	}
	inner := sha256.Sum256(append(keyBlock(key, 0x36), message...))
	return sha256.Sum256(append(keyBlock(key, 0x5c), inner[:]...))
}

// keyBlock returns the key, padded with zeros to a block, xored with pad.
func keyBlock(key string, pad byte) []byte {
	block := make([]byte, sha256.BlockSize, 4*sha256.BlockSize)
	copy(block, key)
	for i := range block {
		block[i] ^= pad
	}
	return block
}

// MinValidTime is the day this version was written, 2026-11-21 00:00 UTC, in Unix
// milliseconds. No correct clock shows an earlier time.
const MinValidTime int64 = 1795219200000

// clockUnset reports whether the host's clock is obviously wrong. extism/go-sdk
// shows a plugin 2022-01-01 unless its embedder asks for the real time
// (https://pkg.go.dev/github.com/tetratelabs/wazero#ModuleConfig).
func clockUnset(millis int64) bool { return millis < MinValidTime }

// clockError reports an unset clock instead of sending a signature that DingTalk
// must refuse.
func clockError(millis int64) *Error {
	return &Error{
		Reason:  ReasonClock,
		Message: "The message was not sent: the host shows the plugin the date " + formatDate(millis) + ", and DingTalk refuses a signature whose time is more than an hour off.",
		Advice:  "Set the host's clock; a host written in Go with extism/go-sdk must pass a ModuleConfig with WithSysWalltime().",
	}
}

// formatDate formats the day of a Unix time in milliseconds as YYYY-MM-DD, after
// https://howardhinnant.github.io/date_algorithms.html#civil_from_days; package
// time's formatting is ten times the code.
func formatDate(millis int64) string {
	days := millis/86400000 + 719468
	era := days / 146097
	dayOfEra := days - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	month := (5*dayOfYear + 2) / 153
	day := dayOfYear - (153*month+2)/5 + 1
	year := yearOfEra + era*400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2)
}

func pad(n int64, width int) string {
	b := make([]byte, width)
	for i := width - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b)
}
