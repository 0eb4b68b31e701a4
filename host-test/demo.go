package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type demoCommand struct {
	Page bool `help:"Show the group on a page, until interrupted."`
}

// The arguments of the demo's calls.
var (
	demoText       = `{"text":"Deploy of shop 2.4 has begun, @13800000001 please watch.","atMobiles":["13800000001"]}`
	demoLink       = `{"title":"Release notes","text":"What is new in shop 2.4","messageUrl":"https://example.com/shop-2.4"}`
	demoActionCard = `{"title":"Roll back?","text":"Errors rose to **2 %** after the deploy.","btns":[{"title":"Roll back","actionUrl":"https://example.com/back"},{"title":"Wait","actionUrl":"https://example.com/wait"}]}`
	demoFeedCard   = `{"links":[{"title":"Shop 2.4 is live","messageUrl":"https://example.com/1","picUrl":"https://example.com/1.png"},{"title":"How we test","messageUrl":"https://example.com/2","picUrl":"https://example.com/2.png"}]}`
	demoMarkdown   = `{"title":"Deploy finished","text":"## Shop 2.4 is live\n\n- 42 tests passed\n- [release notes](https://example.com/shop-2.4)","atMobiles":["13800000002"]}`
)

// Run fails unless the group gets two signed messages, a wrong secret is refused,
// and every card is sent.
func (c *demoCommand) Run(ctx context.Context, cli *cli) error {
	group := startFakeServer(nil)
	defer group.Close()
	if c.Page {
		defer group.waitForInterrupt(ctx)
	}
	plugin, err := cli.load(ctx, group.config)
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	fmt.Println(bold.apply("The tools that an agent sees:"))
	if err := printTools(ctx, plugin); err != nil {
		return err
	}
	fmt.Println(bold.apply("\nTwo calls:"))
	for _, call := range []struct{ tool, arguments string }{
		{"send_text_message", demoText},
		{"send_markdown_message", demoMarkdown},
	} {
		if _, err := demoCall(ctx, plugin, call.tool, call.arguments); err != nil {
			return err
		}
	}
	fmt.Println(bold.apply("\nWhat the group sees:"))
	group.print(os.Stdout)
	fmt.Println(bold.apply("\nA call with a wrong secret:"))
	if err := demoRefusal(ctx, cli, group); err != nil {
		return err
	}
	if err := checkDemo(group.robot.Messages()); err != nil {
		return err
	}
	return demoCards(ctx, cli, group)
}

// demoCards shows the tools that are off by default.
func demoCards(ctx context.Context, cli *cli, group *fakeServer) error {
	fmt.Println(bold.apply("\nAnd with " + schema.KeyTools + "=all:"))
	group.config[schema.KeyTools] = "all"
	seen := len(group.robot.Messages())
	plugin, err := cli.load(ctx, group.config)
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	for _, card := range []struct{ tool, arguments string }{
		{"send_link_message", demoLink},
		{"send_action_card_message", demoActionCard},
		{"send_feed_card_message", demoFeedCard},
	} {
		if result, err := demoCall(ctx, plugin, card.tool, card.arguments); err != nil || result.IsError {
			return fmt.Errorf("%s failed: %v", card.tool, err)
		}
	}
	for _, message := range group.robot.Messages()[seen:] {
		fmt.Print("\n", dingtalktest.RenderText(message))
	}
	return nil
}

func demoCall(ctx context.Context, plugin *host.Plugin, tool, arguments string) (*mcp.CallToolResult, error) {
	fmt.Printf("%s %s\n", tool, arguments)
	result, err := plugin.Call(ctx, tool, json.RawMessage(arguments))
	if err != nil {
		return nil, err
	}
	fmt.Printf("  %s\n", resultText(result))
	return result, nil
}

func demoRefusal(ctx context.Context, cli *cli, group *fakeServer) error {
	group.config[schema.KeySecret] = "SECwrong"
	plugin, err := cli.load(ctx, group.config)
	if err != nil {
		return err
	}
	defer plugin.Close(ctx)
	defer func() { group.config[schema.KeySecret] = fakeSecret }()
	result, err := demoCall(ctx, plugin, "send_text_message", `{"text":"hello"}`)
	if err == nil && !result.IsError {
		err = errors.New("a wrong secret was not refused")
	}
	return err
}

// checkDemo checks what the group got before the cards.
func checkDemo(messages []dingtalktest.Message) error {
	if len(messages) != 2 {
		return fmt.Errorf("the group has %d messages, want 2", len(messages))
	}
	for _, message := range messages {
		if !message.Signed || len(message.Mentions) != 1 {
			return fmt.Errorf("message %d: signed %v, notifies %v", message.Seq, message.Signed, message.Mentions)
		}
	}
	return nil
}
