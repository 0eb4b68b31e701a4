package schema

// KeyPrefix begins the name of every configuration key.
const KeyPrefix = "DINGTALK_BOT_"

// The configuration keys.
const (
	KeyAccessToken       = KeyPrefix + "ACCESS_TOKEN"
	KeySecret            = KeyPrefix + "SECRET"
	KeyWebhookURL        = KeyPrefix + "WEBHOOK_URL"
	KeyKeywords          = KeyPrefix + "KEYWORDS"
	KeyAllowAtAll        = KeyPrefix + "ALLOW_AT_ALL"
	KeyMessagesPerMinute = KeyPrefix + "MESSAGES_PER_MINUTE"
	KeyMaxParts          = KeyPrefix + "MAX_PARTS"
	KeyRetries           = KeyPrefix + "RETRIES"
	KeyTools             = KeyPrefix + "TOOLS"
	KeyAtUserIDs         = KeyPrefix + "AT_USER_IDS"
	KeyPeople            = KeyPrefix + "PEOPLE"
	KeyRobots            = KeyPrefix + "ROBOTS"
	KeyLinks             = KeyPrefix + "LINKS"
	KeyMarkdown          = KeyPrefix + "MARKDOWN"
	KeyDryRun            = KeyPrefix + "DRY_RUN"
	KeySensitive         = KeyPrefix + "SENSITIVE"
	KeyLinkHosts         = KeyPrefix + "LINK_HOSTS"
)

// Keys are all configuration keys, in README's order.
var Keys = []string{
	KeyAccessToken, KeySecret, KeyWebhookURL, KeyKeywords, KeyAllowAtAll, KeyMessagesPerMinute, KeyMaxParts, KeyRetries,
	KeyTools, KeyAtUserIDs, KeyPeople, KeyRobots, KeyLinks, KeyMarkdown, KeyDryRun, KeySensitive, KeyLinkHosts,
}

// PerRobotKeys are the keys that each robot in KeyRobots may set for itself,
// with their names there, which configuration.json describes.
var PerRobotKeys = []struct{ Key, Setting string }{
	{KeyAccessToken, "accessToken"},
	{KeySecret, "secret"},
	{KeyWebhookURL, "webhookUrl"},
	{KeyKeywords, "keywords"},
	{KeyAllowAtAll, "allowAtAll"},
	{KeyMessagesPerMinute, "messagesPerMinute"},
	{KeyMaxParts, "maxParts"},
	{KeyRetries, "retries"},
}
