package scenario

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

const call = "-- call --\ntool {}\n"

// Mistakes in a scenario are errors.
func TestInvalidScenarios(t *testing.T) {
	if _, err := parse(txtar.Parse([]byte("Prose.\n" + call))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no prose":             call,
		"no call":              "Prose.\n",
		"an empty call":        "Prose.\n-- call --\n",
		"an unknown section":   "Prose.\n-- answer --\n" + call,
		"a section twice":      "Prose.\n" + call + call,
		"a step left out":      "Prose.\n" + call + "-- call 3 --\ntool {}\n",
		"a number that is not": "Prose.\n" + call + "-- call two --\ntool {}\n",
		"arguments":            "Prose.\n-- call --\ntool {\n",
		"a template":           "Prose.\n-- call --\ntool {{repeat}}\n",
		"no times":             "Prose.\n" + call + "-- times --\n0\n",
		"before":               "Prose.\n-- before --\nwait 1s\n" + call,
		"a duration":           "Prose.\n-- before --\nadvance soon\n" + call,
		"a fault":              "Prose.\n-- before --\nfault luck\n" + call,
		"config":               "Prose.\n-- config --\nRETRIES\n" + call,
		"config twice":         "Prose.\n-- config --\nA = 1\nA = 2\n" + call,
		"robot":                "Prose.\n-- robot --\nsecrets = a\n" + call,
		"texts":                "Prose.\n-- robot --\ntexts = newest\n" + call,
		"host":                 "Prose.\n-- host --\nhosts = a\n" + call,
		"pages":                "Prose.\n-- host --\nmemory pages = some\n" + call,
		"clock":                "Prose.\n-- clock --\nnoon\n" + call,
		"needs":                "Prose.\n-- needs --\nluck\n" + call,
	} {
		if _, err := parse(txtar.Parse([]byte(text))); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What a scenario needs follows from its sections.
func TestNeeds(t *testing.T) {
	for text, want := range map[string][]Capability{
		call: nil,
		"-- before --\nrobot-ahead 2h\nfault busy\n" + call:                  nil,
		"-- clock --\nfrozen\n" + call:                                       {SettableClock},
		"-- before --\nfault busy\nadvance 61s\n" + call:                     {SettableClock},
		"-- host --\nmemory pages = 16\n" + call:                             {MemoryLimit},
		"-- before --\nfault cut\n" + call:                                   {CutTraps},
		"-- needs --\n" + string(RawInput) + "\n" + call:                     {RawInput},
		call + "-- call 2 --\n[]\n":                                          {RawInput},
		"-- call --\n{{repeat 2 \"x\"}}\n":                                   {RawInput},
		"-- needs --\ncut answer is empty\n-- before --\nfault cut\n" + call: {CutIsEmpty},
	} {
		s, err := parse(txtar.Parse([]byte("Prose.\n" + text)))
		if err != nil || !slices.Equal(s.Needs, want) {
			t.Errorf("%s: %v, %v, want %v", text, s, err, want)
		} else if s.RunsWith(nil) != (want == nil) || !s.RunsWith(want) {
			t.Errorf("%s: RunsWith(nil) %v, RunsWith(%v) %v", text, s.RunsWith(nil), want, s.RunsWith(want))
		}
	}
}

// Only what differs between runs is replaced; equal identifiers stay equal, and
// different ones different.
func TestPlaceholders(t *testing.T) {
	const one, other = "0123456789abcdef0123456789abcdef", "f123456789abcdef0123456789abcdef"
	base := replaceAll("timestamp=1796112000000&sign=x%2B", one+" "+other+" "+one, "Wait 1 seconds", `"retryAfterSeconds": 1`)
	if want := "timestamp=<timestamp>&sign=<sign>\n<uuid 1> <uuid 2> <uuid 1>\nWait <seconds> seconds\n\"retryAfterSeconds\": <seconds>"; base != want {
		t.Errorf("%s, want %s", base, want)
	}
	for name, text := range map[string]string{
		"a repeated identifier": replaceAll("timestamp=1796112000000&sign=x%2B", one+" "+one+" "+one, "Wait 1 seconds", `"retryAfterSeconds": 1`),
		"a short timestamp":     replaceAll("timestamp=1&sign=x%2B", one+" "+other+" "+one, "Wait 1 seconds", `"retryAfterSeconds": 1`),
		"another text":          replaceAll("timestamp=1796112000000&sign=x%2B", one+" "+other+" "+one, "Wait 1 second", `"retryAfterSeconds": 1`),
	} {
		if text == base {
			t.Errorf("%s is not seen", name)
		}
	}
	if again := replaceAll("timestamp=1796112000001&sign=y", other+" "+one+" "+other, "Wait 59 seconds", `"retryAfterSeconds": 59`); again != base {
		t.Errorf("%s, want %s", again, base)
	}
}

func replaceAll(lines ...string) string {
	return Placeholders{}.Replace(strings.Join(lines, "\n"))
}

// A step of two calls fails if their outcomes differ.
func TestTimes(t *testing.T) {
	for outputs, passes := range map[string]bool{`{"a":1} {"a":1}`: true, `{"a":1} {"a":2}`: false, `{"a":1} trap`: false, `trap trap`: true} {
		s, err := parse(txtar.Parse([]byte("Prose.\n" + call + "-- times --\n2\n")))
		if err != nil {
			t.Fatal(err)
		}
		run, err := s.Start(t.Context(), &fixedOutputs{outputs: strings.Fields(outputs)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		if _, err := run.Step(t.Context(), 0); (err == nil) != passes {
			t.Errorf("%s: %v", outputs, err)
		}
	}
}

// fixedOutputs is a Runtime that returns one output after the other.
type fixedOutputs struct{ outputs []string }

func (s *fixedOutputs) Load(context.Context, *Settings) error { return nil }

func (s *fixedOutputs) Call(context.Context, string, []byte) ([]byte, error) {
	output := s.outputs[0]
	s.outputs = s.outputs[1:]
	if output == "trap" {
		return nil, errors.New(Trap)
	}
	return []byte(output), nil
}
