package dingtalktest

import (
	"fmt"
	"net/url"
	"strings"
)

// links checks the addresses that a tap opens, and the pictures. The real robot answers 430101 to an unsafe link; guess: one
// that is neither http nor https nor one of the app's own schemes is unsafe. dingtalk:// opens a page
// (https://open.dingtalk.com/document/development/message-link-description), dtmd:// types a message for the reader
// (https://github.com/blinkbean/dingtalk). Links inside a markdown text are not looked at.
func (v *visit) links() *refusal {
	addresses, pictures := v.message.addresses()
	for _, a := range addresses {
		if !openable(a) {
			return refuse(unsafeLink, fmt.Sprintf("%q is no http, https, dingtalk or dtmd address", a))
		}
	}
	for _, p := range pictures {
		// A media id stands for a picture that an app has uploaded.
		if !openable(p) && !strings.HasPrefix(p, "@") {
			return refuse(unsafeLink, fmt.Sprintf("the picture %q is no http or https address", p))
		}
	}
	return nil
}

func (m *Message) addresses() (addresses, pictures []string) {
	if m.Link != nil {
		addresses = append(addresses, m.Link.MessageURL)
		if m.Link.PicURL != "" {
			pictures = append(pictures, m.Link.PicURL)
		}
	}
	if m.ActionCard != nil {
		for _, b := range m.ActionCard.Buttons {
			addresses = append(addresses, b.URL)
		}
	}
	for _, l := range m.FeedCard {
		addresses, pictures = append(addresses, l.MessageURL), append(pictures, l.PicURL)
	}
	return addresses, pictures
}

func openable(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https":
		return u.Host != ""
	case "dingtalk", "dtmd":
		return true
	}
	return false
}
