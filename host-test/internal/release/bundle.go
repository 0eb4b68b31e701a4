package release

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"dingtalk-plugin/schema"
)

// bundleFolder is where a bundle has the command, for which users need not look.
const bundleFolder = "server/"

// userSettings are what Claude Desktop asks for. Both may stay empty: then the
// tools say what is missing.
var userSettings = []struct{ name, key, title, description string }{
	{"access_token", schema.KeyAccessToken, "Access token", "The robot's webhook address, or the access_token in it. DingTalk shows it in the group's settings, under robots."},
	{"secret", schema.KeySecret, "Signing secret", "It begins with SEC. Leave it empty if the robot's security setting is not signing (加签)."},
}

// addBundle adds a desktop bundle, an .mcpb. Its format has no field for the
// processor.
func (r *Release) addBundle(c *Command, files Files) error {
	manifest, err := r.bundleManifest(c.Platform)
	if err != nil {
		return err
	}
	entries, err := r.entries(c)
	if err != nil {
		return err
	}
	entries[0].name = bundleFolder + entries[0].name
	entries = slices.Insert(entries, 0, entry{"manifest.json", 0o644, manifest})
	files[c.Platform.file(".mcpb")], err = zipArchive(entries, r.Source.Date)
	return err
}

// bundleManifest describes the bundle in version 0.3 of the format:
// https://github.com/modelcontextprotocol/mcpb/blob/main/MANIFEST.md
func (r *Release) bundleManifest(p Platform) ([]byte, error) {
	var described struct {
		Tools []struct {
			Name        string `json:"name"`
			Description string `json:"description"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(r.Describe, &described); err != nil {
		return nil, fmt.Errorf("the output of describe: %w", err)
	}
	system := p.OS
	if system == "windows" {
		system = "win32"
	}
	environment, settings := map[string]string{}, map[string]any{}
	for _, s := range userSettings {
		environment[s.key] = "${user_config." + s.name + "}"
		settings[s.name] = map[string]any{
			"type": "string", "title": s.title, "description": s.description, "sensitive": true, "required": false, "default": "",
		}
	}
	program := bundleFolder + p.program()
	return encodeJSON(map[string]any{
		"manifest_version": "0.3",
		"name":             commandName,
		"display_name":     "DingTalk group robot",
		"version":          r.semver(),
		"description":      "Posts messages to DingTalk group chats (钉钉群机器人).",
		"long_description": commandDescription + " This bundle is for " + p.String() + ".",
		"author":           map[string]any{"name": r.Repository, "url": "https://" + r.Repository},
		"repository":       map[string]any{"type": "git", "url": "https://" + r.Repository},
		"license":          r.license(),
		"server": map[string]any{
			"type":        "binary",
			"entry_point": program,
			"mcp_config":  map[string]any{"command": "${__dirname}/" + program, "args": []string{"serve"}, "env": environment},
		},
		"tools":         described.Tools,
		"user_config":   settings,
		"compatibility": map[string]any{"platforms": []string{system}},
	})
}

// CheckBundles checks each bundle with the program mcpb of @anthropic-ai/mcpb: it
// must accept the manifest, and pack from the same folder the same files. Its own
// bundles are not released because they contain the time of packing.
func CheckBundles(ctx context.Context, mcpb string, files Files) error {
	mcpb, err := filepath.Abs(mcpb)
	if err != nil {
		return err
	}
	for _, name := range files.Downloads() {
		if strings.HasSuffix(name, ".mcpb") {
			if err := checkBundle(ctx, mcpb, files[name]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func checkBundle(ctx context.Context, mcpb string, bundle []byte) error {
	folder, err := os.MkdirTemp("", "bundle")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := os.WriteFile(filepath.Join(folder, "ours.mcpb"), bundle, 0o644); err != nil {
		return err
	}
	for _, arguments := range [][]string{
		{"unpack", "ours.mcpb", "unpacked"}, {"validate", "unpacked/manifest.json"}, {"pack", "unpacked", "theirs.mcpb"},
	} {
		if out, err := run(exec.CommandContext(ctx, mcpb, arguments...), folder); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
	}
	theirs, err := os.ReadFile(filepath.Join(folder, "theirs.mcpb"))
	if err != nil {
		return err
	}
	want, err := unzip(theirs)
	if err != nil {
		return err
	}
	got, err := unzip(bundle)
	if err == nil && !maps.Equal(got, want) {
		err = fmt.Errorf("it has %v, and mcpb packs %v", got, want)
	}
	return err
}

// unzip returns the modes and checksums of the files in an archive.
func unzip(data []byte) (map[string]string, error) {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return nil, err
		}
		found[file.Name] = fmt.Sprintf("%v %x", file.Mode().Perm(), sha256.Sum256(content))
	}
	return found, nil
}

// serverImage returns the name of the server's image in GitHub's registry, which
// allows no capitals.
func (r *Release) serverImage() string {
	return "ghcr.io/" + strings.ToLower(strings.TrimPrefix(r.Repository, "github.com/")) + "/server"
}

// serverName is the name in the MCP registry. Its first part is what a login at
// GitHub proves.
func (r *Release) serverName() string {
	return "io.github." + strings.TrimPrefix(r.Repository, "github.com/")
}

// addServerJSON adds what the MCP registry publishes about this release.
func (r *Release) addServerJSON(files Files) (err error) {
	var variables []map[string]any
	for _, s := range userSettings {
		variables = append(variables, map[string]any{"name": s.key, "description": s.description, "isSecret": true, "isRequired": false})
	}
	stdio := map[string]any{"type": "stdio"}
	var packages []map[string]any
	for _, c := range r.Commands {
		name := c.Platform.file(".mcpb")
		packages = append(packages, map[string]any{
			"registryType":         "mcpb",
			"identifier":           "https://" + r.Repository + "/releases/download/" + r.Source.Version + "/" + name,
			"version":              r.semver(),
			"fileSha256":           fmt.Sprintf("%x", sha256.Sum256(files[name])),
			"transport":            stdio,
			"environmentVariables": variables,
		})
	}
	packages = append(packages, map[string]any{
		"registryType":         "oci",
		"identifier":           r.serverImage() + ":" + r.Source.Version, // which may have no field version
		"transport":            stdio,
		"environmentVariables": variables,
	})
	files["server.json"], err = encodeJSON(map[string]any{
		"$schema":     "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
		"name":        r.serverName(),
		"title":       "DingTalk group robot",
		"description": "Posts messages to DingTalk group chats: text, Markdown, links and cards.",
		"repository":  map[string]any{"url": "https://" + r.Repository, "source": "github"},
		"version":     r.semver(),
		"packages":    packages,
	})
	return err
}

// semver returns the version as semantic versioning writes it. What git describes
// without a tag, or an unknown version, sorts before every release.
func (r *Release) semver() string {
	if version, tagged := strings.CutPrefix(r.Source.Version, "v"); tagged {
		return version
	}
	return "0.0.0-g" + r.Source.Version
}

func encodeJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}
