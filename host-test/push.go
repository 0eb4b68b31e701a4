package main

import (
	"context"
	"fmt"

	"dingtalk-plugin/host-test/internal/release"
)

type pushCommand struct {
	Layout string `help:"The OCI image layout that dist made." default:"dist/oci" type:"existingdir"`
	Ref    string `arg:"" help:"Where to: registry/name:tag."`
}

// Run does not sign: signing needs the identity of the person who runs it.
func (c *pushCommand) Run(ctx context.Context, _ *commands) error {
	pushed, err := release.Push(ctx, c.Layout, c.Ref)
	if err != nil {
		return err
	}
	fmt.Println("pushed", pushed)
	fmt.Println("sign it: cosign sign", pushed)
	return nil
}
