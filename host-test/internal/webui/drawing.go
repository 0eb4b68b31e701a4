package webui

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

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
