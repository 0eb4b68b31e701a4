package dingtalktest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

func Example() {
	s := dingtalktest.New(&dingtalktest.Options{
		Keywords: []string{"Deploy"},
		Now:      func() time.Time { return time.Date(2026, 1, 2, 10, 37, 40, 0, time.UTC) },
	})
	srv := httptest.NewServer(s)
	defer srv.Close()

	for _, text := range []string{"hi", "Deploy finished, @13800000001 please look"} {
		body := `{"msgtype":"text","text":{"content":"` + text + `"},"at":{"atMobiles":["13800000001"]}}`
		res, err := http.Post(srv.URL+"/robot/send?access_token="+dingtalktest.DefaultToken, "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Println(err)
			return
		}
		answer, _ := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Printf("%s\n", answer)
	}
	for _, m := range s.Messages() {
		fmt.Print(dingtalktest.RenderText(m))
	}
	// Output:
	// {"errcode":310000,"errmsg":"错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;"}
	// {"errcode":0,"errmsg":"ok"}
	// ┌ robot  10:37:40  [text]  Deploy finished, @13800000001 please look
	// │ Deploy finished, @13800000001 please look
	// └ notifies 13800000001 · keyword "Deploy" · 116 of 20000 bytes
}
