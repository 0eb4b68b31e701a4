package e2e

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/host"
	"dingtalk-plugin/schema"
)

var (
	soakCalls = flag.Int("soak", 3000, "how many calls TestSoak makes")
	soakSeed  = flag.Uint64("soak.seed", 1, "what TestSoak's random numbers start from")
)

// peakMemory is what the guest may take whatever comes, in bytes.
const peakMemory = 8 << 20

// Nothing that a caller can send, in any configuration, exhausts the guest, loses a
// message or posts one twice: sizes up to the request limit, unusual texts, malformed
// requests, lost responses, and traps at random moments.
func TestSoak(t *testing.T) {
	s := newSoak(t, *soakSeed)
	start := time.Now()
	for s.calls < *soakCalls && !t.Failed() {
		s.instance(500)
	}
	t.Logf("seed %d", *soakSeed)
	t.Logf("%d calls in %v, %d of them trapped; %d messages in the group", s.calls, time.Since(start).Round(time.Second), s.trapped, s.messages)
	t.Logf("peak memory %d bytes, in %s", s.peak, s.peakAt)
	t.Logf("slowest call %v: %s", s.slowest.Round(time.Millisecond), s.slowestAt)
	s.checkTotals()
	if s.peak > peakMemory {
		t.Errorf("want at most %d bytes", peakMemory)
	}
}

func (s *soak) checkTotals() {
	s.t.Helper()
	s.t.Logf("messages lost: %d, duplicated: %d, signatures refused: %d, crashed: %d", s.lost, s.duplicated, s.refused, s.crashed)
	if s.lost+s.duplicated+s.refused+s.crashed > 0 {
		s.t.Error("want nothing lost, duplicated, refused or crashed")
	}
}

// A soak calls one instance after another and compares what the group got with
// what it should have got.
type soak struct {
	t      *testing.T
	rand   *rand.Rand
	fake   *dingtalktest.Server
	values map[string]string // of the configuration
	pages  uint32            // memory limit; 0 is none

	plugin *host.Plugin
	shape  string         // of the configuration
	trapIn int            // the call traps when it reads the clock for the n-th time; 0 is never
	want   map[string]int // the parts of each message, by the id in its text

	calls, messages, trapped           int
	lost, duplicated, refused, crashed int
	peak                               int // bytes
	peakAt                             string
	slowest                            time.Duration
	slowestAt                          string
}

func newSoak(t *testing.T, seed uint64) *soak {
	fake, values := newUnlimitedFake(t)
	return &soak{t: t, rand: rand.New(rand.NewPCG(seed, 0)), fake: fake, values: values}
}

// instance makes n calls in an instance with a random configuration.
func (s *soak) instance(n int) {
	s.t.Helper()
	config := maps.Clone(s.values)
	s.shape = s.configure(config)
	plugin, err := host.Load(s.t.Context(), module(s.t, 0), &host.Options{
		Config: config, AllowedHosts: []string{"127.0.0.1"}, Cache: cache, Now: s.now, MaxPages: s.pages,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer plugin.Close(s.t.Context())
	s.plugin = plugin
	s.describe()
	for range n {
		s.want = map[string]int{}
		s.call()
		s.count()
	}
	s.describe()
	if m := plugin.Memory(); m > s.peak {
		s.peak, s.peakAt = m, s.shape
	}
}

// now is the guest's clock. A panic in it ends the call as a host's trap does.
func (s *soak) now() time.Time {
	if s.trapIn > 0 {
		if s.trapIn--; s.trapIn == 0 {
			panic("trap")
		}
	}
	return time.Now()
}

// describe must always work.
func (s *soak) describe() {
	s.trapIn = 0
	if _, err := s.plugin.Describe(s.t.Context()); err != nil {
		s.crashed++
		s.t.Errorf("describe in %s: %v", s.shape, errors.Unwrap(err))
	}
}

// soakFaults leave it unknown whether the message arrived, or trap.
var soakFaults = []string{"busy", "accept-then-502", "gateway", "empty", "error", "nocode", "drop-before", "drop-after", "accept-then-busy"}

// call sends one random input, repeatedly while its outcome is unknown, as an
// agent does: under one key.
func (s *soak) call() {
	s.calls++
	input := s.input()
	if s.pages == 0 && s.rand.IntN(10) == 0 {
		fault, _ := dingtalktest.FaultByName(soakFaults[s.rand.IntN(len(soakFaults))])
		s.fake.InjectFaults(fault, fault) // the second outlasts the plugin's own retry
	}
	for range 8 {
		if s.attempt(input) {
			s.fake.ClearFaults() // a call that sends nothing leaves them
			return
		}
	}
	s.t.Errorf("%s in %s: no clear outcome", input.shape, s.shape)
}

// attempt calls the plugin once and reports whether the outcome is known. The
// guest may trap only where the soak made it.
func (s *soak) attempt(input soakInput) (known bool) {
	if s.trapIn = 0; s.pages == 0 && s.rand.IntN(50) == 0 {
		s.trapIn = 1 + s.rand.IntN(6)
	}
	injected := s.trapIn > 0
	start := time.Now()
	output, err := s.plugin.CallExport(s.t.Context(), "call", input.json)
	if took := time.Since(start); took > s.slowest {
		s.slowest, s.slowestAt = took, input.shape+" in "+s.shape
	}
	if err == nil {
		return s.judge(input, output)
	}
	s.trapped++
	switch {
	case s.pages > 0:
		s.recover(input.shape)
		return true
	case injected && s.trapIn == 0:
		return false
	case !strings.Contains(fmt.Sprint(errors.Unwrap(err)), "wasm error"):
		return false // the connection was dropped
	}
	s.crashed++
	s.t.Errorf("%s in %s: %v", input.shape, s.shape, errors.Unwrap(err))
	return true
}

// judge records what the group must have, and reports whether the outcome is known.
func (s *soak) judge(input soakInput, output []byte) (known bool) {
	var result struct {
		StructuredContent struct {
			OK     bool
			Reason string
			Parts  struct{ Sent, Total int }
		}
	}
	if err := json.Unmarshal(output, &result); err != nil {
		s.t.Errorf("%s: %v", input.shape, err)
		return true
	}
	content := result.StructuredContent
	if content.OK {
		s.want[input.id] = max(1, content.Parts.Total)
	}
	return content.Reason != "unknown_outcome"
}

// count compares what the group has with what it should have, and empties it.
func (s *soak) count() {
	messages := s.fake.Messages()
	s.messages += len(messages)
	want := 0
	for _, parts := range s.want {
		want += parts
	}
	if got := len(messages); got != want {
		s.lost += max(0, want-got)
		s.duplicated += max(0, got-want)
		s.t.Errorf("the group has %d messages, want %d: %v", got, want, s.want)
	}
	for _, request := range s.fake.Requests() {
		if request.Code == 310000 {
			s.refused++
		}
	}
	s.fake.Reset()
}

// With a memory limit the guest may run out of memory. Then that call fails and no
// other: one of the next two short calls succeeds, and describe always works.
func TestSoakOutOfMemory(t *testing.T) {
	for _, pages := range []uint32{16, 17, 24, 32, 64} {
		t.Run(fmt.Sprint(pages, " pages"), func(t *testing.T) {
			s := newSoak(t, uint64(pages))
			s.pages = pages
			for range max(2, *soakCalls/10000) {
				s.instance(500)
			}
			t.Logf("%d of %d calls ran out of memory", s.trapped, s.calls)
			s.checkTotals()
		})
	}
}

// recover makes a short call after the guest or Extism's kernel ran out of memory.
// Messages until then are not counted.
func (s *soak) recover(after string) {
	s.fake.Reset()
	for range 2 {
		s.calls++
		id := "m" + strconv.Itoa(s.calls)
		input := soakInput{id: id, json: s.request("send_text_message", s.forRobot(map[string]any{"text": id}))}
		if output, err := s.plugin.CallExport(s.t.Context(), "call", input.json); err == nil {
			s.judge(input, output)
			return
		}
	}
	s.crashed++
	s.t.Errorf("after %s: two short calls trapped", after)
}

// The longest names and descriptions, of as many people and robots as are allowed, fit
// within the bound, too.
func TestLargestConfigurationMemory(t *testing.T) {
	for _, dryRun := range []string{"false", "true"} {
		s := newSoak(t, 1)
		maps.Copy(s.values, map[string]string{
			schema.KeyMaxParts: "10", schema.KeyMarkdown: "phone", schema.KeyLinks: "sidebar", schema.KeyTools: "all", schema.KeyAtUserIDs: "true",
			schema.KeySensitive: "refuse", schema.KeyLinkHosts: "a.b,example.com",
			schema.KeyPeople: s.manyPeople("%03d" + strings.Repeat("😀", 61)), schema.KeyRobots: s.robots(64, strings.Repeat("😀", 200)), schema.KeyDryRun: dryRun,
		})
		s.shape = "the largest configuration of people and robots"
		s.plugin = load(t, 0, host.Options{Config: s.values})
		s.describe()
		for range 600 {
			input := s.input()
			if _, err := s.plugin.CallExport(t.Context(), "call", input.json); err != nil {
				t.Fatalf("%s: %v", input.shape, err)
			}
			s.fake.Reset()
		}
		s.describe()
		if m := s.plugin.Memory(); m > peakMemory {
			t.Errorf("dry run %s: %d bytes, want at most %d", dryRun, m, peakMemory)
		}
	}
}

// Texts and links that grow to several times their length do so within the bound.
func TestGrowingInputsMemory(t *testing.T) {
	s := newSoak(t, 1)
	maps.Copy(s.values, map[string]string{
		schema.KeyMaxParts: "10", schema.KeyMarkdown: "phone", schema.KeyLinks: "sidebar", schema.KeyTools: "all",
		schema.KeyPeople: s.manyPeople("person%d"),
	})
	inputs := []string{
		`{"params":{"name":"send_link_message","arguments":{"title":"t","text":"x","messageUrl":"https://example.com/` + strings.Repeat("中", 39000) + `"}}}`,
	}
	for _, text := range []string{
		`|a|\n` + strings.Repeat("|", 190000) + "-|",
		strings.Repeat("|", 99000) + `\n` + strings.Repeat("|", 99000),
		"```\\n" + strings.Repeat("<", 199000),
		strings.Repeat("```\\n```\\n", 18700),
		`|` + strings.Repeat("a", 15000) + `|\n` + strings.Repeat(`|b|\n`, 40000),
		strings.Repeat("|", 19000) + `\n` + strings.Repeat(strings.Repeat("|b", 9000)+`|\n`, 10),
	} {
		inputs = append(inputs, `{"params":{"name":"send_markdown_message","arguments":{"title":"t","text":"`+text+`"}}}`)
	}
	for _, input := range inputs {
		plugin := load(t, 0, host.Options{Config: s.values})
		for range 6 {
			if _, err := plugin.CallExport(t.Context(), "call", []byte(input)); err != nil {
				t.Fatal(err)
			}
		}
		if m := plugin.Memory(); m > peakMemory {
			t.Errorf("%.100s: %d bytes", input, m)
		}
	}
}
