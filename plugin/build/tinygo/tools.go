//go:build tools

// Package tools names the one thing this module exists for, so that
// "go mod tidy" keeps it. The module stands apart from the plugin's: the
// compiler's dependencies are no business of the plugin's go.sum.
package tools

import _ "github.com/tinygo-org/tinygo"
