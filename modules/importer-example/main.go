// Command importer-example is an importer of a third party for the Test Anything Protocol (TAP, https://testanything.org):
// put the program into the plugin folder, and Ibutsu takes files that end in .tap.
//
//	go build -o PLUGIN_DIR/tap ./modules/importer-example
//
// It is meant to be copied. One in another language needs a go-plugin server over gRPC for src/plugin/proto/importer.proto,
// with the cookie IBUTSU_IMPORTER=reads-reports and protocol version 1.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

func main() { plugin.ServeImporter(tap{}) }

type tap struct{}

// Describe implements plugin.Importer.
func (tap) Describe() *proto.DescribeResponse {
	return &proto.DescribeResponse{Name: "tap", Claims: []*proto.Claim{{NameSuffix: ".tap"}}}
}

// A line of TAP is "ok 1 - the name # SKIP why", or "not ok …"; "1..4" is the plan.
var (
	testLine = regexp.MustCompile(`^(not )?ok\b(?: +(\d+))?(?: +-?\s*)?([^#]*)(?:#\s*(\S+)\s*(.*))?$`)
	planLine = regexp.MustCompile(`^1\.\.(\d+)`)
)

// Import implements plugin.Importer.
func (tap) Import(_ context.Context, upload plugin.Upload, send func(*proto.Row) error) error {
	planned, seen := -1, 0
	lines := bufio.NewScanner(upload)
	lines.Buffer(nil, 1<<20)
	number := 0
	for lines.Scan() {
		number++
		line := strings.TrimRight(lines.Text(), " \r")
		switch plan, test := planLine.FindStringSubmatch(line), testLine.FindStringSubmatch(line); {
		case plan != nil:
			n, err := strconv.Atoi(plan[1])
			if err != nil {
				return &plugin.FaultError{Where: fmt.Sprintf("line %d", number), Reason: "the plan is no number"}
			}
			planned = n
		case strings.HasPrefix(line, "Bail out!"):
			return &plugin.FaultError{Where: fmt.Sprintf("line %d", number), Reason: "the tests bailed out:" + strings.TrimPrefix(line, "Bail out!")}
		case test != nil:
			seen++
			row, err := result(seen, test)
			if err != nil {
				return err
			}
			if err := send(row); err != nil {
				return err
			}
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return &plugin.FaultError{Where: fmt.Sprintf("line %d", number+1), Reason: "the line is longer than 1 MiB"}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the upload: %w", err)
	}
	if planned >= 0 && planned != seen {
		return &plugin.FaultError{Reason: fmt.Sprintf("%d tests were planned, and there are %d", planned, seen)}
	}
	return nil
}

func result(number int, test []string) (*proto.Row, error) {
	failed, name, directive, why := test[1] != "", strings.TrimSpace(test[3]), strings.ToUpper(test[4]), test[5]
	if name == "" {
		name = fmt.Sprintf("test %d", number)
	}
	outcome := "passed"
	switch {
	case directive == "SKIP":
		outcome = "skipped"
	case directive == "TODO" && failed:
		outcome = "xfailed"
	case directive == "TODO":
		outcome = "xpassed"
	case failed:
		outcome = "failed"
	}
	metadata := map[string]string{"tap_number": strconv.Itoa(number)}
	if why != "" {
		metadata["reason"] = why
	}
	text, err := json.Marshal(metadata)
	if err != nil {
		return nil, err
	}
	return &proto.Row{Row: &proto.Row_Result{Result: &proto.Result{TestId: name, Result: outcome, MetadataJson: text}}}, nil
}
