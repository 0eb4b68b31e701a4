package webui

import (
	"errors"
	"sync"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// farthest is how far the page lets the robot's clock run ahead.
const farthest = 24 * time.Hour

// clock remembers how far the page has advanced the robot's clock, so that it can be set back: beyond an hour, no sender's
// signature would be young enough any more.
type clock struct {
	robot *dingtalktest.Server
	mu    sync.Mutex
	sum   time.Duration
}

func (c *clock) ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sum
}

func (c *clock) advance(by time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by > farthest-c.sum || by < -c.sum {
		return errors.New("the robot's clock can be up to a day ahead, and not behind")
	}
	c.sum += by
	c.robot.AdvanceClock(by)
	return nil
}
