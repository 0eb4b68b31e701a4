package dingtalk

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// hostilePieces make, repeated, texts that are slow to read wherever each piece
// causes a search ahead or back.
var hostilePieces = []string{
	"x\n", "\n", " ", `\n`, "!", "长", "长。", "```\n", "~~~a\n", "a ```", "a ~~~", "```\n<<<<<<<<\n```\n", "`", "`a``b```c````",
	"@", "@a", "@name999 ", "@name99", "@13800000001 ", "x@13800000001", "a.b/@", "a://",
	"[", "[a](", "]([", "[a](b)", "![a](b", "|", "|a|\n|b|\n\n", "|a|\n|-|\n",
	"<", "<!--", "<!-- -->", "<br>", "<br>|", "<font ", "<https://a", "~~", "- [x] a\n", `C:\n`, `\nabla`, `\\n`, "//", "://", "://a", "](<", "](a://",
	"a://a/", "dingtalk://dingtalkclient/", "dingtalk://dingtalkclient/中=", "]:", "]:http:", "<a", "<a://a ", "%61", "sk-", "eyJ0123456789abcdefgh.", "https://a/AKIA0123456789ABCDEF,", "aaaaaaaaaaaaaaa", "|" + strings.Repeat("a|", 99) + "\n",
}

// BenchmarkGrowth reads, fixes and splits texts of 128, 256 and 512 KiB. It prints
// the time for each and the ratio of longest to shortest: about 4 if the work is
// linear, 16 if it is quadratic.
func BenchmarkGrowth(b *testing.B) {
	const n = 128 << 10
	for _, piece := range hostilePieces {
		b.Run(strconv.Quote(piece), func(b *testing.B) {
			var spent [3]time.Duration
			options := &MessageOptions{FixMarkdown: true, ForPhones: true, RefuseSensitive: true, LinkHosts: []string{"a"}, People: manyPeople()}
			options.AddCredentials(&Robot{Token: strings.Repeat("a", 64), Secret: strings.Repeat("x", 64)})
			for range b.N {
				for i := range spent {
					text := strings.Repeat(piece, n<<i/len(piece))
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

// readAndSplit does all of a call's work that depends on the text.
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
	keywords := SplitList(strings.Repeat("keyword nobody writes,", 20))
	findKeyword(keywords, &m, m.Text)
	m.Mentions.missing(m.Text)
	splitter := newSplitter(m.Text, m.Type.Markdown)
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
