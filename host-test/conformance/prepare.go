package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func goDriver(name string) preparer {
	return func(ctx context.Context, w *workshop) (command, after []string, err error) {
		program := filepath.Join(w.folder, name, "driver")
		err = w.run(ctx, ".", "go", "build", "-buildvcs=false", "-o", program, "dingtalk-plugin/host-test/conformance/drivers/"+name)
		return []string{program}, nil, err
	}
}

func nodeDriver(alias string) preparer {
	return func(ctx context.Context, w *workshop) (command, after []string, err error) {
		folder, err := w.lay("node", "driver.mjs", "package.json", "package-lock.json")
		if err == nil {
			err = w.once(folder, "package-lock.json", func() error {
				return w.run(ctx, folder, "npm", "ci", "--no-audit", "--no-fund")
			})
		}
		return []string{"node", "--no-warnings", filepath.Join(folder, "driver.mjs")}, []string{alias}, err
	}
}

func pythonDriver(ctx context.Context, w *workshop) (command, after []string, err error) {
	folder, err := w.lay("python", "driver.py", "requirements.txt")
	python := filepath.Join(folder, "venv", "bin", "python")
	if err == nil {
		err = w.once(folder, "requirements.txt", func() error {
			if err := w.run(ctx, folder, "python3", "-m", "venv", "venv"); err != nil {
				return err
			}
			return w.run(ctx, folder, python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
		})
	}
	return []string{python, filepath.Join(folder, "driver.py")}, nil, err
}

// hyperVersion is installed unless HYPER_MCP names a program. It is built as its
// authors built it: with newer dependencies it does not compile.
const hyperVersion = "0.8.3"

func hyperDriver(ctx context.Context, w *workshop) (command, after []string, err error) {
	command, _, err = goDriver("hyper-mcp")(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	folder := filepath.Dir(command[0])
	program := os.Getenv("HYPER_MCP")
	if program == "" {
		if program, err = w.buildHyper(ctx, filepath.Join(folder, hyperVersion)); err != nil {
			return nil, nil, err
		}
	}
	log := filepath.Join(folder, "log")
	if err := os.RemoveAll(log); err != nil {
		return nil, nil, err
	}
	return command, []string{program, log}, os.MkdirAll(log, 0o755)
}

// buildHyper returns the program, which it builds unless it is there.
func (w *workshop) buildHyper(ctx context.Context, folder string) (program string, err error) {
	program = filepath.Join(folder, "bin", "hyper-mcp")
	if _, err := exec.LookPath(program); err == nil {
		return program, nil
	}
	w.say("building hyper-mcp " + hyperVersion + ", which takes some twenty minutes")
	command := exec.CommandContext(ctx, "cargo", "install", "--locked", "hyper-mcp", "--version", hyperVersion, "--root", folder)
	command.Stdout, command.Stderr = w.news, w.news
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("cargo install hyper-mcp: %w", err)
	}
	return program, nil
}
