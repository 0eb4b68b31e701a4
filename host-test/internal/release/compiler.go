package release

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
)

// A Compiler is what turns the source into the module.
type Compiler struct {
	TinyGo string // such as "0.41.1"
	LLVM   string // its major version
	Go     string // the Go whose standard library is compiled in, such as "1.26.8"
}

// String leaves out where the compiler came from: the same one from a release
// and from PATH makes the same module.
func (c Compiler) String() string {
	return fmt.Sprintf("tinygo %s (LLVM %s, go%s)", c.TinyGo, c.LLVM, c.Go)
}

var compilerForm = regexp.MustCompile(`^tinygo (\S+) \((?:.*, )?LLVM (\d+), go(\S+)\)\s*$`)

// ParseCompiler reads what `plugin/build/build.sh --version` prints, or what
// String returns.
func ParseCompiler(line string) (Compiler, error) {
	found := compilerForm.FindStringSubmatch(line)
	if found == nil {
		return Compiler{}, fmt.Errorf("no compiler can be read from %q", line)
	}
	return Compiler{found[1], found[2], found[3]}, nil
}

// ReadCompiler asks the toolchain in the repository at root which compiler it
// takes.
func ReadCompiler(ctx context.Context, root string) (Compiler, error) {
	command := exec.CommandContext(ctx, "plugin/build/build.sh", "--version")
	command.Dir = root // from which the command's own path counts
	out, err := output(command)
	if err != nil {
		return Compiler{}, err
	}
	return ParseCompiler(out)
}
