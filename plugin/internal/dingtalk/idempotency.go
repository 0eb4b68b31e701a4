package dingtalk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// A messageID identifies a message of a robot: by its key and by its content.
type messageID struct {
	key     string // "" if it has none
	content fingerprint
}

// identify returns the identity of a message of so many parts. Without a key it
// is that of an equal message that is unfinished, of which it is the repeat, or
// has a new key.
//
// It has none if the clock is unset: such hosts often have a fixed random source,
// too (extism/go-sdk by default), every process would make the same key, and
// DingTalk would drop messages that were never sent before. Nor can the age of an
// equal message be told.
func (r *Robot) identify(web Env, m *Message, parts int, key string) (id messageID, repeat bool) {
	id = messageID{key: key, content: r.fingerprint(m, parts)}
	if key == "" {
		now := web.Now()
		if !r.window.tick(now) {
			return id, false
		}
		if record := r.log.unfinished(id.content, r.window.now); record != nil {
			return record.messageID, true
		}
		id.key = r.newKey(web, now, id.content)
	}
	return id, false
}

// fingerprint hashes a message and what decides where it is cut. Robots that share
// a State may have different keywords, and no part of a message that was cut in
// one place may be taken for a part of one that was cut in another.
func (r *Robot) fingerprint(m *Message, parts int) fingerprint {
	f := m.fingerprint()
	for _, keyword := range r.Keywords {
		f.text(keyword)
	}
	if parts > 1 {
		f.number(uint64(parts))
	}
	return f
}

// newKey makes a key of a random number, the time, a counter and the content,
// because some hosts give every instance the same random bytes.
func (r *Robot) newKey(web Env, now int64, content fingerprint) string {
	r.calls++
	content.number(uint64(now))
	content.number(r.calls)
	var key [uuidLen / 2]byte
	binary.BigEndian.PutUint64(key[:8], web.Random())
	binary.BigEndian.PutUint64(key[8:], uint64(content))
	return hex.EncodeToString(key[:])
}

// uuid returns the msgUuid of one of count parts, "" for a message without a
// key. DingTalk posts one message for each value
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages,
// field msgUuid). It depends on the content, because DingTalk would silently drop
// another message under a key that the log has evicted.
func (r *Robot) uuid(id *messageID, index, count int) string {
	if id.key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(strconv.Itoa(len(r.Token)) + ":" + r.Token + id.key))
	b := sum[:16]
	for _, n := range []uint64{uint64(id.content), uint64(index), uint64(count)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	sum = sha256.Sum256(b)
	return hex.EncodeToString(sum[:uuidLen/2])
}

// A fingerprint tells messages apart. It is FNV-1a
// (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv) over eight bytes
// at a time, which guards against mistakes, not malice: SHA-256 of a long text
// would take longer than sending it.
type fingerprint uint64

const fnvOffset fingerprint = 14695981039346656037

func (f *fingerprint) number(n uint64) {
	*f = (*f ^ fingerprint(n)) * 1099511628211
	*f ^= *f >> 32 // or the upper bytes would never reach the lower ones
}

func (f *fingerprint) text(s string) {
	f.number(uint64(len(s)))
	for ; len(s) >= 8; s = s[8:] {
		f.number(strictjson.Load64(s))
	}
	for i := range len(s) {
		f.number(uint64(s[i]))
	}
}

func (f *fingerprint) flag(b bool) {
	if b {
		f.number(1)
	} else {
		f.number(0)
	}
}

// fingerprint hashes everything that a message shows.
func (m *Message) fingerprint() fingerprint {
	f := fnvOffset
	f.text(m.Type.Type)
	f.text(m.Title)
	f.text(m.Text)
	f.flag(m.Mentions.All)
	f.number(uint64(len(m.Mentions.People)))
	for i := range m.Mentions.People {
		f.text(m.Mentions.People[i].ID)
	}
	f.number(uint64(len(m.Links)))
	for i := range m.Links {
		f.text(m.Links[i].Title)
		f.text(m.Links[i].URL)
		f.text(m.Links[i].Picture)
	}
	f.flag(m.ButtonsHorizontal)
	return f
}

// logSize is how many messages a sendLog keeps besides the latest.
const logSize = 64

// A sendLog records how much of the latest messages was delivered, so that a
// repeated call sends only the rest. It is not documented how long DingTalk
// remembers a msgUuid. A message that was refused is not recorded.
type sendLog struct {
	records []sendRecord // the longest untouched first
}

// A sendRecord tells how much of one message was delivered.
type sendRecord struct {
	messageID
	delivered int // parts
	state     sendState

	// In the window's time. Until then an equal message without a key is a repeat.
	repeatUntil int64
}

// repeatPeriod is how long after an unfinished call an equal message without a key
// is taken for its repeat. The wait that the call was told comes before it.
const repeatPeriod = 10 * minute

// A sendState is the state of the parts that are not delivered.
type sendState uint8

const (
	notDelivered   sendState = iota // the next part is not in the group
	mayBeDelivered                  // the next part was posted without a clear answer
	allDelivered                    // there is no next part
)

// lookup returns the record under a message's key, which may be of another
// message; a new one if there is none.
func (l *sendLog) lookup(id messageID) *sendRecord {
	if i := l.index(id.key); i >= 0 {
		return &l.records[i]
	}
	return &sendRecord{messageID: id}
}

func (l *sendLog) index(key string) int {
	for i := range l.records {
		if l.records[i].key == key {
			return i
		}
	}
	return -1
}

// unfinished returns the latest record of a message with that content of which a
// part is missing or may be, or nil.
func (l *sendLog) unfinished(content fingerprint, now int64) *sendRecord {
	for i := len(l.records) - 1; i >= 0; i-- {
		if r := &l.records[i]; r.content == content && r.state != allDelivered && now <= r.repeatUntil {
			return r
		}
	}
	return nil
}

// claim returns the record of a message that is about to be sent, as the latest.
// The record of a message without a key is not kept, because nobody can ask for
// it. The log may exceed logSize by this one, so that nothing needs to be evicted
// for a message that is then refused.
func (l *sendLog) claim(id messageID) *sendRecord {
	record := *l.lookup(id)
	if id.key == "" {
		return &record
	}
	if l.records == nil {
		l.records = make([]sendRecord, 0, logSize+1)
	}
	if i := l.index(id.key); i >= 0 {
		l.remove(i)
	} else if len(l.records) > logSize {
		l.evict()
	}
	record.key = strings.Clone(record.key) // which may share the memory of the input
	l.records = append(l.records, record)
	return &l.records[len(l.records)-1]
}

// evict removes a record: of a message that arrived if there is any, because for
// another the caller was told that a repeat sends only the rest.
func (l *sendLog) evict() {
	for i := range l.records {
		if l.records[i].state == allDelivered {
			l.remove(i)
			return
		}
	}
	l.remove(0)
}

// release removes the record claimed last if nothing was delivered. Its key is
// then free for a corrected message.
func (l *sendLog) release(record *sendRecord) {
	if last := len(l.records) - 1; record.key != "" && record.delivered == 0 && record.state == notDelivered {
		l.remove(last)
	}
}

func (l *sendLog) remove(i int) { l.records = append(l.records[:i], l.records[i+1:]...) }
