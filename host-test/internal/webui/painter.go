package webui

import (
	"bytes"
	"html/template"
	"net/url"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// painter draws Markdown as DingTalk does. It has no state and may be used by several goroutines at once.
type painter struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy
}

func newPainter() *painter {
	return &painter{
		markdown: goldmark.New(goldmark.WithParser(subset()), goldmark.WithRenderer(renderer.NewRenderer(
			renderer.WithNodeRenderers(util.Prioritized(html.NewRenderer(), 1000), util.Prioritized(drawing{}, 500)),
		))),
		policy: allowed(),
	}
}

// subset parses what the page on message types lists: headings, quotes, bold, italic, links, pictures and lists, see
// https://open.dingtalk.com/document/development/robot-message-type. Code is not in the list, but desktop clients draw it
// (https://github.com/eryajf/chatgpt-dingtalk/pull/209). All else stays the text it is: tables, rules, strikethrough
// (https://github.com/NousResearch/hermes-agent/pull/37278), and raw HTML, so that a reader sees what a hostile one tried.
func subset() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(shallow{parser.NewListParser()}, 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(shallow{parser.NewBlockquoteParser()}, 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
			util.Prioritized(mentionParser{}, 600),
		),
	)
}

// allowed is what the parser can produce, and nothing else.
func allowed() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "blockquote", "strong", "em", "ul", "ol", "li", "pre", "code")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(mention|missed|picture|alt|address)$`)).OnElements("span", "s")
	p.AllowAttrs("title").OnElements("s")
	p.AllowAttrs("href").OnElements("a")
	for _, scheme := range []string{"http", "https", "dingtalk"} {
		p.AllowURLSchemeWithCustomPolicy(scheme, func(u *url.URL) bool { return safe(u) })
	}
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true) // adds noopener
	return p
}

// draw returns the Markdown as HTML, and adds to the roll who is mentioned in it and not listed.
func (p *painter) draw(text string, r *roll) template.HTML {
	var out bytes.Buffer
	pc := parser.NewContext()
	pc.Set(rollKey, r)
	if err := p.markdown.Convert([]byte(visible(text)), &out, parser.WithContext(pc)); err != nil {
		panic(err) // a buffer takes everything
	}
	return template.HTML(p.policy.SanitizeBytes(out.Bytes()))
}
