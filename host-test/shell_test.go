package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Shell that bash 3.2, which is the bash of every Mac, does not know, and programs that macOS has not or has otherwise. shellcheck
// does not look for these: it only tells sh from bash.
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

// An array that may be empty is unset in bash 3.2, so under set -u its expansion has to be ${a[@]+"${a[@]}"}.
var (
	emptyArray = regexp.MustCompile(`(\w+)=\(\)|\bread -ra (\w+)`)
	expansion  = regexp.MustCompile(`(\$\{\w+\[@\]\+)?"\$\{(\w+)\[[@*]\]\}`)
)

// without32 returns what of a script's text bash 3.2 on a Mac cannot run, each with its line.
func without32(text string) (found []string) {
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

// TestShellBash32 reads every script of the repository.
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
		for _, found := range without32(string(text)) {
			t.Errorf("%s: %s", script, found)
		}
	}
}

// What TestShellBash32 would find, and what it would let pass.
func TestWithout32(t *testing.T) {
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
		if got := without32(tt.text); len(got) != tt.want {
			t.Errorf("%q: found %q, want %d", tt.text, got, tt.want)
		}
	}
}

// shellFiles returns the scripts, which are those that make lint gives to shellcheck.
func shellFiles(t *testing.T) (scripts []string) {
	t.Helper()
	head := regexp.MustCompile(`^(#!/usr/bin/env bash|# shellcheck shell=bash)`)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
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
