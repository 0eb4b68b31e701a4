package dingtalk

// KeyPrefix is how the names of all configuration keys begin.
const KeyPrefix = "DINGTALK_BOT_"

// The configuration keys that an Error may name.
const (
	KeyToken     = KeyPrefix + "ACCESS_TOKEN"
	KeySecret    = KeyPrefix + "SECRET"
	KeyWebhook   = KeyPrefix + "WEBHOOK_URL"
	KeyKeywords  = KeyPrefix + "KEYWORDS"
	KeyAllowAll  = KeyPrefix + "ALLOW_AT_ALL"
	KeyPerMinute = KeyPrefix + "MESSAGES_PER_MINUTE"
	KeyMaxParts  = KeyPrefix + "MAX_PARTS"
)
