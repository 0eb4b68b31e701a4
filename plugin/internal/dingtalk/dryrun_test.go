package dingtalk

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// A dry run shows the same for the right number as for a wrong guess.
func TestDryRunHidesNumbers(t *testing.T) {
	const right, wrong = "13800000001", "13900000007"
	uuid := regexp.MustCompile(`[0-9a-f]{32}`) // may depend on the guess
	options := &MessageOptions{HidePeople: true, People: []Person{
		{Name: "张三", ID: right}, {Name: "老张", ID: "+86-" + right}, {Name: "li", ID: "u" + right, IsUserID: true},
	}}
	for _, arguments := range []string{
		`{"text":"a","atNames":["张三"],"atMobiles":["GUESS"]}`,
		`{"text":"@GUESS","atNames":["张三"]}`,
		`{"text":"@张三 @GUESS GUESS2 2GUESS","atMobiles":["GUESS"]}`,
		`{"text":"a @+86-GUESS","atNames":["老张","张三"],"atMobiles":["+86-GUESS"]}`,
		`{"text":"@uGUESS","atNames":["li"],"atUserIds":["uGUESS"]}`,
		`{"text":"@li","atUserIds":["uGUESS"]}`,
		`{"text":"` + strings.Repeat("@GUESS @张三 ", 1500) + `","atMobiles":["GUESS"]}`,
		`{"text":"a","atNames":["张三"],"atMobiles":["GUESS","` + strings.Join(numbers(52)[2:], `","`) + `"]}`,
	} {
		show := func(guess string) string {
			parsed, fault := strictjson.Parse([]byte(strings.ReplaceAll(arguments, "GUESS", guess)))
			if fault != "" {
				t.Fatal(fault)
			}
			r := newRobot()
			m, e := r.Message(Text, strictjson.Members(parsed, 10), options)
			if e != nil {
				return fmt.Sprint(e)
			}
			v, receipt, e := r.DryRun(newHost().env(), m, "key")
			var who []string
			for _, mention := range m.Mentions.People {
				who = append(who, mention.Label())
			}
			all := uuid.ReplaceAllString(fmt.Sprint(v, receipt.Total, receipt.Bytes, who, e), "UUID")
			if strings.Contains(strings.ReplaceAll(all, guess, ""), right) {
				t.Errorf("%.60s: the number is shown", arguments)
			}
			return strings.ReplaceAll(all, guess, "GUESS")
		}
		if got, want := show(right), show(wrong); got != want {
			t.Errorf("%.60s: the right guess shows\n%.500s\na wrong one\n%.500s", arguments, got, want)
		}
	}
}

// A path of the operator's own may be a credential.
func TestDryRunHidesPath(t *testing.T) {
	for base, want := range map[string]string{
		DefaultWebhook: DefaultWebhook,
		"https://example.com/hook/k3y/robot/send": "https://example.com/***",
		"https://example.com/k3y":                 "https://example.com/***",
	} {
		if got := (&Webhook{Base: base}).shown(); got != want {
			t.Errorf("%s: got %s, want %s", base, got, want)
		}
	}
}
