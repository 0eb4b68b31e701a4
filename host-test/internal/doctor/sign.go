package doctor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// sign is the parameter of that name before it is escaped, see
// https://open.dingtalk.com/document/dingstart/customize-robot-security-settings.
func sign(secret, timestamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
