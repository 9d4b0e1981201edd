package mail_test

import (
	"bufio"
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/mail"
)

// The way through a real server, with STARTTLS and a password, is walked by checks/signin. Here are servers that a real one
// cannot be made to be.

// server answers each command by its first word, and closes when the answer is empty.
func server(t *testing.T, answers map[string]string) config.Mail {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answer(conn, answers)
		}
	}()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	return config.Mail{Server: "127.0.0.1", Port: n, Sender: "Ibutsu <ibutsu@example.com>", Timeout: 2 * time.Second}
}

func answer(conn net.Conn, answers map[string]string) {
	defer func() { _ = conn.Close() }()
	say := func(word string) bool {
		text, known := answers[word]
		if !known {
			text = "250 OK"
		}
		if text == "" {
			return false
		}
		_, err := conn.Write([]byte(text + "\r\n"))
		return err == nil
	}
	if !say("greeting") {
		_, _ = conn.Read(make([]byte, 1)) // silent until the other side gives up
		return
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		word, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
		if !say(word) {
			return
		}
	}
}

func send(t *testing.T, c config.Mail, to string) error {
	t.Helper()
	s, err := mail.NewSender(c, time.Now)
	require.NoError(t, err)
	return s.Send(context.Background(), auth.Letter{To: to, Subject: "Hello", Text: []string{"Text"}, Link: "https://example.com/x", Label: "Go"})
}

func TestWhatTheServerSaysDecidesWhetherToTryAgain(t *testing.T) {
	t.Parallel()
	greeting := "220 checks"
	for name, c := range map[string]struct {
		answers map[string]string
		over    bool
	}{
		"no such mailbox":      {map[string]string{"greeting": greeting, "RCPT": "550 no such mailbox"}, true},
		"full mailbox":         {map[string]string{"greeting": greeting, "RCPT": "452 full"}, false},
		"busy":                 {map[string]string{"greeting": "421 later"}, false},
		"silent":               {map[string]string{"greeting": ""}, false},
		"closes in the middle": {map[string]string{"greeting": greeting, "MAIL": ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			err := send(t, server(t, c.answers), "ana@example.com")
			require.Error(t, err)
			require.Less(t, time.Since(began), 20*time.Second, "it does not wait for ever")
			if c.over {
				require.ErrorIs(t, err, auth.ErrUnsendable)
				return
			}
			require.NotErrorIs(t, err, auth.ErrUnsendable)
		})
	}
}

func TestPasswordsAndMailsGoThroughTLSWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	c := server(t, map[string]string{"greeting": "220 checks", "EHLO": "250-checks\r\n250 AUTH PLAIN LOGIN"})
	c.UseTLS = true
	require.Error(t, send(t, c, "ana@example.com"), "a server without STARTTLS gets nothing")
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	c := server(t, map[string]string{"greeting": "220 checks"})
	require.ErrorIs(t, send(t, c, "ana@example.com\r\nBcc: all@example.com"), auth.ErrUnsendable)
	c.CAFile = "/nowhere"
	_, err := mail.NewSender(c, time.Now)
	require.ErrorContains(t, err, "mail_ca_file")
}
