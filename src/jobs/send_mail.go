package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// Post sends letters (mail.Sender).
type Post interface {
	// Send fails with auth.ErrUnsendable where trying again is of no use.
	Send(ctx context.Context, l auth.Letter) error
	// Patience is how long Send takes at most.
	Patience() time.Duration
}

// SendMail sends a letter to a user. Whoever may look at jobs finds no link in it: the letter is written when it is sent.
type SendMail struct {
	Letter auth.LetterKind `json:"letter"`
	UserID uuid.UUID       `json:"user_id"`
}

// Kind names the job.
func (SendMail) Kind() string { return "send_mail" }

// InsertOpts puts it into a queue of its own: somebody sits and waits for it. After the last attempt, some two days later, its
// link is of little use any more.
func (SendMail) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueMail, MaxAttempts: 15}
}

// Letter adds the job that sends a letter, in the transaction of the change that it tells of.
func (c *Client) Letter(kind auth.LetterKind, user uuid.UUID) store.TxFunc {
	return func(ctx context.Context, tx pgx.Tx) error {
		_, err := c.river.InsertTx(ctx, tx, SendMail{Letter: kind, UserID: user}, nil)
		return err
	}
}

type sendMail struct {
	river.WorkerDefaults[SendMail]
	store *store.Store
	post  Post // nil: mail is not set up
	at    auth.Addresses
	now   func() time.Time
	log   zerolog.Logger
}

func (w *sendMail) Timeout(*river.Job[SendMail]) time.Duration {
	if w.post == nil {
		return time.Minute
	}
	return w.post.Patience()
}

func (w *sendMail) Work(ctx context.Context, job *river.Job[SendMail]) error {
	if w.post == nil {
		return errors.New("mail is not set up where this worker runs: mail_server is empty, or mail_suppress_send is on")
	}
	account, err := w.store.AccountByID(ctx, job.Args.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return river.JobCancel(errors.New("the user is gone"))
	}
	if err != nil {
		return err
	}
	letter, err := job.Args.Letter.Write(account, w.at, w.now())
	if errors.Is(err, auth.ErrCodeUnknown) {
		return river.JobCancel(errors.New("the user waits for it no longer"))
	}
	if err != nil {
		return river.JobCancel(err)
	}
	sending, span := tracing.Start(ctx, tracing.Client, "send mail")
	err = w.post.Send(sending, letter)
	if err != nil {
		span.Fail("not sent")
	}
	span.End()
	if err != nil {
		if errors.Is(err, auth.ErrUnsendable) {
			w.log.Error().Ctx(ctx).Err(err).Str("user", account.ID.String()).Str("letter", string(job.Args.Letter)).Msg("a mail cannot be delivered")
			return river.JobCancel(err)
		}
		return fmt.Errorf("send mail: %w", err)
	}
	return nil
}
