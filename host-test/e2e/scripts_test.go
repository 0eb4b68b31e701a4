package e2e

import (
	"bytes"
	"errors"
	"maps"
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

// scripts are commands as shell scripts, by their names.
type scripts map[string]string

// A machine is a folder that is all of PATH: a few real tools, and the given
// commands.
type machine struct {
	folder string
	home   string
}

func newMachine(t *testing.T, commands scripts) *machine {
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
		writeFile(t, filepath.Join(m.folder, name), "#!/bin/sh\n"+script+"\n", 0o755)
	}
	return m
}

// run returns what a script prints, and its status.
func (m *machine) run(t *testing.T, script, environment string, arguments ...string) (out, complaint string, status int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "bash", append([]string{script}, arguments...)...)
	command.Env = []string{"PATH=" + m.folder, "HOME=" + m.home, "M=" + m.folder, environment}
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
func debian(more scripts) scripts {
	commands := scripts{
		"apt-get":    `echo "$@" >>"$M/calls"; case "$*" in *install*chromium*) echo exit >"$M/chromium"; chmod +x "$M/chromium";; esac; echo noise`,
		"apt-cache":  `case $1 in policy) echo "  Candidate: 22.1.0";; esac`,
		"dpkg-query": "exit 1",
		"id":         "echo 0",
		"uname":      "echo Linux",
		"sudo":       "exit 1",
	}
	maps.Copy(commands, more)
	return commands
}

const aptInstall = "install -y --no-install-recommends "

var requireTests = []struct {
	name, need  string
	commands    scripts
	environment string
	status      int
	message     string // "" for none at all
	installs    string // "" for nothing
}{
	{"root", "browser", debian(nil), "STEPS=browser tests", 0, "[1/2] the tests of the page need a browser", aptInstall + "chromium fonts-noto-cjk"},
	{"sudo", "browser", debian(scripts{"id": "echo 1000", "sudo": `[ "$1" = -n ] && shift && exec "$@"`, "true": "exit 0"}), "", 0, "installing", aptInstall + "chromium fonts-noto-cjk"},
	{"no rights", "browser", debian(scripts{"id": "echo 1000"}), "", 1, "sudo apt-get install --no-install-recommends chromium fonts-noto-cjk`, or set CHROME", ""},
	{"apt fails", "browser", debian(scripts{"apt-get": "echo no space left; exit 100"}), "", 1, "no space left", ""},
	{"unknown package", "browser", debian(scripts{"apt-cache": "exit 1"}), "", 1, "has no package chromium fonts-noto-cjk", ""},
	{"browser that does not start", "browser", debian(scripts{"chromium": "exit 1", "apt-get": "exit 0"}), "", 1, "does not start", ""},
	{"font only", "browser", debian(scripts{"google-chrome": "exit 0"}), "", 0, "installing", aptInstall + "fonts-noto-cjk"},
	{"all there", "browser", debian(scripts{"google-chrome": "exit 0", "fc-list": "echo a font"}), "", 0, "", ""},
	{"wrong CHROME", "browser", debian(nil), "CHROME=/nowhere", 1, "CHROME=/nowhere does not start", ""},
	{"macOS", "browser", scripts{"uname": "echo Darwin"}, "", 1, "run `brew install --cask google-chrome`, or set CHROME", ""},
	{"macOS, all there", "browser", scripts{"uname": "echo Darwin", "chromium": "exit 0"}, "", 0, "", ""},
	{"Fedora", "browser", scripts{"uname": "echo Linux", "dnf": "exit 1"}, "", 1, "run `sudo dnf install chromium`", ""},
	{"elsewhere", "browser", scripts{"uname": "echo Linux"}, "", 1, "need a browser and a Chinese font: set CHROME", ""},
	{"shellcheck", "shellcheck", debian(nil), "", 0, "the scripts are checked with shellcheck", aptInstall + "shellcheck"},
	{"shellcheck there", "shellcheck", debian(scripts{"shellcheck": "exit 0"}), "", 0, "", ""},
	{"node", "node", debian(nil), "", 0, "need Node.js 20 or newer", aptInstall + "nodejs npm"},
	{"no newer node", "node", debian(scripts{"apt-cache": `echo "  Candidate: 18.20.4"`}), "", 1, "see https://nodejs.org", ""},
	{"node there", "node", debian(scripts{"node": "exit 0", "npm": "exit 0"}), "", 0, "", ""},
	{"python", "python", debian(nil), "", 0, "Python 3 with venv", aptInstall + "python3 python3-venv"},
	{"python, macOS", "python", scripts{"uname": "echo Darwin"}, "", 1, "brew install python", ""},
	{"curl", "curl", debian(scripts{"curl": "exit 0"}), "", 0, "curl and openssl", aptInstall + "curl openssl"},
	{"nonsense", "nonsense", debian(nil), "", 1, "usage", ""},
}

// On a first make test, what is missing is installed if possible, and named if not;
// what is there is left alone.
func TestRequire(t *testing.T) {
	for _, tt := range requireTests {
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
	const app = "$HOME/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
	for _, tt := range []struct{ there, chrome, want string }{
		{"$M/chromium", "", "$M/chromium"}, {"$M/chromium-browser", "", "$M/chromium-browser"},
		{"$M/google-chrome", "", "$M/google-chrome"}, {"$M/google-chrome-stable", "", "$M/google-chrome-stable"},
		{"$M/microsoft-edge", "", "$M/microsoft-edge"}, {"$M/microsoft-edge-stable", "", "$M/microsoft-edge-stable"},
		{app, "", app}, {"$M/other", "", ""},
		{"$M/chromium", "mine", "$M/mine"}, {"$M/chromium", "$M/mine", "$M/mine"}, {"$M/chromium", "stub", ""},
	} {
		m := newMachine(t, scripts{"mine": "exit 0", "stub": "exit 1"})
		place := strings.NewReplacer("$M", m.folder, "$HOME", m.home)
		writeFile(t, place.Replace(tt.there), "#!/bin/sh\n", 0o755)
		out, complaint, status := m.run(t, browser, "CHROME="+place.Replace(tt.chrome))
		if strings.TrimSuffix(out, "\n") != place.Replace(tt.want) || (status == 0) != (tt.want != "") {
			t.Errorf("%s, CHROME=%s: found %q, status %d, want %s: %s", tt.there, tt.chrome, out, status, tt.want, complaint)
		}
	}
}

// step.sh numbers the steps of make, and passes on the output and status of the command.
func TestStep(t *testing.T) {
	for _, tt := range []struct{ steps, want string }{
		{"", "the text\n"}, {"a b", "the text\n"}, {"me", "[1/1] the text\n"}, {"a me b", "[2/3] the text\n"},
	} {
		m := newMachine(t, nil)
		out, complaint, status := m.run(t, root+"plugin/build/step.sh", "STEPS="+tt.steps, "me", "the text", "bash", "-c", "echo out; exit 3")
		if out != "out\n" || complaint != tt.want || status != 3 {
			t.Errorf("STEPS=%q: printed %q, said %q, status %d", tt.steps, out, complaint, status)
		}
	}
}

// A silent command is reported on, and the reporter ends with the command, even if the
// script is killed.
func TestStepReports(t *testing.T) {
	const endless = "during compiling sleep 60"
	for name, tt := range map[string]struct {
		script, says string
		signal       syscall.Signal
	}{
		"end":       {script: `during compiling sleep 5`},
		"failure":   {script: `during compiling bash -c 'sleep 5; exit 1'`},
		"die":       {script: `quietly compiling bash -c 'echo halfway; sleep 5; exit 1' || die no`, says: "s): halfway\n"},
		"interrupt": {script: endless, signal: syscall.SIGINT},
		"terminate": {script: endless, signal: syscall.SIGTERM},
		"kill":      {script: endless, signal: syscall.SIGKILL},
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
				interrupt(command.Process.Pid, tt.signal)
			}
			// Wait returns once nobody holds standard error: the reporter has ended, too.
			command.WaitDelay = 20 * time.Second
			if err := command.Wait(); errors.Is(err, exec.ErrWaitDelay) {
				t.Errorf("a process survives: %v", err)
			}
			for _, want := range []string{"… still compiling (", tt.says} {
				if !strings.Contains(said.String(), want) {
					t.Errorf("said %q, want %q", said.String(), want)
				}
			}
		})
	}
}

// interrupt signals to the group of a process, as Ctrl-C does, or kills only the process,
// and two seconds later the sleep that it leaves behind.
func interrupt(pid int, signal syscall.Signal) {
	if signal == syscall.SIGKILL {
		syscall.Kill(pid, signal)
		time.Sleep(2 * time.Second)
	}
	syscall.Kill(-pid, signal)
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
	head, scripts := regexp.MustCompile(`^(#!/usr/bin/env bash|# shellcheck shell=bash)`), 0 // as make shellcheck finds them
	for path, text := range repositoryFiles(t) {
		if !head.MatchString(text) {
			continue
		}
		scripts++
		for _, found := range unsupported(text) {
			t.Errorf("%s: %s", path, found)
		}
	}
	if scripts < 10 {
		t.Errorf("found %d scripts only", scripts)
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
