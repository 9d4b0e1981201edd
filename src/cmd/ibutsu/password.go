package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ibutsu/ibutsu-go/src/auth"
)

// passwordFlags are the ways to give a new password. None of them is the command line itself, which every user of the
// machine can read.
type passwordFlags struct {
	PasswordFile  string `placeholder:"FILE" xor:"password" help:"File with the password alone in it"`
	PasswordStdin bool   `xor:"password" help:"Read the password from standard input"`
}

// read gets the password: from the file, from standard input, or from the person at the terminal, who types it twice.
func (p passwordFlags) read(c *console) (string, error) {
	password, err := p.text(c)
	if err != nil {
		return "", err
	}
	return password, auth.CheckNew(password)
}

func (p passwordFlags) text(c *console) (string, error) {
	switch {
	case p.PasswordFile != "":
		text, err := os.ReadFile(p.PasswordFile)
		return strings.TrimRight(string(text), "\r\n"), err
	case p.PasswordStdin:
		line, err := bufio.NewReader(io.LimitReader(c.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	case !c.inTerminal:
		return "", failure{exitUsage, errors.New("no password was given: use --password-stdin or --password-file FILE")}
	}
	return typed(c)
}

func typed(c *console) (string, error) {
	fmt.Fprint(c.err, "New password: ")
	first, err := c.readPassword()
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	fmt.Fprint(c.err, "The same again: ")
	second, err := c.readPassword()
	switch {
	case err != nil:
		return "", fmt.Errorf("reading the password: %w", err)
	case first != second:
		return "", errors.New("the two passwords differ; nothing was changed")
	}
	return first, nil
}
