package dingtalk

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// hostileTexts are pieces that, repeated, make a text that is slow to read
// somewhere: each step that looks ahead or back from every piece is quadratic.
var hostileTexts = []struct{ name, piece string }{
	{"lines", "x\n"},
	{"fences", "```\n"},
	{"open fences", "~~~a\n"},
	{"at", "@"},
	{"at letter", "@a"},
	{"known names", "@name999 "},
	{"glued names", "@name99"},
	{"numbers", "@13800000001 "},
	{"glued numbers", "x@13800000001"},
	{"open brackets", "["},
	{"open links", "[a]("},
	{"closed brackets", "](["},
	{"links", "[a](b)"},
	{"pictures", "![a](b"},
	{"schemes", "a://"},
	{"hosts", "a.b/@"},
	{"exclamation marks", "!"},
	{"backticks", "`"},
	{"code spans", "`a``b```c````"},
	{"backtick fences in a line", "a ```"},
	{"tildes", "a ~~~"},
	{"Chinese", "长"},
	{"sentences", "长。"},
	{"pipes", "|"},
	{"tables", "|a|\n|b|\n\n"},
	{"rules", "|a|\n|-|\n"},
	{"spaces", " "},
	{"newlines", "\n"},
	{"written newlines", `\n`},
	{"angles in a fence", "```\n<<<<<<<<\n```\n"},
}

// BenchmarkGrowth reads, mends and splits each hostile text at 128, 256 and 512
// KiB and prints the nanoseconds of each and how much the longest takes of the
// shortest: about 4 when the work is linear, 16 when it is quadratic.
func BenchmarkGrowth(b *testing.B) {
	const n = 128 << 10
	for _, hostile := range hostileTexts {
		b.Run(hostile.name, func(b *testing.B) {
			var spent [3]time.Duration
			options := &MessageOptions{FixMarkdown: true, People: manyPeople()}
			for range b.N {
				for i := range spent {
					text := repeatTo(hostile.piece, n<<i)
					start := time.Now()
					readAndSplit(b, Markdown, options, text)
					readAndSplit(b, Text, options, text)
					spent[i] += time.Since(start)
				}
			}
			for i, unit := range []string{"ns/n", "ns/2n", "ns/4n"} {
				b.ReportMetric(float64(spent[i].Nanoseconds())/float64(b.N), unit)
			}
			b.ReportMetric(float64(spent[2])/float64(spent[0]), "4n/n")
		})
	}
}

// readAndSplit does with a text all that a call does whose work depends on it.
func readAndSplit(t testing.TB, kind *MessageType, options *MessageOptions, text string) {
	var w strictjson.Writer
	w.Raw(`{"title":"t","atNames":["name1"],"atMobiles":["13800000001"],"text":`)
	w.Quote(text)
	w.Raw("}")
	arguments, fault := strictjson.Parse(w.Bytes)
	if fault != "" {
		t.Fatal(fault)
	}
	m, e := (&Robot{MaxParts: 100}).Message(kind, strictjson.Members(arguments, 10), options)
	if e != nil {
		return
	}
	keywords := ParseKeywords(strings.Repeat("keyword nobody writes,", 20))
	findKeyword(keywords, &m, m.Text)
	m.Mentions.missing(m.Text)
	splitter := newSplitter(m.Text, m.Kind.Markdown)
	for _, fill := range fillRatios {
		splitter.split(1<<20, fill, 19800, 19800)
	}
}

func manyPeople() (people []Person) {
	for i := range 1000 {
		people = append(people, Person{Name: "name" + strconv.Itoa(i), ID: pad(13900000000+int64(i), 11)})
	}
	return people
}

func repeatTo(piece string, n int) string { return strings.Repeat(piece, n/len(piece)) }
