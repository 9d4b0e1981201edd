package main

import (
	"fmt"
	"strings"
)

// welcome is the screen that `ibutsu up` shows when it is ready.
type welcome struct {
	program          string // as it was called
	url, state       string
	admin            administrator
	terminal, colour bool
}

func (w welcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  %s\n\n", w.strong("Ibutsu is ready at "+w.url))
	line := func(name, text string) { fmt.Fprintf(&b, "    %-10s %s\n", name, text) }
	email := w.admin.email
	if email != "" {
		line("Sign in", email)
		line("Password", w.password())
	} else if w.admin.file != "" {
		line("Sign in", "the first administrator's password is in "+w.admin.file)
	}
	line("API", w.url+"/api/ui/")
	line("State", w.state)
	if email == "" {
		b.WriteString("\n")
		return b.String()
	}
	fmt.Fprintf(&b, "\n  %s\n\n", w.strong("Push a first run"))
	for _, command := range []string{
		fmt.Sprintf("TOKEN=$(%s token create --state %s --email %s --name ci)", quoted(w.program), quoted(w.state), email),
		"pip install pytest-ibutsu",
		fmt.Sprintf("pytest --ibutsu %s --ibutsu-token $TOKEN --ibutsu-project %s", w.url, firstProject),
	} {
		fmt.Fprintf(&b, "    %s\n", command)
	}
	b.WriteString("\n  Ctrl-C stops everything in good order.\n\n")
	return b.String()
}

// password is shown to a person at a terminal, once. Elsewhere the output is kept, in a journal or a file of CI, where it
// has no business.
func (w welcome) password() string {
	if w.terminal {
		return w.admin.password + "   (kept in " + w.admin.file + ")"
	}
	return "in " + w.admin.file
}

func (w welcome) strong(text string) string {
	if w.colour {
		return "\x1b[1m" + text + "\x1b[0m"
	}
	return text
}

// quoted makes a path one word of a shell command.
func quoted(path string) string {
	if !strings.ContainsAny(path, " \t'\"\\$&;|<>()*?[]{}~#!`") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
