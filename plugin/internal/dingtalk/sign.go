package dingtalk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strconv"
)

// Sign returns the signature of a request made at millis (Unix time in
// milliseconds) to a robot with that secret: the Base64 form of
// HMAC-SHA256(key secret, message millis + "\n" + secret)
// (https://open.dingtalk.com/document/dingstart/customize-robot-security-settings).
// DingTalk accepts it for one hour around its own clock.
func Sign(secret string, millis int64) string {
	return (&signer{secret: secret}).sign(millis)
}

// A signer signs as Sign does, and prepares the key once.
type signer struct {
	secret string
	mac    hash.Hash
}

func (s *signer) sign(millis int64) string {
	if s.mac == nil {
		s.mac = hmac.New(sha256.New, []byte(s.secret))
	}
	s.mac.Reset()
	s.mac.Write(append(strconv.AppendInt(nil, millis, 10), "\n"+s.secret...))
	return base64.StdEncoding.EncodeToString(s.mac.Sum(nil))
}
