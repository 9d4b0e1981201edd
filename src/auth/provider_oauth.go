package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"golang.org/x/oauth2"
)

// oauth is a provider that speaks OAuth 2, and answers in its own way who a token is for.
type oauth struct {
	config oauth2.Config
	// userURL says who the token is for, emailsURL lists the user's addresses ("" where there is no such list).
	userURL, emailsURL string
	read               func(profile, []address) External
	client             *http.Client
}

// profile is what GitHub, GitLab and Facebook say of a user, all in one.
type profile struct {
	ID          json.RawMessage `json:"id"` // a number, or a string
	Login       string          `json:"login"`
	Username    string          `json:"username"`
	Name        string          `json:"name"`
	Email       string          `json:"email"`
	ConfirmedAt string          `json:"confirmed_at"` // GitLab: of the primary address
	State       string          `json:"state"`        // GitLab
}

func (p profile) subject() string {
	if text, err := strconv.Unquote(string(p.ID)); err == nil {
		return text
	}
	if string(p.ID) == "null" {
		return ""
	}
	return string(p.ID)
}

func (p profile) shown() string {
	for _, name := range []string{p.Name, p.Login, p.Username} {
		if name != "" {
			return name
		}
	}
	return ""
}

// address is one of GitHub's.
type address struct {
	Email    string `json:"email"`
	Primary  bool   `json:"primary"`
	Verified bool   `json:"verified"`
}

func (p *oauth) authURL(_ context.Context, k *keepsake, back string) (string, error) {
	config := p.config
	config.RedirectURL = back
	return config.AuthCodeURL(k.State, oauth2.S256ChallengeOption(k.Verifier)), nil
}

func (p *oauth) identify(ctx context.Context, code string, k *keepsake, back string) (External, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, p.client)
	config := p.config
	config.RedirectURL = back
	var options []oauth2.AuthCodeOption
	if k.Verifier != "" {
		options = append(options, oauth2.VerifierOption(k.Verifier))
	}
	token, err := config.Exchange(ctx, code, options...)
	if err != nil {
		return External{}, withoutBody(err)
	}
	var user profile
	if err := p.ask(ctx, token, p.userURL, &user); err != nil {
		return External{}, err
	}
	var addresses []address
	if p.emailsURL != "" {
		if err := p.ask(ctx, token, p.emailsURL, &addresses); err != nil {
			return External{}, err
		}
	}
	return p.read(user, addresses), nil
}

// answerMost bounds what a provider may say of a user, in bytes.
const answerMost = 1 << 20

func (p *oauth) ask(ctx context.Context, token *oauth2.Token, url string, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/json")
	token.SetAuthHeader(request)
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s to the question who it is", response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, answerMost)).Decode(answer); err != nil {
		return errors.New("what it says of the user cannot be read")
	}
	return nil
}

// ofGitHub takes the primary address, if GitHub has verified it.
func ofGitHub(user profile, addresses []address) External {
	who := External{Subject: user.subject(), Name: user.shown()}
	for _, a := range addresses {
		if a.Primary {
			who.Email, who.Verified = a.Email, a.Verified
		}
	}
	return who
}

// ofGitLab takes the address for verified that has been confirmed; GitLab signs nobody in whose is not, unless told to.
func ofGitLab(user profile, _ []address) External {
	return External{Subject: user.subject(), Name: user.shown(), Email: user.Email, Verified: user.ConfirmedAt != "" && user.State != "blocked"}
}

// ofFacebook takes the address for verified: Facebook leaves out one that it has not confirmed.
func ofFacebook(user profile, _ []address) External {
	return External{Subject: user.subject(), Name: user.shown(), Email: user.Email, Verified: user.Email != ""}
}
