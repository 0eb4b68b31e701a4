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

// String omits where the compiler came from: the same version builds the same
// module, whether it was bootstrapped or found on PATH.
func (c Compiler) String() string {
	return fmt.Sprintf("tinygo %s (LLVM %s, go%s)", c.TinyGo, c.LLVM, c.Go)
}

var compilerForm = regexp.MustCompile(`^tinygo (\S+) \((?:.*, )?LLVM (\d+), go(\S+)\)\s*$`)

// ParseCompiler reads what `plugin/build/build.sh --version` prints, or what
// String returns.
func ParseCompiler(line string) (Compiler, error) {
	found := compilerForm.FindStringSubmatch(line)
	if found == nil {
		return Compiler{}, fmt.Errorf("cannot read the compiler's version from %q", line)
	}
	return Compiler{found[1], found[2], found[3]}, nil
}

// ReadCompiler asks the build script of the repository at root which compiler it
// uses.
func ReadCompiler(ctx context.Context, root string) (Compiler, error) {
	out, err := run(exec.CommandContext(ctx, "plugin/build/build.sh", "--version"), root)
	if err != nil {
		return Compiler{}, err
	}
	return ParseCompiler(out)
}
