package dingtalk

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"dingtalk-plugin/plugin/internal/jsontext"
)

// msgUuid returns what identifies part i of the message with that key at that
// robot: equal for equal keys, and saying nothing of either. DingTalk posts a
// message once for each value
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages,
// field msgUuid).
func (r *Robot) msgUuid(key string, i int) string {
	return digest(r.Token, key, strconv.Itoa(i))
}

// freshKey makes a key for a call that brought none: a random number, and what
// else tells calls apart, because some hosts give every instance the same
// random bytes.
func (r *Robot) freshKey(web Web, print fingerprint) string {
	r.calls++
	print.number(uint64(web.Now()))
	print.number(uint64(r.calls))
	var key [uuidLen / 2]byte
	binary.BigEndian.PutUint64(key[:8], web.Random())
	binary.BigEndian.PutUint64(key[8:], uint64(print))
	return hex.EncodeToString(key[:])
}

// digest returns uuidLen hexadecimal digits of the SHA-256 of the list.
func digest(list ...string) string {
	var all jsontext.Writer
	for _, s := range list {
		all.Int(int64(len(s)))
		all.Raw(":")
		all.Raw(s)
	}
	sum := sha256.Sum256(all.Bytes)
	return hex.EncodeToString(sum[:uuidLen/2])
}

// A fingerprint tells messages apart. It is made as FNV-1a is
// (https://datatracker.ietf.org/doc/html/draft-eastlake-fnv), but of eight bytes
// at a time: it guards against mistakes, not against malice, and SHA-256 of a
// long text would take longer than sending it.
type fingerprint uint64

const fresh fingerprint = 14695981039346656037

func (f *fingerprint) number(n uint64) {
	*f = (*f ^ fingerprint(n)) * 1099511628211
	*f ^= *f >> 32 // or the upper bytes would never reach the lower ones
}

func (f *fingerprint) text(s string) {
	f.number(uint64(len(s)))
	for ; len(s) >= 8; s = s[8:] {
		f.number(jsontext.Eight(s))
	}
	for i := range len(s) {
		f.number(uint64(s[i]))
	}
}

// print returns the fingerprint of all that a message says.
func (m *Message) print() fingerprint {
	f := fresh
	f.text(m.Kind.Type)
	f.text(m.Title)
	f.text(m.Text)
	for i := range m.Mentions.People {
		f.text(m.Mentions.People[i].ID)
	}
	for i := range m.Links {
		f.text(m.Links[i].Title)
		f.text(m.Links[i].URL)
		f.text(m.Links[i].Picture)
	}
	if m.Mentions.All {
		f.number(1)
	}
	return f
}

// ledgerSize is how many messages a ledger remembers.
const ledgerSize = 64

// A ledger remembers of the latest messages how far they got, so that a call
// that is repeated sends only what is missing, however long DingTalk itself
// remembers a msgUuid: it does not say.
type ledger struct {
	entries []entry // ledgerSize of them
	next    int
}

// An entry holds no pointers, nor does it lie in one block with some: to the
// collector, every now and then, a fingerprint looks like an address.
type entry struct {
	uuid    fingerprint // of the msgUuid of the first part
	print   fingerprint // of the message
	arrived int         // parts
	open    bool        // something of it is in the group, or may be
}

// find returns the entry of a message, a new one when it is not known, and nil
// when another message is in the group under its uuid. One that was refused
// may be corrected and sent under the same key.
func (l *ledger) find(uuid string, print fingerprint) *entry {
	if l.entries == nil {
		l.entries = make([]entry, ledgerSize)
	}
	f := fresh
	f.text(uuid)
	for i := range l.entries {
		if l.entries[i].uuid == f {
			return l.entries[i].of(print)
		}
	}
	e := &l.entries[l.next]
	l.next = (l.next + 1) % ledgerSize
	*e = entry{uuid: f, print: print}
	return e
}

// of returns the entry as that of a message with this print, or nil.
func (e *entry) of(print fingerprint) *entry {
	if e.print != print && e.open {
		return nil
	}
	e.print = print
	return e
}
