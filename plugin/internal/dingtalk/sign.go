package dingtalk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// Sign returns the signature of a request made at millis (Unix time in
// milliseconds) to a robot with that secret: the Base64 form of
// HMAC-SHA256(key secret, message millis + "\n" + secret)
// (https://open.dingtalk.com/document/dingstart/customize-robot-security-settings).
// DingTalk accepts it for one hour around its own clock.
func Sign(secret string, millis int64) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(strconv.AppendInt(nil, millis, 10))
	mac.Write([]byte("\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// appendEscaped appends a Base64 text as it stands in a query: the three signs
// that mean something there are escaped, once.
func appendEscaped(dst []byte, base64 string) []byte {
	for i := range len(base64) {
		switch c := base64[i]; c {
		case '+':
			dst = append(dst, "%2B"...)
		case '/':
			dst = append(dst, "%2F"...)
		case '=':
			dst = append(dst, "%3D"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
