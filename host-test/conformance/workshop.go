package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

//go:embed drivers/node drivers/python
var drivers embed.FS

// A workshop is the folder into which runtimes are installed.
type workshop struct {
	folder string // absolute
	news   io.Writer
}

func (w *workshop) say(text string) { fmt.Fprintln(w.news, text) }

// missing returns what the user has to install first, all of it at once.
func missing(runtimes []*runtime) error {
	var errs []error
	told := map[string]bool{}
	for _, r := range runtimes {
		for _, need := range r.needs {
			if _, err := exec.LookPath(need.program); err != nil && !told[need.program] {
				told[need.program] = true
				errs = append(errs, fmt.Errorf("%s is missing: %s", need.program, need.remedy))
			}
		}
	}
	return errors.Join(errs...)
}

// lay writes the driver's files, which this program carries, and returns where.
func (w *workshop) lay(name string, files ...string) (folder string, err error) {
	folder = filepath.Join(w.folder, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for _, file := range files {
		content, err := drivers.ReadFile(path.Join("drivers", name, file))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o644); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// once installs, unless that was done with the list of packages as it is.
func (w *workshop) once(folder, list string, install func() error) error {
	want, err := os.ReadFile(filepath.Join(folder, list))
	if err != nil {
		return err
	}
	stamp := filepath.Join(folder, "installed")
	if have, err := os.ReadFile(stamp); err == nil && bytes.Equal(have, want) {
		return nil
	}
	if err := install(); err != nil {
		return err
	}
	return os.WriteFile(stamp, want, 0o644)
}

// run runs a program that installs something, and says so. What the program prints is shown when it fails.
func (w *workshop) run(ctx context.Context, folder, program string, arguments ...string) error {
	w.say("  " + filepath.Base(program) + " " + strings.Join(arguments, " "))
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(arguments, " "), err, output)
	}
	return nil
}
