package dingtalk

import (
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
	mac := hmacSHA256(secret, strconv.FormatInt(millis, 10)+"\n"+secret)
	return base64.StdEncoding.EncodeToString(mac[:])
}

// hmacSHA256 is HMAC (https://datatracker.ietf.org/doc/html/rfc2104) with
// SHA-256. Package crypto/hmac would bring SHA-3 and more along, see
// RATIONALE.md, "Why is HMAC written out?".
func hmacSHA256(key, message string) [sha256.Size]byte {
	if len(key) > sha256.BlockSize {
		sum := sha256.Sum256([]byte(key))
		key = string(sum[:])
	}
	inner := sha256.Sum256(append(keyBlock(key, 0x36), message...))
	return sha256.Sum256(append(keyBlock(key, 0x5c), inner[:]...))
}

// keyBlock returns the key, filled up with zeros to a block, with each byte
// xored with pad.
func keyBlock(key string, pad byte) []byte {
	block := make([]byte, sha256.BlockSize, 4*sha256.BlockSize)
	copy(block, key)
	for i := range block {
		block[i] ^= pad
	}
	return block
}
