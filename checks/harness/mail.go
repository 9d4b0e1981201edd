package harness

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
)

// Mail is an SMTP server that takes every mail and appends it to a file.
type Mail struct {
	Env  []string // what the server under test has to know of it
	File string

	listener net.Listener
}

// StartMail listens on a free port.
func StartMail() (*Mail, error) {
	file, err := os.CreateTemp("", "ibutsu-mail-")
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	m := &Mail{
		Env:  []string{"MAIL_SERVER=127.0.0.1", "MAIL_PORT=" + port, "MAIL_DEFAULT_SENDER=ibutsu@example.com"},
		File: file.Name(), listener: listener,
	}
	go m.serve()
	return m, nil
}

// Stop ends it and removes the file.
func (m *Mail) Stop() error {
	if err := m.listener.Close(); err != nil {
		return err
	}
	return os.Remove(m.File)
}

func (m *Mail) serve() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return // stopped
		}
		go m.receive(conn)
	}
}

// receive speaks as much SMTP as a sender needs.
func (m *Mail) receive(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { fmt.Fprint(conn, line+"\r\n") }
	say("220 checks")
	reader := bufio.NewReader(conn)
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		switch strings.ToUpper(strings.TrimSpace(line)) {
		case "DATA":
			say("354 go on")
			if err := m.keep(reader); err != nil {
				say("451 " + err.Error())
				return
			}
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 checks")
		}
	}
}

func (m *Mail) keep(reader *bufio.Reader) error {
	var text strings.Builder
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return err
		}
		if strings.TrimSpace(line) == "." {
			break
		}
		text.WriteString(line)
	}
	file, err := os.OpenFile(m.File, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = fmt.Fprintf(file, "%s\r\n\f\r\n", text.String())
	return err
}
