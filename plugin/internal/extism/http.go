//go:build wasip1

package extism

import "dingtalk-plugin/plugin/internal/strictjson"

// Send makes an HTTP request, with a JSON body unless it is nil, and returns
// status and body of the answer, of that at most limit bytes. Status 0 means
// that the host has HTTP switched off. Where the request fails (host not
// allowed, refused connection, timeout) the host ends the call: Send does not
// return.
//
// Every field is given, because the Java SDK knows no defaults.
func Send(method, url string, body []byte, limit int) (status int, reply []byte) {
	request := strictjson.Writer{Bytes: make([]byte, 0, 512)}
	request.Raw(`{"url":`)
	request.Quote(url)
	request.Raw(`,"method":`)
	request.Quote(method)
	request.Raw(`,"headers":{`)
	var content uint64
	if body != nil {
		request.Raw(`"Content-Type":"application/json; charset=utf-8"`)
		block := allocate(body)
		content = block.Offset()
	}
	request.Raw("}}")
	block := allocate(request.Bytes)
	response := httpRequest(block.Offset(), content)
	status = int(httpStatusCode())
	if status == 0 || response == 0 {
		return status, nil
	}
	return status, read(response, limit)
}
