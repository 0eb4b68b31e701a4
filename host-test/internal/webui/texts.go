package webui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	xlanguage "golang.org/x/text/language"

	"dingtalk-plugin/host-test/dingtalktest"
)

// language is what the page says in one language. English is written where it is used, in templates, script and code.
type language struct {
	Name  string // as in an HTML lang attribute
	Texts map[string]string

	explanations []explanation
	views        *template.Template
}

// explanation translates a part of what dingtalktest explains.
type explanation struct {
	pattern *regexp.Regexp
	text    string
}

// newLanguage reads web/<name>.json. That of English has only what is written nowhere else.
func newLanguage(name string) *language {
	l := &language{Name: name}
	table := struct {
		Texts        map[string]string `json:"texts"`
		Explanations map[string]string `json:"explanations"`
	}{}
	data, err := web.ReadFile("web/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(data, &table)
	}
	if err != nil {
		panic(err) // the file is embedded
	}
	l.Texts = table.Texts
	verbs := regexp.MustCompile(`%[a-z]`)
	for _, text := range slices.Backward(slices.Sorted(maps.Keys(table.Explanations))) { // a verb at the start, which matches most, comes last
		pattern := "(?s)^" + verbs.ReplaceAllString(regexp.QuoteMeta(text), "(.*?)") + "(; |, |: |$)"
		l.explanations = append(l.explanations, explanation{regexp.MustCompile(pattern), table.Explanations[text]})
	}
	l.views = template.Must(template.New("").Funcs(template.FuncMap{
		"escape": escapeInvisible, "t": l.t, "explain": l.explain, "language": func() *language { return l },
		"toggles": func() []toggle { return toggles }, "faults": dingtalktest.FaultNames,
	}).ParseFS(web, "web/*.html"))
	return l
}

// t translates a text, which may have the verbs of fmt.
func (l *language) t(text string, args ...any) string {
	text = cmp.Or(l.Texts[text], text)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// explain translates what dingtalktest explains. It leaves in English what it does not know all of.
func (l *language) explain(text string) string {
	var out strings.Builder
	for rest := text; rest != ""; {
		i := slices.IndexFunc(l.explanations, func(e explanation) bool { return e.pattern.MatchString(rest) })
		if i < 0 {
			return escapeInvisible(text)
		}
		found := l.explanations[i].pattern.FindStringSubmatch(rest)
		values := make([]any, len(found)-2)
		for i := range values {
			values[i] = found[i+1]
		}
		fmt.Fprintf(&out, l.explanations[i].text, values...)
		separator := found[len(found)-1]
		out.WriteString(map[string]string{"; ": "；", ", ": "，", ": ": "："}[separator])
		rest = rest[len(found[0]):]
	}
	return escapeInvisible(out.String())
}

// JSON is the texts for the script.
func (l *language) JSON() (string, error) {
	b, err := json.Marshal(l.Texts)
	return string(b), err
}

var languageMatcher = xlanguage.NewMatcher([]xlanguage.Tag{xlanguage.English, xlanguage.Chinese})

// languageOf returns what the reader has chosen, or else what the browser prefers. A choice in the query is kept in a cookie.
func (p *page) languageOf(w http.ResponseWriter, req *http.Request) *language {
	chosen := req.URL.Query().Get("lang")
	if slices.ContainsFunc(p.languages, func(l *language) bool { return l.Name == chosen }) {
		http.SetCookie(w, &http.Cookie{
			Name: "lang", Value: chosen, Path: "/", MaxAge: int(365 * 24 * time.Hour / time.Second), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	} else if cookie, err := req.Cookie("lang"); err == nil {
		chosen = cookie.Value
	}
	_, i := xlanguage.MatchStrings(languageMatcher, chosen, req.Header.Get("Accept-Language"))
	return p.languages[i]
}
