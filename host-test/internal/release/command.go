package release

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// output runs the command and returns what it prints, without the last line's
// end; the error has what it complained of.
func output(command *exec.Cmd) (string, error) {
	out, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, failed.Stderr)
	}
	return strings.TrimRight(string(out), "\n"), err
}
