package plugin

import (
	"context"
	"io"

	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// Importer reads one kind of report for Ibutsu, in a program of a third party. proto/importer.proto is the contract, and
// says what rows may look like and in which order they come.
type Importer interface {
	// Describe says which uploads are offered.
	Describe() *proto.DescribeResponse
	// Import reads the whole upload and sends its rows. A fault of the file is a *FaultError; any other error means that the
	// importer itself failed. An error of send ends the import.
	Import(ctx context.Context, upload Upload, send func(*proto.Row) error) error
}

// Upload is a file that an importer reads.
type Upload struct {
	*proto.Begin
	io.Reader
}

// FaultError is what is wrong with a file. Its text is for the author of the upload.
type FaultError struct {
	Where  string // "line 17"; empty when it is the file as a whole
	Reason string
}

func (f *FaultError) Error() string {
	if f.Where == "" {
		return f.Reason
	}
	return f.Where + ": " + f.Reason
}
