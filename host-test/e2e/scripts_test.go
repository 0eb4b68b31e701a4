package e2e

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	progress = root + "plugin/build/progress.sh"
	require  = root + "plugin/build/require.sh"
	browser  = root + "plugin/build/browser.sh"
)

// A machine is a folder that is all of PATH: a few real tools, and the given commands
// as shell scripts.
type machine struct {
	folder string
	home   string
}

func newMachine(t *testing.T, commands map[string]string) *machine {
	t.Helper()
	m := &machine{t.TempDir(), t.TempDir()}
	for _, tool := range []string{"bash", "sh", "env", "cat", "cut", "dirname", "grep", "mktemp", "rm", "sed", "sleep", "tail", "touch", "tr", "chmod"} {
		path, err := exec.LookPath(tool)
		if err == nil {
			err = os.Symlink(path, filepath.Join(m.folder, tool))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range commands {
		if err := os.WriteFile(filepath.Join(m.folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// run returns what a script prints, and its status.
func (m *machine) run(t *testing.T, script string, environment []string, arguments ...string) (out, complaint string, status int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", append([]string{script}, arguments...)...)
	command.Env = append([]string{"PATH=" + m.folder, "HOME=" + m.home, "M=" + m.folder}, environment...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// debian is a Debian without a browser, fonts and Node.js, on which installing works:
// apt-get records its arguments, and a browser appears.
func debian(more map[string]string) map[string]string {
	commands := map[string]string{
		"apt-get":    `echo "$@" >>"$M/calls"; case "$*" in *install*chromium*) echo exit >"$M/chromium"; chmod +x "$M/chromium";; esac; echo noise`,
		"apt-cache":  `case $1 in policy) echo "  Candidate: 22.1.0";; esac`,
		"dpkg-query": "exit 1",
		"id":         "echo 0",
		"uname":      "echo Linux",
		"sudo":       "exit 1",
	}
	for name, script := range more {
		commands[name] = script
	}
	return commands
}

// On a first make test, what is missing is installed if possible, and named if not;
// what is there is left alone.
func TestRequire(t *testing.T) {
	aptInstall := "install -y --no-install-recommends "
	for _, tt := range []struct {
		name, need  string
		commands    map[string]string
		environment []string
		status      int
		message     string // "" for none at all
		installs    string // "" for nothing
	}{
		{"root", "browser", debian(nil), []string{"STEPS=browser tests"}, 0, "[1/2] the tests of the page need a browser", aptInstall + "chromium fonts-noto-cjk"},
		{"sudo", "browser", debian(map[string]string{"id": "echo 1000", "sudo": `[ "$1" = -n ] && shift && exec "$@"`, "true": "exit 0"}), nil, 0, "installing", aptInstall + "chromium fonts-noto-cjk"},
		{"no rights", "browser", debian(map[string]string{"id": "echo 1000"}), nil, 1, "sudo apt-get install --no-install-recommends chromium fonts-noto-cjk`, or set CHROME", ""},
		{"apt fails", "browser", debian(map[string]string{"apt-get": "echo no space left; exit 100"}), nil, 1, "no space left", ""},
		{"unknown package", "browser", debian(map[string]string{"apt-cache": "exit 1"}), nil, 1, "has no package chromium fonts-noto-cjk", ""},
		{"browser that does not start", "browser", debian(map[string]string{"chromium": "exit 1", "apt-get": "exit 0"}), nil, 1, "does not start", ""},
		{"font only", "browser", debian(map[string]string{"google-chrome": "exit 0"}), nil, 0, "installing", aptInstall + "fonts-noto-cjk"},
		{"all there", "browser", debian(map[string]string{"google-chrome": "exit 0", "fc-list": "echo a font"}), nil, 0, "", ""},
		{"wrong CHROME", "browser", debian(nil), []string{"CHROME=/nowhere"}, 1, "CHROME=/nowhere does not start", ""},
		{"macOS", "browser", map[string]string{"uname": "echo Darwin"}, nil, 1, "run `brew install --cask google-chrome`, or set CHROME", ""},
		{"macOS, all there", "browser", map[string]string{"uname": "echo Darwin", "chromium": "exit 0"}, nil, 0, "", ""},
		{"Fedora", "browser", map[string]string{"uname": "echo Linux", "dnf": "exit 1"}, nil, 1, "run `sudo dnf install chromium`", ""},
		{"elsewhere", "browser", map[string]string{"uname": "echo Linux"}, nil, 1, "need a browser and a Chinese font: set CHROME", ""},
		{"shellcheck", "shellcheck", debian(nil), nil, 0, "the scripts are checked with shellcheck", aptInstall + "shellcheck"},
		{"shellcheck there", "shellcheck", debian(map[string]string{"shellcheck": "exit 0"}), nil, 0, "", ""},
		{"node", "node", debian(nil), nil, 0, "need Node.js 20 or newer", aptInstall + "nodejs npm"},
		{"no newer node", "node", debian(map[string]string{"apt-cache": `echo "  Candidate: 18.20.4"`}), nil, 1, "see https://nodejs.org", ""},
		{"node there", "node", debian(map[string]string{"node": "exit 0", "npm": "exit 0"}), nil, 0, "", ""},
		{"python", "python", debian(nil), nil, 0, "Python 3 with venv", aptInstall + "python3 python3-venv"},
		{"python, macOS", "python", map[string]string{"uname": "echo Darwin"}, nil, 1, "brew install python", ""},
		{"curl", "curl", debian(map[string]string{"curl": "exit 0"}), nil, 0, "curl and openssl", aptInstall + "curl openssl"},
		{"nonsense", "nonsense", debian(nil), nil, 1, "usage", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := newMachine(t, tt.commands)
			out, complaint, status := m.run(t, require, tt.environment, tt.need)
			if status != tt.status || out != "" {
				t.Errorf("status %d, want %d; printed %q", status, tt.status, out)
			}
			if !strings.Contains(complaint, tt.message) || tt.message == "" && complaint != "" {
				t.Errorf("prints %q, want %q", complaint, tt.message)
			}
			if tt.status == 0 && strings.Contains(complaint, "noise") {
				t.Errorf("shows what apt-get printed: %q", complaint)
			}
			calls, _ := os.ReadFile(filepath.Join(m.folder, "calls"))
			if !strings.Contains(string(calls), tt.installs) || tt.installs == "" && strings.Contains(string(calls), "install") {
				t.Errorf("apt-get was called with %q, want %q", calls, tt.installs)
			}
		})
	}
}

// browser.sh finds each supported browser, and prefers CHROME.
func TestBrowser(t *testing.T) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "microsoft-edge-stable"} {
		m := newMachine(t, map[string]string{name: "exit 0"})
		if out, complaint, status := m.run(t, browser, nil); status != 0 || out != filepath.Join(m.folder, name)+"\n" {
			t.Errorf("%s: found %q, status %d: %s", name, out, status, complaint)
		}
	}
	m := newMachine(t, map[string]string{"chromium": "exit 0", "mine": "exit 0", "stub": "exit 1"})
	for chrome, want := range map[string]string{"mine": filepath.Join(m.folder, "mine\n"), filepath.Join(m.folder, "mine"): filepath.Join(m.folder, "mine\n"), "stub": ""} {
		if out, _, status := m.run(t, browser, []string{"CHROME=" + chrome}); out != want || (status == 0) != (want != "") {
			t.Errorf("CHROME=%s: found %q, status %d, want %q", chrome, out, status, want)
		}
	}
	app := filepath.Join(m.home, "Applications", "Google Chrome.app", "Contents", "MacOS", "Google Chrome")
	if err := os.MkdirAll(filepath.Dir(app), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(app, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(m.folder, "chromium"))
	if out, complaint, status := m.run(t, browser, nil); status != 0 || out != app+"\n" {
		t.Errorf("macOS: found %q, status %d: %s", out, status, complaint)
	}
}

// step.sh numbers the steps of make, and passes on the output and status of the command.
func TestStep(t *testing.T) {
	for _, tt := range []struct{ steps, want string }{
		{"", "the text\n"}, {"a b", "the text\n"}, {"me", "[1/1] the text\n"}, {"a me b", "[2/3] the text\n"},
	} {
		m := newMachine(t, nil)
		out, complaint, status := m.run(t, root+"plugin/build/step.sh", []string{"STEPS=" + tt.steps}, "me", "the text", "bash", "-c", "echo out; exit 3")
		if out != "out\n" || complaint != tt.want || status != 3 {
			t.Errorf("STEPS=%q: printed %q, said %q, status %d", tt.steps, out, complaint, status)
		}
	}
}

// A silent command is reported on, and the reporter ends with the command, even if the
// script is killed.
func TestStepReports(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		signal syscall.Signal
	}{
		"end":       {`during compiling sleep 5`, 0},
		"failure":   {`during compiling bash -c 'sleep 5; exit 1'`, 0},
		"die":       {`quietly compiling bash -c 'echo halfway; sleep 5; exit 1' || die no`, 0},
		"interrupt": {`during compiling sleep 60`, syscall.SIGINT},
		"terminate": {`during compiling sleep 60`, syscall.SIGTERM},
		"kill":      {`during compiling sleep 60`, syscall.SIGKILL},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.Command("bash", "-c", "set -euo pipefail; . "+progress+"; "+tt.script)
			command.Env = append(os.Environ(), "HEARTBEAT=2")
			command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // like a job of a terminal
			var said bytes.Buffer
			command.Stderr = &said
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			if tt.signal != 0 {
				time.Sleep(5 * time.Second)
				target := -command.Process.Pid // Ctrl-C reaches the group
				if tt.signal == syscall.SIGKILL {
					target = command.Process.Pid
					defer syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // the orphaned sleep
				}
				syscall.Kill(target, tt.signal)
				if tt.signal == syscall.SIGKILL {
					time.Sleep(2 * time.Second)
					syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
				}
			}
			// Wait returns once nobody holds standard error: the reporter has ended, too.
			command.WaitDelay = 20 * time.Second
			if err := command.Wait(); errors.Is(err, exec.ErrWaitDelay) {
				t.Errorf("a process survives: %v", err)
			}
			if !strings.Contains(said.String(), "… still compiling (") {
				t.Errorf("said %q", said.String())
			}
			if name == "die" && !strings.Contains(said.String(), "s): halfway\n") {
				t.Errorf("the last line is not in %q", said.String())
			}
		})
	}
}

// notInBash32 finds what bash 3.2, the bash of every Mac, does not support, and programs
// that macOS lacks or has otherwise. shellcheck knows sh and bash, but no versions.
var notInBash32 = map[string]*regexp.Regexp{
	"bash 4: mapfile":                    regexp.MustCompile(`\b(mapfile|readarray)\b`),
	"bash 4: associative array":          regexp.MustCompile(`\b(declare|local|typeset) -[a-z]*[An]`),
	"bash 4: ${x,,} or ${x^^}":           regexp.MustCompile(`\$\{\w+(\[[^]]*\])?(,|\^)`),
	"bash 4.4: ${x@Q}":                   regexp.MustCompile(`\$\{\w+@[A-Za-z]\}`),
	"bash 4: &>> or |&":                  regexp.MustCompile(`&>>|\|&`),
	"bash 4: ;& or ;;&":                  regexp.MustCompile(`;;?&`),
	"bash 4: coproc":                     regexp.MustCompile(`\bcoproc\b`),
	"bash 4.2: [[ -v x ]]":               regexp.MustCompile(`\[\[? -v `),
	"bash 4.3: wait -n":                  regexp.MustCompile(`\bwait -n\b`),
	"bash 4.3: negative subscript":       regexp.MustCompile(`\$\{\w+\[-`),
	"bash 4.1: {name}> file":             regexp.MustCompile(`\bexec \{\w+\}`),
	"bash 4.2: printf %(…)T":             regexp.MustCompile(`printf.*%\(`),
	"bash 4: globstar":                   regexp.MustCompile(`\bshopt .*(globstar|lastpipe|inherit_errexit)`),
	"bash 5: EPOCHSECONDS, SRANDOM":      regexp.MustCompile(`\b(EPOCHSECONDS|EPOCHREALTIME|SRANDOM)\b`),
	"GNU: mv -T, cp -T, ln -T":           regexp.MustCompile(`\b(mv|cp|ln) -[a-zA-Z]*T`),
	"GNU: sha256sum, md5sum":             regexp.MustCompile(`\b(sha\d+|md5)sum\b`),
	"GNU: sed -i, -r":                    regexp.MustCompile(`\bsed (-\w+ )*-[a-z]*[ir]`),
	"GNU: readlink -f, date -d, stat -c": regexp.MustCompile(`\breadlink -f|\bdate -d|\bstat -c|\bgrep -[a-zA-Z]*P|\bxargs -r|\brealpath\b|\btimeout \d`),
}

// An empty array is unset in bash 3.2, so under set -u its expansion has to be
// ${a[@]+"${a[@]}"}.
var (
	emptyArray = regexp.MustCompile(`(\w+)=\(\)|\bread -ra (\w+)`)
	expansion  = regexp.MustCompile(`(\$\{\w+\[@\]\+)?"\$\{(\w+)\[[@*]\]\}`)
)

// unsupported returns what bash 3.2 on a Mac cannot run in a script, each with its line.
func unsupported(text string) (found []string) {
	mayBeEmpty := map[string]bool{}
	for _, match := range emptyArray.FindAllStringSubmatch(text, -1) {
		mayBeEmpty[match[1]+match[2]] = true
	}
	for _, line := range strings.Split(text, "\n") {
		code, _, _ := strings.Cut(" "+line, " #")
		for what, pattern := range notInBash32 {
			if pattern.MatchString(code) {
				found = append(found, what+": "+line)
			}
		}
		for _, match := range expansion.FindAllStringSubmatch(code, -1) {
			if match[1] == "" && mayBeEmpty[match[2]] {
				found = append(found, "an array that may be empty: "+line)
			}
		}
	}
	slices.Sort(found)
	return found
}

// Every script of the repository runs in bash 3.2.
func TestShellBash32(t *testing.T) {
	scripts := shellFiles(t)
	if len(scripts) < 10 {
		t.Errorf("found %q only", scripts)
	}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range unsupported(string(text)) {
			t.Errorf("%s: %s", script, found)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"mapfile -t x < <(list)", 1}, {"declare -A x", 1}, {"local -n x=$1", 1}, {"echo ${x,,}", 1}, {"echo ${x[0]^^}", 1},
		{"make &>>log", 1}, {"make |& tee log", 1}, {"mv -T a b", 1}, {"sha256sum x", 1}, {"sed -i s/a/b/ x", 1}, {"echo ${x[-1]}", 1},
		{"a=()\nrun \"${a[@]}\"", 1}, {"read -ra a <<<x\nrun \"${a[@]}\"", 1}, {"a=()\nsay \"${a[*]}\"", 1},
		{"a=()\nrun ${a[@]+\"${a[@]}\"}", 0}, {"a=(x)\nrun \"${a[@]}\"", 0}, {"# no mapfile here", 0}, {"echo ${x-,} ${#a[@]} x # mv -T", 0},
		{"a && b; sed -n s/a/b/", 0},
	} {
		if got := unsupported(tt.text); len(got) != tt.want {
			t.Errorf("%q: found %q, want %d", tt.text, got, tt.want)
		}
	}
}

// shellFiles returns the scripts that make lint checks with shellcheck.
func shellFiles(t *testing.T) (scripts []string) {
	t.Helper()
	head := regexp.MustCompile(`^(#!/usr/bin/env bash|# shellcheck shell=bash)`)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains([]string{".git", ".tools", "dist"}, entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if head.Match(text) {
			scripts = append(scripts, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}
