package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// client speaks to the API.
type client struct {
	base, token string
}

// call sends a request and reads the answer's JSON into it, and returns the status.
func (c client) call(ctx context.Context, method, path string, body, answer any) (int, error) {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return 0, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && answer != nil {
		if err = json.Unmarshal(text, answer); err != nil {
			err = fmt.Errorf("%s %s: %s: %w", method, path, text, err)
		}
	}
	return resp.StatusCode, err
}

// want fails unless the call answers with the status.
func (c client) want(ctx context.Context, status int, method, path string, body, answer any) error {
	got, err := c.call(ctx, method, path, body, answer)
	if err == nil && got != status {
		err = fmt.Errorf("%s %s: %d instead of %d", method, path, got, status)
	}
	return err
}

// signedIn is who a sign-in was for.
type signedIn struct {
	Name  *string `json:"name"`
	Email string  `json:"email"`
	Token string  `json:"token"`
}

// browser keeps cookies and follows redirects one at a time.
type browser struct {
	http *http.Client
	// visited are the addresses that it was at.
	visited []string
}

func newBrowser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{http: &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// page is where a browser ends up.
type page struct {
	at     *url.URL
	status int
	text   string
}

// open goes to an address and on, until there is a page or the address is one that stop knows; that one is not visited.
func (b *browser) open(ctx context.Context, r *http.Request, stop func(*url.URL) bool) (page, error) {
	for range 20 {
		b.visited = append(b.visited, r.URL.String())
		resp, err := b.http.Do(r.WithContext(ctx))
		if err != nil {
			return page{}, err
		}
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return page{}, err
		}
		if resp.StatusCode/100 != 3 {
			return page{resp.Request.URL, resp.StatusCode, string(text)}, nil
		}
		next, err := resp.Location()
		if err != nil {
			return page{}, err
		}
		if stop(next) {
			return page{at: next, status: resp.StatusCode}, nil
		}
		if r, err = http.NewRequest(http.MethodGet, next.String(), http.NoBody); err != nil {
			return page{}, err
		}
	}
	return page{}, errors.New("it is sent on and on")
}

func (b *browser) get(ctx context.Context, address string, stop func(*url.URL) bool) (page, error) {
	r, err := http.NewRequest(http.MethodGet, address, http.NoBody)
	if err != nil {
		return page{}, err
	}
	return b.open(ctx, r, stop)
}

// secret is what a page keeps for the way back.
func secret() (verifier, challenge string) {
	verifier = rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	return verifier, base64.RawURLEncoding.EncodeToString(sum[:])
}

var hiddenID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// atProvider begins a sign-in and fills in the provider's form. It ends where stop says.
func (w *world) atProvider(ctx context.Context, b *browser, challenge, user string, stop func(*url.URL) bool) (page, error) {
	form, err := b.get(ctx, w.server.URL+"/api/login/start/oidc?challenge="+challenge, isPage)
	if err != nil {
		return page{}, err
	}
	id := hiddenID.FindStringSubmatch(form.text)
	if id == nil {
		return page{}, fmt.Errorf("no form at %s: %d %s", form.at, form.status, form.text)
	}
	values := url.Values{"username": {user}, "password": {providerPassword}, "id": {id[1]}}
	r, err := http.NewRequest(http.MethodPost, form.at.Scheme+"://"+form.at.Host+"/login/username", strings.NewReader(values.Encode()))
	if err != nil {
		return page{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.open(ctx, r, stop)
}

// isPage says that the browser is back on the page of Ibutsu.
func isPage(at *url.URL) bool {
	return at.Path == "/login" && (at.Query().Has("ticket") || at.Query().Has("st"))
}

// isReturn says that the provider sends the browser back.
func isReturn(at *url.URL) bool { return at.Path == "/api/login/auth/oidc" }
