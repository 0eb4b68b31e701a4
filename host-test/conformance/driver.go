package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"dingtalk-plugin/host-test/conformance/protocol"
)

// replyTimeout limits one request to a driver.
const replyTimeout = time.Minute

// A driver is a running program that has the plugin loaded.
type driver struct {
	version string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	stderr  *stderr
}

// startDriver starts the program and waits for its version.
func startDriver(ctx context.Context, command []string) (*driver, error) {
	d := &driver{cmd: exec.CommandContext(ctx, command[0], command[1:]...), stderr: &stderr{}}
	d.cmd.Env = environment()
	d.cmd.Stderr = d.stderr
	in, err := d.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.in, d.out = in, bufio.NewReader(out)
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	response, err := d.receive()
	if err != nil {
		d.close()
		return nil, err
	}
	d.version = response.Version
	return d, nil
}

// environment keeps proxies, log levels and caches of the machine out of the
// measurements. Without EXTISM_CACHE_CONFIG, libextism would keep compiled modules in
// the user's home, and loads would not be cold.
func environment() []string {
	list := []string{"EXTISM_CACHE_CONFIG="}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "TEMP", "SYSTEMROOT"} {
		if value, ok := os.LookupEnv(name); ok {
			list = append(list, name+"="+value)
		}
	}
	return list
}

// ask sends a request. The program's standard error becomes part of the log.
func (d *driver) ask(request *protocol.Request) (*protocol.Response, error) {
	line, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		return nil, d.failed(err)
	}
	response, err := d.receive()
	if err != nil {
		return nil, err
	}
	response.Log += d.stderr.drain()
	return response, nil
}

func (d *driver) receive() (*protocol.Response, error) {
	timer := time.AfterFunc(replyTimeout, func() { _ = d.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := d.out.ReadBytes('\n')
	if err != nil {
		return nil, d.failed(err)
	}
	var response protocol.Response
	if err := json.Unmarshal(line, &response); err != nil {
		return nil, fmt.Errorf("the driver sent %q: %w", line, err)
	}
	return &response, nil
}

func (d *driver) failed(err error) error {
	return fmt.Errorf("the driver ended or was silent for %v: %w\n%s", replyTimeout, err, strings.TrimSpace(d.stderr.drain()))
}

// close lets the program end by itself for ten seconds, and then kills it.
func (d *driver) close() {
	d.in.Close()
	timer := time.AfterFunc(10*time.Second, func() { _ = d.cmd.Process.Kill() })
	defer timer.Stop()
	_ = d.cmd.Wait() // its exit status is irrelevant to the plugin
}

// stderr is written by the program and read between two responses.
type stderr struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *stderr) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *stderr) drain() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.text.Reset()
	return s.text.String()
}
