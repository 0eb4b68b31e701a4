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
)

// Unknown is the version of a source without git.
const Unknown = "unknown"

// A Source is the state of the repository that a module is made of.
type Source struct {
	Version string    // as git describes it, such as "v0.1.0" or "v0.1.0-3-g0123456789ab-dirty"
	Commit  string    // whole
	Date    time.Time // SOURCE_DATE_EPOCH, else the commit's; zero when neither is known
	URL     string    // of the repository, for people; "" when origin is not on the web
}

// ReadSource asks git about the repository at root. Without git, or in a source
// that was unpacked and not cloned, the version is Unknown.
//
// It refuses a tagged commit with changes in the work tree: the version would
// name a source that the module was not made of.
func ReadSource(ctx context.Context, root string) (Source, error) {
	date, err := epoch()
	if err != nil {
		return Source{}, err
	}
	g := git{ctx, root}
	if !g.present() {
		return Source{Version: Unknown, Date: date}, nil
	}
	if err := g.refuseDirtyTag(); err != nil {
		return Source{}, err
	}
	s, err := g.source()
	if !date.IsZero() {
		s.Date = date
	}
	return s, err
}

// epoch reads the time that reproducible builds agreed to take for now:
// https://reproducible-builds.org/specs/source-date-epoch/
func epoch() (time.Time, error) {
	value := os.Getenv("SOURCE_DATE_EPOCH")
	if value == "" {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return time.Time{}, errors.New("SOURCE_DATE_EPOCH is no number of seconds")
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// git asks about the repository at root.
type git struct {
	ctx  context.Context
	root string
}

// present looks for .git in root itself, or git would describe whatever
// repository an unpacked source lies in.
func (g git) present() bool {
	_, missing := os.Stat(filepath.Join(g.root, ".git"))
	_, unable := exec.LookPath("git")
	return missing == nil && unable == nil
}

func (g git) refuseDirtyTag() error {
	tags, err := g.ask("tag", "--points-at", "HEAD", "--list", "v*")
	if err != nil || tags == "" {
		return err
	}
	changes, err := g.ask("status", "--porcelain")
	if err != nil || changes == "" {
		return err
	}
	return fmt.Errorf("HEAD is tagged %s, and the work tree is not what the tag names:\n%s\ncommit the changes or put them aside",
		strings.Join(strings.Fields(tags), " "), changes)
}

func (g git) source() (s Source, err error) {
	// Left to itself, git abbreviates the commit by how many others it has got.
	if s.Version, err = g.ask("describe", "--tags", "--always", "--dirty", "--abbrev=12", "--match=v*"); err != nil {
		return s, err
	}
	if s.Commit, err = g.ask("rev-parse", "HEAD"); err != nil {
		return s, err
	}
	seconds, err := g.ask("log", "-1", "--format=%ct")
	if err != nil {
		return s, err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return s, fmt.Errorf("the commit's date: %w", err)
	}
	s.Date = time.Unix(unix, 0).UTC()
	if remote, err := g.ask("config", "--get", "remote.origin.url"); err == nil { // it fails where there is none
		s.URL = webAddress(remote)
	}
	return s, nil
}

func (g git) ask(args ...string) (string, error) {
	command := exec.CommandContext(g.ctx, "git", append([]string{"--no-optional-locks", "-C", g.root}, args...)...)
	return output(command)
}

var sshForm = regexp.MustCompile(`^(?:[^@/]+@)?([^:/]+\.[^:/]+):([^/].*)$`) // git@github.com:owner/name.git

// webAddress turns a remote into the address of its page: https, without a
// password. A folder or a file has none, and its path is nobody's business.
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
