//go:build wasip1

package extism

import "dingtalk-plugin/plugin/internal/strictjson"

//go:wasmimport extism:host/env http_request
func httpRequest(request, body uint64) (response uint64)

//go:wasmimport extism:host/env http_status_code
func httpStatusCode() int32

// Send makes an HTTP request, with a JSON body unless it is nil. It returns the
// status and at most limit bytes of the response's body. Status 0 means that the
// host has HTTP switched off. If the request fails (host not allowed, connection
// refused, timeout), the host traps and Send does not return.
func Send(method, url string, body []byte, limit int) (status int, response []byte) {
	// The Java SDK has no defaults, so every field is given.
	request := strictjson.Writer{Bytes: make([]byte, 0, 512)}
	request.Raw(`{"url":`)
	request.Quote(url)
	request.Raw(`,"method":`)
	request.Quote(method)
	request.Raw(`,"headers":{`)
	var content uint64
	if body != nil {
		request.Raw(`"Content-Type":"application/json; charset=utf-8"`)
		block := writeBlock(body)
		content = block.Offset()
	}
	request.Raw("}}")
	block := writeBlock(request.Bytes)
	offset := httpRequest(block.Offset(), content)
	status = int(httpStatusCode())
	if status == 0 || offset == 0 {
		return status, nil
	}
	return status, readBlock(offset, limit)
}
