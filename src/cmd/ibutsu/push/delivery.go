package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Delivery brings files to a server: first it sends all, then it waits for each import to end.
type Delivery struct {
	Client *Client
	// Spool keeps the files until they are delivered; nil means that they are sent from where they are.
	Spool *Spool
	// Project, Source and Metadata go with each new file.
	Project, Source string
	Metadata        map[string]any
	// Limit is how long to wait for one import; 0 means not at all.
	Limit time.Duration
	// NewID makes the run ids of JUnit files, in the form of UUIDs of version 4.
	NewID func() string
	Show  Display
}

// Display shows a person or a log what goes on.
type Display interface {
	// Progress is told very often how far a file is; total is 0 when nobody knows.
	Progress(path, doing string, done, total int64)
	// Delivered, Failed and Kept are told once for each file.
	Delivered(path string, record Import, link string)
	Failed(path string, err error, aside string)
	Kept(path string, err error)
	// Note is a line about the whole.
	Note(text string)
}

// Outcome counts what became of the files. The errors are the worst of each kind, for the exit code.
type Outcome struct {
	Delivered, Failed, Kept int
	Err                     error
}

// parcel is a file on its way.
type parcel struct {
	path     string
	upload   Upload
	item     *Item // nil without a spool
	replayed bool
	importID string
	// resent says that the server had forgotten the import and got the file once more.
	resent bool
}

// Deliver sends the files, and those that wait in the spool for the same server.
func (d *Delivery) Deliver(ctx context.Context, files []string) (Outcome, error) {
	parcels, err := d.pack(files)
	defer func() {
		for _, p := range parcels {
			if p.item != nil {
				p.item.Release()
			}
		}
	}()
	if err != nil {
		return Outcome{}, err
	}
	r := &round{Delivery: d}
	var sent []*parcel
	for _, p := range parcels {
		if r.send(ctx, p) {
			sent = append(sent, p)
		}
	}
	if d.Limit > 0 && len(sent) > 0 {
		r.link(ctx)
	}
	for _, p := range sent {
		r.await(ctx, p)
	}
	return r.outcome, nil
}

// pack puts the new files in front of the waiting ones: who runs the command wants to see those.
func (d *Delivery) pack(files []string) ([]*parcel, error) {
	var parcels []*parcel
	for _, path := range files {
		p, err := d.packFile(path)
		if err != nil {
			return parcels, err
		}
		if p != nil {
			parcels = append(parcels, p)
		}
	}
	if d.Spool == nil {
		return parcels, nil
	}
	waiting, others, err := d.Spool.Claim(d.Client.Server)
	for _, item := range waiting {
		parcels = append(parcels, d.fromSpool(item, true))
	}
	for server, n := range others {
		d.Show.Note(fmt.Sprintf("%d more in the spool for %s; `ibutsu push --server %s` sends them", n, server, server))
	}
	return parcels, err
}

func (d *Delivery) packFile(path string) (*parcel, error) {
	if d.Spool == nil {
		return d.direct(path)
	}
	item, err := d.Spool.Add(path, Entry{Server: d.Client.Server, Project: d.Project, Source: d.Source, Metadata: d.Metadata})
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, err
	case err != nil: // a spool that cannot be written must not keep a file from a server that is there
		d.Show.Note(err.Error() + "; sending it without a safety net")
		return d.direct(path)
	case item == nil:
		d.Show.Note(path + ": another process is sending this file just now")
		return nil, nil
	}
	return d.fromSpool(item, false), nil
}

func (d *Delivery) direct(path string) (*parcel, error) {
	info, err := os.Stat(path) //nolint:gosec // the person at the command line says which files
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	return &parcel{path: path, upload: Upload{
		Name: nameWithRunID(path, d.NewID()), Size: info.Size(), Project: d.Project, Source: d.Source, Metadata: d.Metadata,
		Open: func() (io.ReadCloser, error) { return os.Open(path) }, //nolint:gosec // as above
	}}, nil
}

func (d *Delivery) fromSpool(item *Item, replayed bool) *parcel {
	return &parcel{path: item.Path, item: item, replayed: replayed, importID: item.ImportID, upload: Upload{
		Name: item.Name, Size: item.Size, Project: item.Project, Source: item.Source, Metadata: item.Metadata, Open: item.Open,
	}}
}

// round is one delivery under way.
type round struct {
	*Delivery
	outcome Outcome
	links   func(Import) string
	// hopeless is why further tries would only repeat what one has shown; hasty, why one try for each file is enough.
	hopeless, hasty error
}

// send uploads a file, unless the server has it already, and says whether there is an import to wait for.
func (r *round) send(ctx context.Context, p *parcel) bool {
	if p.importID != "" {
		return true
	}
	if r.hopeless != nil {
		r.keep(p, r.hopeless)
		return false
	}
	client := *r.Client
	if r.hasty != nil {
		client.Patience = 0
	}
	record, err := client.Send(ctx, p.upload, func(n int64) { r.Show.Progress(p.path, "sending", n, p.upload.Size) })
	if err != nil {
		r.trouble(ctx, p, err)
		return false
	}
	p.importID = record.ID
	if p.item != nil {
		if err := p.item.Note(func(e *Entry) { e.ImportID = record.ID }); err != nil {
			r.Show.Note(err.Error()) // it may be sent again, which is harmless
		}
	}
	return true
}

// link asks the server once where its page is; without an answer there are no links.
func (r *round) link(ctx context.Context) {
	client := *r.Client
	client.Patience = 0
	if links, err := client.Links(ctx); err == nil {
		r.links = links
	}
}

// await waits for an import to end.
func (r *round) await(ctx context.Context, p *parcel) {
	if r.Limit == 0 {
		r.delivered(p, Import{ID: p.importID, Status: "pending"})
		return
	}
	if r.hopeless != nil {
		r.keep(p, r.hopeless)
		return
	}
	record, err := r.Client.Wait(ctx, p.importID, r.Limit, func(i Import) {
		r.Show.Progress(p.path, "importing", i.Metadata.Progress.Done, i.Metadata.Progress.Total)
	})
	switch {
	case err == nil:
		r.delivered(p, record)
	case errors.Is(err, ErrRefused) && p.replayed && !p.resent:
		p.importID, p.resent = "", true // the server has deleted the record, or is another one by now
		if r.send(ctx, p) {
			r.await(ctx, p)
		}
	default:
		r.trouble(ctx, p, err)
	}
}

func (r *round) delivered(p *parcel, record Import) {
	if p.item != nil {
		if err := p.item.Done(); err != nil {
			r.Show.Note(err.Error())
		}
	}
	r.outcome.Delivered++
	link := ""
	if r.links != nil {
		link = r.links(record)
	}
	r.Show.Delivered(p.path, record, link)
}

// trouble decides what an error means for this file and for those after it.
func (r *round) trouble(ctx context.Context, p *parcel, err error) {
	switch {
	case ctx.Err() != nil:
		r.hopeless = context.Cause(ctx)
		r.keep(p, r.hopeless)
	case errors.Is(err, ErrUnauthorized):
		r.hopeless = err
		r.keep(p, err)
	case errors.Is(err, ErrUnreachable):
		if _, answers := errors.AsType[*statusError](err); answers { // it answers, if only with an error: that may be about this one file
			r.hasty = err
		} else {
			r.hopeless = err
		}
		r.keep(p, err)
	case errors.Is(err, ErrTimeout):
		r.keep(p, err)
	default:
		r.fail(p, err)
	}
}

// keep leaves a file in the spool for the next time.
func (r *round) keep(p *parcel, err error) {
	if p.item == nil {
		r.fail(p, err)
		return
	}
	noted := p.item.Note(func(e *Entry) {
		e.Attempts++
		e.LastError = err.Error()
	})
	if noted != nil {
		r.Show.Note(noted.Error())
	}
	r.outcome.Kept++
	r.worst(err)
	r.Show.Kept(p.path, err)
}

// fail is for files that need a person. One that came from this command line is still where it was; one that had waited in
// the spool may be nowhere else, and is put aside.
func (r *round) fail(p *parcel, err error) {
	aside := ""
	if p.item != nil {
		var spoolErr error
		if p.replayed {
			aside, spoolErr = p.item.Refuse(err)
		} else {
			spoolErr = p.item.Done()
		}
		if spoolErr != nil {
			r.Show.Note(spoolErr.Error())
		}
	}
	r.outcome.Failed++
	r.worst(err)
	r.Show.Failed(p.path, err, aside)
}

// worst remembers the error that tells most about what to do: a token first, then the connection, then single files.
func (r *round) worst(err error) {
	rank := func(err error) int {
		switch {
		case errors.Is(err, ErrUnauthorized):
			return 4
		case errors.Is(err, ErrUnreachable):
			return 3
		case errors.Is(err, ErrTimeout):
			return 1
		case err == nil:
			return 0
		default:
			return 2
		}
	}
	if rank(err) > rank(r.outcome.Err) {
		r.outcome.Err = err
	}
}
