package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	ibutsu "github.com/ibutsu/ibutsu-go"
)

// errHelpShown ends the parsing once the help is out.
var errHelpShown = errors.New("help was shown")

// helpFlag is --help: it prints before anything is validated.
type helpFlag bool

// BeforeReset implements kong's hook.
func (helpFlag) BeforeReset(_ context.Context, command *kong.Context, c *console) error {
	h := &help{width: c.width, bold: c.colour(c.outTerminal)}
	if node := command.Selected(); node != nil {
		h.command(node)
	} else {
		h.root(command.Model)
	}
	if _, err := fmt.Fprint(c.out, h.text.String()); err != nil {
		return err
	}
	return errHelpShown
}

// example is a line of a command's help: what to type, and what it is for.
type example struct{ line, what string }

// exampled commands show examples at the end of their help.
type exampled interface{ examples() []example }

// noted commands have a word to say below their summary.
type noted interface{ note() string }

// help builds a help text: plain words first, then what there is to choose from, then examples.
type help struct {
	text  strings.Builder
	width int
	bold  bool
}

func (h *help) root(app *kong.Application) {
	fmt.Fprintf(&h.text, "%s\n\nUsage: ibutsu COMMAND [flags]\n", app.Help)
	h.commands(app.Node)
	h.examples([]example{
		{"ibutsu up", "serve on :8080, with a PostgreSQL of its own"},
		{"ibutsu token create --email me@example.com --name ci", "a token for CI"},
		{"ibutsu push --server https://ibutsu.example.com --project shop reports/", "send what the tests left"},
	})
	fmt.Fprintf(&h.text, "\nEach command explains itself: ibutsu COMMAND --help. This is version %s.\n", ibutsu.Version())
}

func (h *help) command(node *kong.Node) {
	fmt.Fprintf(&h.text, "%s\n\nUsage: %s\n", sentence(node.Help), usage(node))
	target := node.Target.Addr().Interface()
	if n, ok := target.(noted); ok {
		h.text.WriteString("\n")
		h.paragraphs(n.note())
	}
	h.arguments(node)
	h.commands(node)
	h.flags(node)
	if e, ok := target.(exampled); ok {
		h.examples(e.examples())
	}
}

// usage is the line that says how a command is called.
func usage(node *kong.Node) string {
	words := []string{commandName(node)}
	if len(node.Children) > 0 {
		words = append(words, "COMMAND")
	}
	for _, p := range node.Positional {
		name := strings.ToUpper(p.Name)
		if p.IsCumulative() {
			name += "…"
		}
		if !p.Required {
			name = "[" + name + "]"
		}
		words = append(words, name)
	}
	for _, flag := range node.Flags {
		if flag.Required {
			words = append(words, "--"+flag.Name, flag.FormatPlaceHolder())
		}
	}
	return strings.Join(append(words, "[flags]"), " ")
}

func commandName(node *kong.Node) string {
	if node.Parent == nil {
		return node.Name
	}
	return commandName(node.Parent) + " " + node.Name
}

// commandPath is the command that the arguments got to, as far as they were understood.
func commandPath(ctx *kong.Context) string {
	if ctx == nil || ctx.Selected() == nil {
		return "ibutsu"
	}
	return commandName(ctx.Selected())
}

// row is a line of two columns, with a second line below the right one.
type row struct{ left, right, below string }

func (h *help) commands(node *kong.Node) {
	var titles []string
	rows := map[string][]row{}
	for _, child := range node.Children {
		if child.Hidden {
			continue
		}
		title := "Commands"
		if child.Group != nil && node.Parent == nil {
			title = child.Group.Title
		}
		if rows[title] == nil {
			titles = append(titles, title)
		}
		name := child.Name
		if sub := subcommands(child); node.Parent == nil && sub != "" {
			name += " " + sub
		}
		rows[title] = append(rows[title], row{left: name, right: child.Help})
	}
	left := 0
	for _, title := range titles {
		left = max(left, leftWidth(rows[title]))
	}
	for _, title := range titles {
		h.table(title, rows[title], left)
	}
}

// subcommands are the names of a command's own commands: create|list.
func subcommands(node *kong.Node) string {
	var names []string
	for _, child := range node.Children {
		if !child.Hidden {
			names = append(names, child.Name)
		}
	}
	return strings.Join(names, "|")
}

func (h *help) arguments(node *kong.Node) {
	var rows []row
	for _, p := range node.Positional {
		rows = append(rows, row{left: strings.ToUpper(p.Name), right: p.Help})
	}
	h.table("Arguments", rows, leftWidth(rows))
}

func (h *help) flags(node *kong.Node) {
	var titles []string
	rows := map[string][]row{}
	hidden := 0
	for n := node; n != nil; n = n.Parent {
		for _, flag := range n.Flags {
			if flag.Hidden {
				hidden++
				continue
			}
			title := "Flags"
			if flag.Group != nil {
				title = flag.Group.Title
			}
			if rows[title] == nil {
				titles = append(titles, title)
			}
			rows[title] = append(rows[title], flagRow(flag))
		}
	}
	left := 0
	for _, title := range titles {
		left = max(left, leftWidth(rows[title]))
	}
	for _, title := range flagsFirst(titles) {
		h.table(title, rows[title], left)
	}
	if hidden > 0 {
		h.text.WriteString("\n")
		h.paragraphs("Every other setting of these kinds is a flag, too: `ibutsu check-config` lists them all.")
	}
}

// flagsFirst puts the command's own flags in front of the settings.
func flagsFirst(titles []string) []string {
	var first, rest []string
	for _, title := range titles {
		if title == "Flags" {
			first = append(first, title)
		} else {
			rest = append(rest, title)
		}
	}
	return append(first, rest...)
}

func flagRow(flag *kong.Flag) row {
	left := "    --" + flag.Name
	if flag.Short != 0 {
		left = fmt.Sprintf("-%c, --%s", flag.Short, flag.Name)
	}
	if flag.Tag.Negatable != "" {
		left = "    --[no-]" + flag.Name
	}
	if !flag.IsBool() {
		left += " " + flag.FormatPlaceHolder()
	}
	shown, variable := flag.Tag.Get("shown-default"), flag.Tag.Get("shown-env")
	if flag.HasDefault && shown == "" {
		shown = flag.Default
	}
	if names := strings.Fields(flag.Tag.Get("from")); len(names) > 0 {
		variable = strings.Join(names, ", ")
	}
	var notes []string
	if variable != "" {
		notes = append(notes, variable)
	}
	switch note := flag.Tag.Get("shown-note"); {
	case note != "":
		notes = append(notes, "default: "+note)
	case shown != "" && shown != "false":
		notes = append(notes, "default "+shown)
	}
	return row{left: left, right: flag.Help, below: strings.Join(notes, " · ")}
}

func (h *help) examples(examples []example) {
	fmt.Fprintf(&h.text, "\n%s\n", h.heading("Examples"))
	for _, e := range examples {
		fmt.Fprintf(&h.text, "  %s\n      %s\n", e.line, e.what)
	}
}

func (h *help) heading(title string) string {
	if h.bold {
		return "\x1b[1m" + title + "\x1b[0m"
	}
	return title
}

func leftWidth(rows []row) int {
	width := 0
	for _, r := range rows {
		width = max(width, utf8.RuneCountInString(r.left))
	}
	return min(width, 34)
}

// table writes two aligned columns under a heading.
func (h *help) table(title string, rows []row, left int) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(&h.text, "\n%s\n", h.heading(title))
	indent := strings.Repeat(" ", left+4)
	for _, r := range rows {
		lines := wrap(r.right, h.width-len(indent))
		if r.below != "" {
			lines = append(lines, wrap(r.below, h.width-len(indent))...)
		}
		gap := left - utf8.RuneCountInString(r.left)
		if gap < 0 { // too long for its column: the text goes below
			fmt.Fprintf(&h.text, "  %s\n%s%s\n", r.left, indent, lines[0])
		} else {
			fmt.Fprintf(&h.text, "  %s%s  %s\n", r.left, strings.Repeat(" ", gap), lines[0])
		}
		for _, line := range lines[1:] {
			fmt.Fprintf(&h.text, "%s%s\n", indent, line)
		}
	}
}

// paragraphs writes text; lines that begin with a blank stay as they are.
func (h *help) paragraphs(text string) {
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if paragraph == "" || strings.HasPrefix(paragraph, " ") {
			h.text.WriteString(paragraph + "\n")
			continue
		}
		for _, line := range wrap(paragraph, h.width) {
			h.text.WriteString(line + "\n")
		}
	}
}

// wrap breaks text at blanks into lines of at most width characters.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// sentence ends a summary as a sentence does.
func sentence(text string) string { return strings.TrimSuffix(text, ".") + "." }
