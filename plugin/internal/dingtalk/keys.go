package dingtalk

import "dingtalk-plugin/schema"

// The configuration keys that an Error may name.
const (
	KeyPrefix    = schema.KeyPrefix
	KeyToken     = schema.KeyAccessToken
	KeySecret    = schema.KeySecret
	KeyWebhook   = schema.KeyWebhookURL
	KeyKeywords  = schema.KeyKeywords
	KeyAllowAll  = schema.KeyAllowAtAll
	KeyPerMinute = schema.KeyMessagesPerMinute
	KeyMaxParts  = schema.KeyMaxParts
)
