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

// markdownRenderer renders Markdown as DingTalk does. It has no state and is safe for concurrent use.
type markdownRenderer struct {
	markdown goldmark.Markdown
	policy   *bluemonday.Policy
}

func newMarkdownRenderer() *markdownRenderer {
	return &markdownRenderer{
		markdown: goldmark.New(goldmark.WithParser(dialect()), goldmark.WithRenderer(renderer.NewRenderer(
			renderer.WithNodeRenderers(util.Prioritized(html.NewRenderer(), 1000), util.Prioritized(nodeRenderer{}, 500)),
		))),
		policy: sanitizerPolicy(),
	}
}

// dialect parses what DingTalk documents: headings, quotes, bold, italic, links, pictures and lists, see
// https://open.dingtalk.com/document/development/robot-message-type. Code is not in that list, but desktop clients draw it
// (https://github.com/eryajf/chatgpt-dingtalk/pull/209). Everything else is text: tables, rules, strikethrough
// (https://github.com/NousResearch/hermes-agent/pull/37278), and raw HTML, which shows what a hostile sender tried.
func dialect() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(depthLimiter{parser.NewListParser()}, 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(depthLimiter{parser.NewBlockquoteParser()}, 800),
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

// sanitizerPolicy allows what the parser can produce, and nothing else.
func sanitizerPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "blockquote", "strong", "em", "ul", "ol", "li", "pre", "code")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(mention|missed|picture|alt|address)$`)).OnElements("span", "s")
	p.AllowAttrs("title").OnElements("s")
	p.AllowAttrs("href").OnElements("a")
	for _, scheme := range []string{"http", "https", "dingtalk"} {
		p.AllowURLSchemeWithCustomPolicy(scheme, func(u *url.URL) bool { return isSafeURL(u) })
	}
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true) // adds noopener
	return p
}

// render returns the Markdown as HTML, and adds unlisted mentions in it to the index.
func (r *markdownRenderer) render(text string, index *mentionIndex) template.HTML {
	var out bytes.Buffer
	pc := parser.NewContext()
	pc.Set(indexKey, index)
	if err := r.markdown.Convert([]byte(escapeInvisible(text)), &out, parser.WithContext(pc)); err != nil {
		panic(err) // writing to a buffer cannot fail
	}
	return template.HTML(r.policy.SanitizeBytes(out.Bytes()))
}

var (
	indexKey    = parser.NewContextKey() // of the *mentionIndex in a parser.Context
	mentionKind = ast.NewNodeKind("Mention")
)

// mentionNode is an @name in the text.
type mentionNode struct {
	ast.BaseInline
	mention
}

func (n *mentionNode) Kind() ast.NodeKind { return mentionKind }

func (n *mentionNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// mentionParser looks up names in the context's mentionIndex.
type mentionParser struct{}

func (mentionParser) Trigger() []byte { return []byte{'@'} }

func (mentionParser) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, _ := block.PeekLine()
	index := pc.Get(indexKey).(*mentionIndex)
	m, ok := index.lookup(block.PrecendingCharacter(), string(line[1:min(len(line), 1+index.lookahead)]))
	if !ok {
		return nil
	}
	block.Advance(1 + len(m.Who))
	return &mentionNode{mention: m}
}

// nodeRenderer renders mentions and pictures. The sanitizer removes unsafe links.
type nodeRenderer struct{}

func (r nodeRenderer) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(mentionKind, r.mention)
	register.Register(ast.KindImage, r.picture)
}

func (nodeRenderer) mention(w util.BufWriter, _ []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	n := node.(*mentionNode)
	who := template.HTMLEscapeString("@" + n.Who)
	switch {
	case !entering:
	case n.Notified:
		_, _ = w.WriteString(`<span class="mention">` + who + `</span>`)
	default:
		_, _ = w.WriteString(`<s class="missed" title="` + template.HTMLEscapeString(n.Reason) + `">` + who + `</s>`)
	}
	return ast.WalkContinue, nil
}

// picture renders a box: loading the picture needs a network and tells its sender who looks.
func (nodeRenderer) picture(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if entering {
		_, _ = w.WriteString(`<span class="picture"><span class="alt">` + template.HTMLEscapeString(altText(node, source)) +
			`</span><span class="address">` + template.HTMLEscapeString(string(node.(*ast.Image).Destination)) + `</span></span>`)
	}
	return ast.WalkSkipChildren, nil
}

// altText is the text between a picture's brackets.
func altText(node ast.Node, source []byte) string {
	var out strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			out.Write(n.Segment.Value(source))
		case *mentionNode:
			out.WriteString("@" + n.Who)
		}
		return ast.WalkContinue, nil
	})
	return out.String()
}

// maxNesting bounds quotes and lists inside each other. The parser's time grows with the square of the depth: a message of
// nothing but > would hold up the page.
const maxNesting = 24

// depthLimiter treats deeper nesting as text.
type depthLimiter struct{ parser.BlockParser }

func (d depthLimiter) Open(parent ast.Node, reader text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		depth++
	}
	if depth > maxNesting {
		return nil, parser.NoChildren
	}
	return d.BlockParser.Open(parent, reader, pc)
}
