package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"dingtalk-plugin/schema"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: ${enum}. Load the script with \"source <(COMMAND completion bash)\", in fish with \"COMMAND completion fish | source\"."`
}

// Run prints the script.
func (c *completionCommand) Run(ctx *kong.Context) error {
	fmt.Print(completionScript(c.Shell, commandName(), ctx.Model.Node))
	return nil
}

// completionScript completes commands, flags and tools. Where nothing fits, the
// shell completes files.
func completionScript(shell, name string, model *kong.Node) string {
	var b strings.Builder
	var commands []string
	words := func(node *kong.Node) (list []string) {
		for _, group := range node.AllFlags(true) {
			for _, flag := range group {
				list = append(list, "--"+flag.Name)
			}
		}
		for _, argument := range node.Positional {
			if argument.Enum != "" {
				list = append(list, argument.EnumSlice()...)
			}
		}
		if node.Name == "call" {
			list = append(list, toolNames()...)
		}
		return list
	}
	for _, command := range model.Children {
		commands = append(commands, append(command.Aliases, command.Name)...)
		if shell == "fish" {
			fmt.Fprintf(&b, "complete -c %s -n __fish_use_subcommand -a %s -d %s\n", name, command.Name, shellWord(command.Help))
			fmt.Fprintf(&b, "complete -c %s -n '__fish_seen_subcommand_from %s' -a %s\n", name,
				strings.Join(append(command.Aliases, command.Name), " "), shellWord(strings.Join(words(command), " ")))
		} else {
			fmt.Fprintf(&b, "    %s) words='%s' ;;\n", strings.Join(append(command.Aliases, command.Name), "|"), strings.Join(words(command), " "))
		}
	}
	if shell == "fish" {
		return b.String()
	}
	return fmt.Sprintf(completionBash, map[string]string{"zsh": "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n"}[shell],
		strings.Join(commands, "|"), strings.Join(append(commands, words(model)...), " "), b.String(), name)
}

// completionBash runs in bash 3.2, too, and in zsh with bashcompinit.
const completionBash = `%[1]s_dingtalk_mcp() {
  local command= words i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
    %[2]s) command="${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$command" in
    '') words='%[3]s' ;;
%[4]s  esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _dingtalk_mcp %[5]s
`

// toolNames returns the names of all tools.
func toolNames() (names []string) {
	for _, tool := range schema.Tools {
		var t struct{ Name string }
		if json.Unmarshal([]byte(tool), &t) == nil {
			names = append(names, t.Name)
		}
	}
	return names
}
