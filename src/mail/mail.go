// Package mail sends letters through an SMTP server.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html/template"
	"os"
	"strings"
	"time"

	smtp "github.com/wneessen/go-mail"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
)

// Sender sends letters, one connection each. Safe for concurrent use.
type Sender struct {
	config  config.Mail
	options []smtp.Option
	now     func() time.Time
}

// NewSender sends through the server of the settings, which it does not ask yet.
func NewSender(c config.Mail, now func() time.Time) (*Sender, error) {
	options := []smtp.Option{smtp.WithPort(c.Port), smtp.WithTimeout(c.Timeout)}
	trusted := &tls.Config{ServerName: c.Server, MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("mail_ca_file: %w", err)
		}
		if trusted.RootCAs, err = x509.SystemCertPool(); err != nil {
			trusted.RootCAs = x509.NewCertPool()
		}
		if !trusted.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("mail_ca_file: %s has no certificate", c.CAFile)
		}
	}
	switch {
	case c.UseSSL:
		options = append(options, smtp.WithSSL())
	case c.UseTLS:
		options = append(options, smtp.WithTLSPolicy(smtp.TLSMandatory))
	default:
		options = append(options, smtp.WithTLSPolicy(smtp.NoTLS))
	}
	options = append(options, smtp.WithTLSConfig(trusted))
	if c.Username != "" {
		// Without TLS the library refuses to show the password to any but this machine.
		options = append(options, smtp.WithSMTPAuth(smtp.SMTPAuthAutoDiscover), smtp.WithUsername(c.Username), smtp.WithPassword(c.Password.Reveal()))
	}
	if _, err := smtp.NewClient(c.Server, options...); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return &Sender{config: c, options: options, now: now}, nil
}

// Patience is how long Send takes at most, about.
func (s *Sender) Patience() time.Duration { return s.config.Timeout + 5*time.Second }

// Send sends a letter as text and as HTML. auth.ErrUnsendable: trying again is of no use.
func (s *Sender) Send(ctx context.Context, l auth.Letter) error {
	message, err := s.compose(l)
	if err != nil {
		return fmt.Errorf("%w: %w", auth.ErrUnsendable, err)
	}
	client, err := smtp.NewClient(s.config.Server, s.options...)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	err = client.DialAndSendWithContext(ctx, message)
	if refused, ok := errors.AsType[*smtp.SendError](err); ok && !refused.IsTemp() && refused.ErrorCode() >= 500 {
		return fmt.Errorf("%w: %w", auth.ErrUnsendable, err)
	}
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

func (s *Sender) compose(l auth.Letter) (*smtp.Msg, error) {
	m := smtp.NewMsg()
	if err := m.From(s.config.Sender); err != nil {
		return nil, fmt.Errorf("mail_default_sender: %w", err)
	}
	if err := m.To(l.To); err != nil {
		return nil, fmt.Errorf("recipient: %w", err)
	}
	m.Subject(l.Subject)
	m.SetDateWithValue(s.now())
	m.SetMessageID()
	// Answers of machines, such as "out of office", have nobody to go to.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(smtp.TypeTextPlain, strings.Join(l.Text, "\n\n")+"\n\n"+l.Link+"\n")
	return m, m.AddAlternativeHTMLTemplate(page, l)
}

var page = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html><body style="font-family: sans-serif; max-width: 40em; margin: 2em auto">
<h2>Ibutsu</h2>
{{range .Text}}<p>{{.}}</p>
{{end}}<p><a href="{{.Link}}" style="background: #06c; border-radius: 3px; color: #fff; padding: .5em 1em; text-decoration: none">{{.Label}}</a></p>
<p style="color: #555; font-size: 85%">{{.Link}}</p>
</body></html>
`))
