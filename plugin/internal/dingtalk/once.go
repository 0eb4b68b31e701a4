package dingtalk

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// msgUuid returns what identifies part i of the message with that key at that
// robot: equal for equal keys, and saying nothing of either. DingTalk posts a
// message once for each value
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages,
// field msgUuid).
func (r *Robot) msgUuid(key string, i int) string {
	return digest(r.Token, key, strconv.Itoa(i))
}

// freshKey makes a key for a call that brought none. Time, counter and message
// go in beside the random number, because some hosts give every instance the
// same random bytes.
func (r *Robot) freshKey(web Web, print uint64) string {
	r.calls++
	return digest(strconv.FormatUint(web.Random(), 16), strconv.FormatInt(web.Now(), 10),
		strconv.Itoa(r.calls), strconv.FormatUint(print, 16))
}

// digest returns uuidLen hexadecimal digits of the SHA-256 of the list.
func digest(list ...string) string {
	var all []byte
	for _, s := range list {
		all = strconv.AppendInt(all, int64(len(s)), 10)
		all = append(append(all, ':'), s...)
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:uuidLen/2])
}

// print tells messages apart. It is FNV-1a
// (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv): it guards against
// mistakes, not against malice, and SHA-256 of a long text would take longer
// than sending it.
func (m *Message) print() uint64 {
	hash := uint64(14695981039346656037)
	add := func(s string) {
		for i := range len(s) {
			hash = (hash ^ uint64(s[i])) * 1099511628211
		}
		hash = (hash ^ 0xFF) * 1099511628211 // a byte that is in no text
	}
	add(m.Kind.Type)
	add(m.Title)
	add(m.Text)
	for _, mention := range m.Mentions.People {
		add(mention.ID)
	}
	for _, link := range m.Links {
		add(link.Title)
		add(link.URL)
		add(link.Picture)
	}
	add(strconv.FormatBool(m.Mentions.All))
	return hash
}

// ledgerSize is how many messages a ledger remembers.
const ledgerSize = 64

// A ledger remembers of the latest messages how far they got, so that a call
// that is repeated sends only what is missing, however long DingTalk itself
// remembers a msgUuid: it does not say.
type ledger struct {
	entries [ledgerSize]entry
	next    int
}

// An entry holds no pointers: small blocks that outlive a call break the heap
// into pieces in which a long message finds no room.
type entry struct {
	uuid    [uuidLen]byte // of the first part
	print   uint64        // of the message
	arrived int           // parts
	open    bool          // something of it is in the group, or may be
}

// find returns the entry of a message, a new one when it is not known, and nil
// when another message is in the group under its uuid. One that was refused
// may be corrected and sent under the same key.
func (l *ledger) find(uuid string, print uint64) *entry {
	for i := range l.entries {
		if string(l.entries[i].uuid[:]) == uuid {
			return l.entries[i].of(print)
		}
	}
	e := &l.entries[l.next%ledgerSize]
	l.next++
	*e = entry{print: print}
	copy(e.uuid[:], uuid)
	return e
}

// of returns the entry as that of a message with this print, or nil.
func (e *entry) of(print uint64) *entry {
	if e.print != print && e.open {
		return nil
	}
	e.print = print
	return e
}
