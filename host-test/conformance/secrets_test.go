package main

import "testing"

func TestFind(t *testing.T) {
	config := map[string]string{
		"DINGTALK_BOT_SECRET":      "SEC+/=",
		"DINGTALK_BOT_WEBHOOK_URL": "https://example.com/?access_token=T0&x=1",
	}
	list := credentials(config, []seen{{query: "timestamp=1&sign=a%2Bb"}})
	for text, want := range map[string]string{
		"Post \"https://x/?access_token=T0\"": "the access token",
		"SEC+/=":                              "the secret",
		"SEC%2B%2F%3D":                        "the secret",
		"sign=a%2Bb":                          "a signature",
		"sign a+b":                            "a signature",
		"nothing":                             "",
	} {
		if got := find(list, text); got != want {
			t.Errorf("find in %q: %q, want %q", text, got, want)
		}
	}
}
