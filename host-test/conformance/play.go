package main

import (
	"fmt"
	"strings"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
)

// A player plays cases in one runtime.
type player struct {
	suite   *suite
	runtime *runtime
	driver  *driver

	// transcripts holds what each case came to, for comparison between runtimes:
	// the first that plays a case writes, the others must do alike.
	transcripts map[string]string

	failures []string
	tells    tells
}

// play plays a case and returns whether all of it was as it should be.
func (p *player) play(c *testCase) (bool, error) {
	before := len(p.failures)
	scene, err := p.open(c)
	if err != nil {
		return false, fmt.Errorf("case %q: %w", c.Name, err)
	}
	defer scene.fake.die()
	for i := range c.Calls {
		if err := scene.perform(&c.Calls[i]); err != nil {
			return false, fmt.Errorf("case %q, call %d: %w", c.Name, i+1, err)
		}
	}
	if want, played := p.transcripts[c.Name]; !played {
		p.transcripts[c.Name] = scene.transcript
	} else if want != scene.transcript {
		scene.fail("the first runtime and this one", diff(want, scene.transcript))
	}
	return len(p.failures) == before, nil
}

// A scene is a case that is being played.
type scene struct {
	*player
	testCase   *testCase
	settings   *protocol.Settings
	fake       *fake
	load       bool // a new instance before the next call
	transcript string
}

func (p *player) open(c *testCase) (*scene, error) {
	setup, err := p.suite.setup(c)
	if err != nil {
		return nil, err
	}
	options, err := setup.options()
	if err != nil {
		return nil, err
	}
	fake, err := newFake(options)
	if err != nil {
		return nil, err
	}
	return &scene{player: p, testCase: c, settings: p.suite.settings(c, fake.hostPort), fake: fake, load: true}, nil
}

// perform makes a call, as many times as it wants, and checks what came of it.
func (s *scene) perform(c *call) error {
	faults, err := scripted(c.Replies)
	if err != nil {
		return err
	}
	s.fake.robot.Script(faults...)
	good := len(s.failures)
	for i := 0; i < max(c.Times, 1) && len(s.failures) == good; i++ {
		if c.Dead {
			s.fake.die()
		} else if err := s.fake.live(); err != nil {
			return err
		}
		answer, err := s.call(c)
		if err != nil {
			return err
		}
		requests := s.fake.take()
		s.checkSecrets(c, answer, requests)
		s.checkRequests(c, requests)
		s.checkAnswer(c, answer)
		s.transcript += transcript(c, answer, requests)
	}
	return nil
}

func (s *scene) call(c *call) (*protocol.Answer, error) {
	order, err := c.order()
	if err != nil {
		return nil, err
	}
	if s.load || c.Fresh {
		order.Fresh = s.settings
	}
	answer, err := s.driver.ask(order)
	if err != nil {
		return nil, err
	}
	loaded := order.Fresh == nil || answer.Load > 0
	s.load = !loaded || answer.Error != "" && !s.runtime.survives
	return answer, nil
}

// maxShown is how much of a difference is shown, in bytes.
const maxShown = 2000

// fail notes down what is wrong in the case.
func (s *scene) fail(what, how string) {
	if len(how) > maxShown {
		how = strings.ToValidUTF8(how[:maxShown], "") + "…"
	}
	s.failures = append(s.failures, fmt.Sprintf("%s: %s: %s: %s", s.runtime.name, s.testCase.Name, what, how))
}
