package webui

import (
	"bytes"
	"html/template"
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
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

// What Markdown lacks and a group has: mentions, and pictures that are not loaded.
var (
	rollKey     = parser.NewContextKey()
	mentionKind = ast.NewNodeKind("Mention")
)

// mentionNode is an @name in the text.
type mentionNode struct {
	ast.BaseInline
	mention
}

func (n *mentionNode) Kind() ast.NodeKind { return mentionKind }

func (n *mentionNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// mentionParser asks the roll that the painter has put into the context.
type mentionParser struct{}

func (mentionParser) Trigger() []byte { return []byte{'@'} }

func (mentionParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	r := pc.Get(rollKey).(*roll)
	who, ok := r.find(block.PrecendingCharacter(), string(line[1:min(len(line), 1+r.reach)]))
	if !ok {
		return nil
	}
	block.Advance(1 + len(who.Who))
	return &mentionNode{mention: who}
}

// drawing is goldmark's renderer of both. Links need nothing: what is not safe, the sanitizer removes.
type drawing struct{}

func (d drawing) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(mentionKind, d.mention)
	r.Register(ast.KindImage, d.picture)
}

func (drawing) mention(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n := node.(*mentionNode)
	who := escaped("@" + n.Who)
	switch {
	case !entering:
	case n.Notified:
		_, _ = w.WriteString(`<span class="mention">` + who + `</span>`)
	default:
		_, _ = w.WriteString(`<s class="missed" title="` + escaped(n.Reason) + `">` + who + `</s>`)
	}
	return ast.WalkContinue, nil
}

// picture draws a box: loading it would need a network, and tell its sender who looks.
func (drawing) picture(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(`<span class="picture"><span class="alt">` + escaped(alternative(node, source)) +
			`</span><span class="address">` + escaped(string(node.(*ast.Image).Destination)) + `</span></span>`)
	}
	return ast.WalkSkipChildren, nil
}

// alternative is the text between a picture's brackets.
func alternative(node ast.Node, source []byte) string {
	var out strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				out.Write(n.Segment.Value(source))
			}
		case *mentionNode:
			if entering {
				out.WriteString("@" + n.Who)
			}
		}
		return ast.WalkContinue, nil
	})
	return out.String()
}

func escaped(s string) string { return string(util.EscapeHTML([]byte(s))) }

// deepest is how many quotes and lists may stand in each other. No reader wants more, and the time that the parser takes grows
// with the square: a message of nothing but > would hold up the page.
const deepest = 24

// shallow takes what is nested deeper as text.
type shallow struct{ parser.BlockParser }

func (s shallow) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		depth++
	}
	if depth > deepest {
		return nil, parser.NoChildren
	}
	return s.BlockParser.Open(parent, reader, pc)
}
