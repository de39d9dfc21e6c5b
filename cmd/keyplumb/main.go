// Command keyplumb checks a policy on CI secrets, carries the secrets from
// their sources to CI, and says when the two have drifted apart.
//
// Each command has a file of its own; wire.go and its parts (wire_*.go) alone
// name the providers, and
// demo.go alone the emulators.
package main

import (
	"context"
	"io"
	"log"
	"os"
)

func main() {
	// keyplumb logs nothing. What Go and libraries would log may hold anything:
	// with GODEBUG=http2debug=2 every header and body.
	log.SetOutput(io.Discard)
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	c := &Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Dir: dir, Exit: os.Exit}
	ctx, stop := interruptible(context.Background(), os.Exit)
	code := c.Main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
