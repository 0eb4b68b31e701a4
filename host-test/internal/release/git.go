package release

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"dingtalk-plugin/host-test/internal/pluginversion"
)

// Unknown is the version of a source without git.
const Unknown = pluginversion.Unknown

// A Source is the state of the repository that a module is built from.
type Source struct {
	Version string    // as git describes it, such as "v0.1.0" or "v0.1.0-3-g0123456789ab-dirty"
	Commit  string    // not abbreviated
	Date    time.Time // SOURCE_DATE_EPOCH, else the commit's; zero when neither is known
	URL     string    // of the repository's web page; "" when origin has none
}

// ReadSource asks git about the repository at root. Without git, or in a source
// that was unpacked instead of cloned, the version is Unknown.
//
// It refuses a tagged commit with changes in the work tree: the version would
// name a source that the module was not built from.
func ReadSource(ctx context.Context, root string) (Source, error) {
	date, err := sourceDateEpoch()
	if err != nil {
		return Source{}, err
	}
	g := git{ctx, root}
	if !g.available() {
		return Source{Version: Unknown, Date: date}, nil
	}
	if err := g.checkCleanTag(); err != nil {
		return Source{}, err
	}
	s, err := g.source()
	if !date.IsZero() {
		s.Date = date
	}
	return s, err
}

// sourceDateEpoch reads the time that reproducible builds use as the current one:
// https://reproducible-builds.org/specs/source-date-epoch/
func sourceDateEpoch() (time.Time, error) {
	value := os.Getenv("SOURCE_DATE_EPOCH")
	if value == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return time.Time{}, errors.New("SOURCE_DATE_EPOCH is not a number of seconds")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// git runs git commands in the repository at root.
type git struct {
	ctx  context.Context
	root string
}

// available looks for .git in root itself, because git would describe whatever
// repository an unpacked source lies in.
func (g git) available() bool {
	_, missing := os.Stat(filepath.Join(g.root, ".git"))
	_, notInstalled := exec.LookPath("git")
	return missing == nil && notInstalled == nil
}

func (g git) checkCleanTag() error {
	tags, err := g.run("tag", "--points-at", "HEAD", "--list", "v*")
	if err != nil || tags == "" {
		return err
	}
	changes, err := g.run("status", "--porcelain")
	if err != nil || changes == "" {
		return err
	}
	return fmt.Errorf("HEAD is tagged %s, but the work tree differs from it:\n%s\ncommit or stash the changes",
		strings.Join(strings.Fields(tags), " "), changes)
}

func (g git) source() (s Source, err error) {
	// By default, git abbreviates the commit depending on how many others it has.
	if s.Version, err = g.run("describe", "--tags", "--always", "--dirty", "--abbrev=12", "--match=v*"); err != nil {
		return s, err
	}
	head, err := g.run("log", "-1", "--format=%H %ct")
	if err != nil {
		return s, err
	}
	var unix int64
	if _, err := fmt.Sscan(head, &s.Commit, &unix); err != nil {
		return s, fmt.Errorf("the commit's date: %w", err)
	}
	s.Date = time.Unix(unix, 0).UTC()
	if remote, err := g.run("config", "--get", "remote.origin.url"); err == nil { // fails without a remote
		s.URL = webAddress(remote)
	}
	return s, nil
}

func (g git) run(args ...string) (string, error) {
	return run(exec.CommandContext(g.ctx, "git", append([]string{"--no-optional-locks"}, args...)...), g.root)
}

// run runs the command in the folder and returns its output without the last
// newline. The error includes what the command wrote to standard error.
func run(command *exec.Cmd, folder string) (string, error) {
	command.Dir = folder
	out, err := command.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, failed.Stderr)
	}
	return strings.TrimRight(string(out), "\n"), err
}

var sshForm = regexp.MustCompile(`^(?:[^@/]+@)?([^:/]+\.[^:/]+):([^/].*)$`) // git@github.com:owner/name.git

// webAddress turns a remote into the address of its web page: https, without
// credentials. A local path is not published: it returns "".
func webAddress(remote string) string {
	if found := sshForm.FindStringSubmatch(remote); found != nil {
		remote = "ssh://" + found[1] + "/" + found[2]
	}
	u, err := url.Parse(remote)
	if err != nil || u.Hostname() == "" || u.Scheme == "file" {
		return ""
	}
	return "https://" + u.Hostname() + strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), ".git")
}
