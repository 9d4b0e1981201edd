package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func anyone(w *world) client { return client{base: w.server.URL} }

// letter is a mail as it came out at the other end.
type letter struct {
	to, from, subject, text, html string
}

var link = regexp.MustCompile(`https?://\S+`)

// readMail waits for the mail of that subject to the address and returns it.
func (w *world) readMail(ctx context.Context, to, subject string) (letter, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		files, err := filepath.Glob(filepath.Join(w.mails, "*.eml"))
		if err != nil {
			return letter{}, err
		}
		slices.Reverse(files) // the newest first
		for _, file := range files {
			l, err := parse(file)
			if err != nil {
				return letter{}, err
			}
			if l.to == "<"+to+">" && strings.Contains(l.subject, subject) {
				return l, nil
			}
		}
		select {
		case <-ctx.Done():
			return letter{}, fmt.Errorf("no mail %q to %s among %d", subject, to, len(files))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func parse(file string) (letter, error) {
	raw, err := os.Open(file)
	if err != nil {
		return letter{}, err
	}
	defer raw.Close()
	m, err := mail.ReadMessage(raw)
	if err != nil {
		return letter{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	l := letter{to: m.Header.Get("To"), from: m.Header.Get("From"), subject: subject}
	kind, params, typeErr := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err := errors.Join(err, typeErr); err != nil {
		return l, err
	}
	if kind != "multipart/alternative" {
		return l, fmt.Errorf("%s is %s", file, kind)
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if err != nil {
			return l, err
		}
		var body io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return l, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			l.html = string(text)
		} else {
			l.text = string(text)
		}
	}
}

const (
	newcomer = "new@example.com"
	password = "a-good-one"
)

// jobs returns the jobs that send mails and are in that state.
func (w *world) jobs(ctx context.Context, state string) (ids []int64, err error) {
	var answer struct {
		Jobs []struct {
			ID int64 `json:"id"`
		} `json:"jobs"`
	}
	err = w.admin.want(ctx, http.StatusOK, http.MethodGet, "/api/admin/job?kind=send_mail&state="+state, nil, &answer)
	for _, j := range answer.Jobs {
		ids = append(ids, j.ID)
	}
	return ids, err
}

func (w *world) awaitJob(ctx context.Context, state string) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		ids, err := w.jobs(ctx, state)
		if err != nil {
			return 0, err
		}
		if len(ids) > 0 {
			return ids[0], nil
		}
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("no mail is %s", state)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (w *world) registration(ctx context.Context) error {
	form := map[string]string{"email": newcomer, "password": password}
	if err := anyone(w).want(ctx, http.StatusCreated, http.MethodPost, "/api/login/register", form, nil); err != nil {
		return err
	}
	job, err := w.awaitJob(ctx, "retrying")
	if err != nil {
		return fmt.Errorf("while the SMTP server is away: %w", err)
	}
	if err := w.startSMTP(ctx); err != nil {
		return err
	}
	// Earlier than by itself, unless it was faster.
	if _, err := w.admin.call(ctx, http.MethodPost, fmt.Sprintf("/api/admin/job/%d/retry", job), nil, nil); err != nil {
		return err
	}
	l, err := w.readMail(ctx, newcomer, "Registration Confirmation")
	if err != nil {
		return err
	}
	to := link.FindString(l.text)
	if !strings.Contains(l.html, to) || !strings.Contains(l.from, "ibutsu@example.com") {
		return fmt.Errorf("the mail is not as it should be: %+v", l)
	}
	done, err := newBrowser().get(ctx, to, isPage)
	if err != nil || done.at.Query().Get("st") != "success" {
		return fmt.Errorf("the link leads to %v: %w", done.at, err)
	}
	return w.signIn(ctx, password)
}

// signIn signs the newcomer in, and keeps the token.
func (w *world) signIn(ctx context.Context, password string) error {
	var who signedIn
	err := anyone(w).want(ctx, http.StatusOK, http.MethodPost, "/api/login", map[string]string{"email": newcomer, "password": password}, &who)
	w.session = who.Token
	return err
}

func (w *world) registeredTwice(ctx context.Context) error {
	form := map[string]string{"email": newcomer, "password": "another"}
	if err := anyone(w).want(ctx, http.StatusCreated, http.MethodPost, "/api/login/register", form, nil); err != nil {
		return err
	}
	if _, err := w.readMail(ctx, newcomer, "You have an account"); err != nil {
		return err
	}
	err := anyone(w).want(ctx, http.StatusCreated, http.MethodPost, "/api/login/recover", map[string]string{"email": "nobody@example.com"}, nil)
	return errors.Join(err, w.signIn(ctx, password))
}

func (w *world) recovery(ctx context.Context) error {
	before := client{w.server.URL, w.session}
	if err := anyone(w).want(ctx, http.StatusCreated, http.MethodPost, "/api/login/recover", map[string]string{"email": newcomer}, nil); err != nil {
		return err
	}
	l, err := w.readMail(ctx, newcomer, "Password Reset")
	if err != nil {
		return err
	}
	_, code, ok := strings.Cut(link.FindString(l.text), "/reset-password/")
	if !ok {
		return fmt.Errorf("no link in %q", l.text)
	}
	form := map[string]string{"activation_code": code, "password": "remembered"}
	if err := anyone(w).want(ctx, http.StatusCreated, http.MethodPost, "/api/login/reset-password", form, nil); err != nil {
		return err
	}
	return errors.Join(w.signIn(ctx, "remembered"), before.want(ctx, http.StatusUnauthorized, http.MethodGet, "/api/user", nil, nil),
		client{w.server.URL, w.session}.want(ctx, http.StatusOK, http.MethodGet, "/api/user", nil, nil))
}

func (w *world) refusedMail(ctx context.Context) error {
	form := map[string]string{"email": "nowhere@example.com", "password": password}
	if err := anyone(w).want(ctx, http.StatusCreated, http.MethodPost, "/api/login/register", form, nil); err != nil {
		return err
	}
	_, err := w.awaitJob(ctx, "cancelled")
	return err
}

func (w *world) providerAway(ctx context.Context) error {
	var offers map[string]bool
	if err := anyone(w).want(ctx, http.StatusOK, http.MethodGet, "/api/login/support", nil, &offers); err != nil {
		return err
	}
	if !offers["oidc"] || offers["keycloak"] {
		return fmt.Errorf("offers are %v", offers)
	}
	_, challenge := secret()
	at, err := newBrowser().get(ctx, w.server.URL+"/api/login/start/oidc?challenge="+challenge, isPage)
	if err != nil || at.at.Query().Get("st") != "error" {
		return fmt.Errorf("it leads to %v: %w", at.at, err)
	}
	return w.startProvider(ctx)
}

// redeem fetches the sign-in of a ticket.
func (w *world) redeem(ctx context.Context, at page, verifier string) (who signedIn, status int, err error) {
	status, err = anyone(w).call(ctx, http.MethodPost, "/api/login/ticket", map[string]string{"ticket": at.at.Query().Get("ticket"), "verifier": verifier}, &who)
	return who, status, err
}

func (w *world) providerSignIn(ctx context.Context) error {
	var first string
	for range 2 { // the second time it is the same account
		b := newBrowser()
		verifier, challenge := secret()
		at, err := w.atProvider(ctx, b, challenge, known, isPage)
		if err != nil {
			return err
		}
		for key := range at.at.Query() {
			if key != "ticket" {
				return fmt.Errorf("the page's address tells too much: %v", at.at)
			}
		}
		asked, err := url.Parse(b.visited[1])
		if err != nil || asked.Query().Get("code_challenge_method") != "S256" || asked.Query().Get("state") == "" || asked.Query().Get("nonce") == "" {
			return fmt.Errorf("the provider is asked without PKCE, state or nonce: %v", asked)
		}
		who, status, err := w.redeem(ctx, at, verifier)
		if err != nil || status != http.StatusOK || who.Email != known+"@example.com" {
			return fmt.Errorf("%d %+v: %w", status, who, err)
		}
		if strings.Contains(strings.Join(b.visited, " "), who.Token) {
			return errors.New("the token was in an address")
		}
		var user struct {
			ID string `json:"id"`
		}
		if err := (client{w.server.URL, who.Token}).want(ctx, http.StatusOK, http.MethodGet, "/api/user", nil, &user); err != nil {
			return err
		}
		if first != "" && first != user.ID {
			return errors.New("the second sign-in is another account")
		}
		first, w.session = user.ID, who.Token
	}
	return nil
}

func (w *world) foreignReturn(ctx context.Context) error {
	attacker, victim := newBrowser(), newBrowser()
	verifier, challenge := secret()
	back, err := w.atProvider(ctx, attacker, challenge, known, isReturn)
	if err != nil {
		return err
	}
	at, err := victim.get(ctx, back.at.String(), isPage)
	if err != nil || at.status != http.StatusUnauthorized {
		return fmt.Errorf("in another browser: %+v: %w", at, err)
	}
	wrong := *back.at
	query := wrong.Query()
	query.Set("state", query.Get("state")[:8]+"another")
	wrong.RawQuery = query.Encode()
	if at, err := attacker.get(ctx, wrong.String(), isPage); err != nil || at.status != http.StatusUnauthorized {
		return fmt.Errorf("with another state: %+v: %w", at, err)
	}
	right, err := attacker.get(ctx, back.at.String(), isPage)
	if err != nil || !right.at.Query().Has("ticket") {
		return fmt.Errorf("in the browser that began: %+v: %w", right, err)
	}
	if again, err := attacker.get(ctx, back.at.String(), isPage); err != nil || again.status != http.StatusUnauthorized {
		return fmt.Errorf("once more: %+v: %w", again, err)
	}
	_, status, err := w.redeem(ctx, right, verifier)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("redeemed: %d: %w", status, err)
	}
	return nil
}

func (w *world) tickets(ctx context.Context) error {
	verifier, challenge := secret()
	for _, try := range []struct {
		verifiers []string
		statuses  []int
	}{
		{[]string{"another", verifier}, []int{http.StatusUnauthorized, http.StatusUnauthorized}}, // a guess ends it
		{[]string{verifier, verifier}, []int{http.StatusOK, http.StatusUnauthorized}},
	} {
		at, err := w.atProvider(ctx, newBrowser(), challenge, known, isPage)
		if err != nil {
			return err
		}
		for i, v := range try.verifiers {
			if _, status, err := w.redeem(ctx, at, v); err != nil || status != try.statuses[i] {
				return fmt.Errorf("%d instead of %d: %w", status, try.statuses[i], err)
			}
		}
	}
	return nil
}

func (w *world) unverifiedAddress(ctx context.Context) error {
	_, challenge := secret()
	at, err := w.atProvider(ctx, newBrowser(), challenge, unverified, isPage)
	if err != nil || at.at.Query().Get("st") != "error" {
		return fmt.Errorf("it leads to %v: %w", at.at, err)
	}
	return nil
}

func (w *world) endedSession(ctx context.Context) error {
	me := client{w.server.URL, w.session}
	var list struct {
		Sessions []struct {
			Method  string `json:"method"`
			Current bool   `json:"current"`
		} `json:"sessions"`
	}
	if err := me.want(ctx, http.StatusOK, http.MethodGet, "/api/user/session", nil, &list); err != nil {
		return err
	}
	if len(list.Sessions) < 2 || list.Sessions[0].Method != "oidc" {
		return fmt.Errorf("the sign-ins are %+v", list.Sessions)
	}
	return errors.Join(me.want(ctx, http.StatusOK, http.MethodDelete, "/api/user/session/current", nil, nil),
		me.want(ctx, http.StatusUnauthorized, http.MethodGet, "/api/user", nil, nil))
}

func (w *world) onRecord(ctx context.Context) error {
	for query, least := range map[string]int{
		"action=session.create&actor=" + known: 2, "action=session.update&actor=" + known: 1, "action=user.create&actor=" + newcomer: 1,
		"action=user.update&actor=" + newcomer: 2,
	} {
		var list struct {
			Events []struct {
				Client string `json:"client"`
			} `json:"events"`
		}
		if err := w.admin.want(ctx, http.StatusOK, http.MethodGet, "/api/admin/audit?"+query, nil, &list); err != nil {
			return err
		}
		if len(list.Events) < least || list.Events[0].Client != "127.0.0.1" {
			return fmt.Errorf("%s finds %+v", query, list.Events)
		}
	}
	return nil
}
