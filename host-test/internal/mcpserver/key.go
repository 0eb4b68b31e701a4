package mcpserver

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"dingtalk-plugin/host-test/internal/host"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

const keyArgument = "idempotencyKey"

// repeatPeriod is how long after a call with an unknown outcome an equal call
// without a key is taken for its repeat. The wait that the call was told comes
// before it.
const repeatPeriod = 10 * time.Minute

// maxUnfinished is how many calls with an unknown outcome are remembered.
const maxUnfinished = 64

// A keyList gives a key to each call that has none. When such a call ends without
// a clear answer, its error can then offer a repeat that arrives once; and an equal
// call without a key, of a model that never saw the error, gets the same key.
type keyList struct {
	tools []string // that accept a key
	now   func() time.Time

	mu         sync.Mutex
	unfinished []unfinishedCall // the oldest first
}

type unfinishedCall struct {
	call  [sha256.Size]byte
	key   string
	until time.Time
}

// newKeyList reads from the schemas which tools accept a key.
func newKeyList(tools []*mcp.Tool) *keyList {
	l := &keyList{now: host.WallTime}
	for _, tool := range tools {
		if schema, ok := tool.InputSchema.(json.RawMessage); ok && gjson.GetBytes(schema, "properties."+keyArgument).Exists() {
			l.tools = append(l.tools, tool.Name)
		}
	}
	return l
}

// complete returns the parameters with a key. It leaves a key of the caller's
// alone, and arguments that the plugin will reject.
func (l *keyList) complete(params *mcp.CallToolParamsRaw) *mcp.CallToolParamsRaw {
	arguments := bytes.TrimSpace(params.Arguments)
	if !slices.Contains(l.tools, params.Name) || len(arguments) == 0 || arguments[0] != '{' || gjson.GetBytes(arguments, keyArgument).Exists() {
		return params
	}
	members := bytes.TrimSpace(arguments[1 : len(arguments)-1])
	if len(members) == 0 {
		return params
	}
	completed := *params
	completed.Arguments = slices.Concat([]byte("{"), members, []byte(`,"`+keyArgument+`":"`+l.keyFor(params)+`"}`))
	return &completed
}

// keyFor returns the key of an unfinished call that equals this one, or a new key.
func (l *keyList) keyFor(params *mcp.CallToolParamsRaw) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.unfinished = slices.DeleteFunc(l.unfinished, func(u unfinishedCall) bool { return now.After(u.until) })
	if len(l.unfinished) > 0 { // the hash takes as long as the message
		call := hashCall(params)
		if i := slices.IndexFunc(l.unfinished, func(u unfinishedCall) bool { return u.call == call }); i >= 0 {
			return l.unfinished[i].key
		}
	}
	var key [16]byte
	rand.Read(key[:]) // never fails
	return hex.EncodeToString(key[:])
}

// finish notes how a call with a key ended: unfinished if its result offers the key
// for a repeat. An error that offers none changes nothing: what an earlier call
// posted may still arrive.
func (l *keyList) finish(params *mcp.CallToolParamsRaw, o *outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.key == "" && len(l.unfinished) == 0 {
		return // do not search a long text for a key
	}
	key := stringAt(params.Arguments, keyArgument)
	if key == "" || o.result.IsError && o.key != key {
		return
	}
	l.unfinished = slices.DeleteFunc(l.unfinished, func(u unfinishedCall) bool { return u.key == key })
	if o.key != key {
		return
	}
	if len(l.unfinished) >= maxUnfinished {
		l.unfinished = slices.Delete(l.unfinished, 0, 1)
	}
	until := l.now().Add(repeatPeriod + time.Duration(o.retryAfter)*time.Second)
	l.unfinished = append(l.unfinished, unfinishedCall{hashCall(params), key, until})
}

// hashCall hashes the tool and the arguments without the key. The order of the
// arguments does not matter, nor how they are written.
func hashCall(params *mcp.CallToolParamsRaw) [sha256.Size]byte {
	arguments := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(params.Arguments))
	decoder.UseNumber()
	_ = decoder.Decode(&arguments) // what is no object is never remembered
	delete(arguments, keyArgument)
	text, _ := json.Marshal([]any{params.Name, arguments}) // always marshals
	return sha256.Sum256(text)
}
