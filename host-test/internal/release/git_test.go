package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repository makes one with a commit of 2026-11-21, without the machine's git
// configuration.
func repository(t *testing.T) string {
	t.Helper()
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_SYSTEM": os.DevNull,
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "2026-11-21T12:00:00Z",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": "2026-11-21T12:00:00Z",
		"SOURCE_DATE_EPOCH": "",
	} {
		t.Setenv(name, value)
	}
	folder := t.TempDir()
	runGit(t, folder, "init", "-q")
	write(t, folder, "a", "one")
	runGit(t, folder, "add", "a")
	runGit(t, folder, "commit", "-q", "-m", "one")
	return folder
}

func runGit(t *testing.T, folder string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", append([]string{"-C", folder}, args...)...)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// write also makes the folders that the file is in.
func write(t *testing.T, folder, name, text string) {
	t.Helper()
	file := filepath.Join(folder, name)
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, folder string) Source {
	t.Helper()
	s, err := ReadSource(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSourceVersion(t *testing.T) {
	folder := repository(t)
	commit := read(t, folder).Commit
	if len(commit) != 40 {
		t.Fatalf("commit %q", commit)
	}
	for _, step := range []struct {
		change func()
		want   string
	}{
		{func() {}, commit[:12]},
		{func() { runGit(t, folder, "tag", "nightly") }, commit[:12]},
		{func() { runGit(t, folder, "tag", "v0.1.0") }, "v0.1.0"},
		{func() { runGit(t, folder, "commit", "-q", "--allow-empty", "-m", "two") }, "v0.1.0-1-g"},
		{func() { write(t, folder, "a", "two") }, "-dirty"},
	} {
		step.change()
		if got := read(t, folder).Version; !strings.HasPrefix(got, step.want) && !strings.HasSuffix(got, step.want) {
			t.Errorf("version %s, want %s", got, step.want)
		}
	}
}

// A tagged source with a changed or an additional file is refused.
func TestDirtyTag(t *testing.T) {
	folder := repository(t)
	runGit(t, folder, "tag", "v0.1.0")
	for _, file := range []string{"a", "new"} {
		write(t, folder, file, "changed")
		_, err := ReadSource(t.Context(), folder)
		if err == nil || !strings.Contains(err.Error(), "v0.1.0") || !strings.Contains(err.Error(), file) {
			t.Errorf("%s changed under a tag: %v", file, err)
		}
		runGit(t, folder, "checkout", "-q", ".")
		runGit(t, folder, "clean", "-q", "-f")
	}
	if got := read(t, folder).Version; got != "v0.1.0" {
		t.Errorf("after cleaning up, version %s", got)
	}
	runGit(t, folder, "tag", "-d", "v0.1.0")
	write(t, folder, "a", "changed")
	if got := read(t, folder).Version; !strings.HasSuffix(got, "-dirty") {
		t.Errorf("without the tag, version %s", got)
	}
}

func TestSourceDate(t *testing.T) {
	folder := repository(t)
	if got, want := read(t, folder).Date, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("date %v, want the commit's, %v", got, want)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	if got := read(t, folder).Date.Unix(); got != 1700000000 {
		t.Errorf("date %d, want SOURCE_DATE_EPOCH's", got)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if _, err := ReadSource(t.Context(), folder); err == nil {
		t.Error("SOURCE_DATE_EPOCH=yesterday was accepted")
	}
}

// Two clones in two folders are the same source.
func TestSourceInTwoFolders(t *testing.T) {
	folder := repository(t)
	runGit(t, folder, "tag", "v0.1.0")
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	runGit(t, folder, "clone", "-q", ".", first)
	runGit(t, folder, "clone", "-q", ".", second)
	if a, b := read(t, first), read(t, second); a != b || a.Version != "v0.1.0" {
		t.Errorf("%+v and %+v", a, b)
	}
}

// A source that was unpacked inside another repository is not that repository.
func TestSourceWithoutGit(t *testing.T) {
	inner := filepath.Join(repository(t), "unpacked")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if got := read(t, inner); got != (Source{Version: Unknown}) {
		t.Errorf("%+v", got)
	}
	t.Setenv("PATH", t.TempDir())
	if got := read(t, filepath.Dir(inner)); got.Version != Unknown {
		t.Errorf("without git, version %s", got.Version)
	}
}

func TestWebAddress(t *testing.T) {
	for remote, want := range map[string]string{
		"https://github.com/owner/name.git":                "https://github.com/owner/name",
		"https://github.com/owner/name":                    "https://github.com/owner/name",
		"https://x-access-token:secret@github.com/owner/n": "https://github.com/owner/n",
		"git@github.com:owner/name.git":                    "https://github.com/owner/name",
		"ssh://git@example.org:2222/owner/name.git":        "https://example.org/owner/name",
		"/srv/git/name.git":                                "",
		"../name":                                          "",
		"file:///srv/git/name.git":                         "",
		`C:\git\name`:                                      "",
		"":                                                 "",
	} {
		if got := webAddress(remote); got != want {
			t.Errorf("webAddress(%q) = %q, want %q", remote, got, want)
		}
	}
}
