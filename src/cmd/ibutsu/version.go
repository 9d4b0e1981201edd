package main

import (
	"fmt"
	"runtime"

	ibutsu "github.com/ibutsu/ibutsu-go"
)

// apiVersion is the version of the Ibutsu API that this server speaks.
const apiVersion = "3.1.1"

// VersionCmd prints the version.
type VersionCmd struct{}

// Run implements the command.
func (VersionCmd) Run(c *console) error {
	_, err := fmt.Fprintf(c.out, "ibutsu %s (API of Ibutsu %s, %s)\n", ibutsu.Version(), apiVersion, runtime.Version())
	return err
}
