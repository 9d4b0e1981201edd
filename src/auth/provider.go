package auth

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// The providers that this server knows.
const (
	Keycloak = "keycloak"
	Google   = "google"
	GitHub   = "github"
	GitLab   = "gitlab"
	Facebook = "facebook"
	// OpenID is any other that speaks OpenID Connect.
	OpenID = "oidc"
)

// Offers says which ways of signing in there are: `user` for a password, and one for each provider.
func (a *Accounts) Offers() map[string]bool {
	p := a.Providers
	offers := map[string]bool{
		"user": a.UserLogin, Keycloak: keycloakIsSetUp(p.Keycloak), Google: p.Google.ClientID != "", GitHub: p.GitHub.ClientID != "",
		GitLab: p.GitLab.ClientID != "", Facebook: p.Facebook.ClientID != "",
	}
	// Clients of the original know five providers, and the answer without a sixth.
	if openIDIsSetUp(p.OpenID) {
		offers[OpenID] = true
	}
	return offers
}

func openIDIsSetUp(p config.OpenID) bool { return p.ClientID != "" && p.IssuerURL != "" }

func (a *Accounts) redirectURI(name string) string { return a.BackendURL + "/api/login/auth/" + name }

func keycloakIsSetUp(k config.Keycloak) bool { return k.ClientID != "" && k.BaseURL != "" }

// ProviderConfig is what a page needs to send somebody to the provider, without any secret; empty for a Keycloak that is not
// set up, and with a null client_id for any other provider that is not. Where a provider is set up, start_url is where
// a page of ours sends the browser.
func (a *Accounts) ProviderConfig(name string) map[string]any {
	answer := a.providerConfig(name)
	if a.Offers()[name] {
		answer["start_url"] = a.BackendURL + "/api/login/start/" + name
	}
	return answer
}

func (a *Accounts) providerConfig(name string) map[string]any {
	back := a.redirectURI(name)
	switch {
	case name == Keycloak:
		return keycloakConfig(a.Providers.Keycloak, back)
	case name == OpenID && openIDIsSetUp(a.Providers.OpenID):
		return openIDConfig(a.Providers.OpenID, back)
	}
	answer := map[string]any{"redirect_uri": back, "scope": ""}
	id := "client_id"
	if name == Facebook {
		id = "app_id"
	}
	answer[id] = nil
	provider, authorization, scope, known := a.provider(name)
	if !known {
		return answer
	}
	answer["scope"] = scope
	answer["authorization_url"] = join(provider.BaseURL, or(provider.AuthURL, authorization))
	if provider.ClientID != "" {
		answer[id] = provider.ClientID
	}
	return answer
}

func (a *Accounts) provider(name string) (p config.Provider, authorization, scope string, known bool) {
	switch name {
	case Google:
		return a.Providers.Google, "https://accounts.google.com/o/oauth2/v2/auth", "https://www.googleapis.com/auth/userinfo.profile", true
	case GitHub:
		return a.Providers.GitHub, "https://github.com/login/oauth/authorize", "user", true
	case GitLab:
		return a.Providers.GitLab, "oauth/authorize", "read_user", true
	case Facebook:
		return a.Providers.Facebook, "https://www.facebook.com/v11.0/dialog/oauth", "email public_profile", true
	}
	return config.Provider{}, "", "", false
}

func openIDConfig(p config.OpenID, back string) map[string]any {
	answer := map[string]any{"redirect_uri": back, "scope": strings.Join(p.Scopes, " "), "client_id": p.ClientID, "display_name": "OpenID Connect"}
	if p.Name != "" {
		answer["display_name"] = p.Name
	}
	if p.Icon != "" {
		answer["icon"] = p.Icon
	}
	return answer
}

// or is the text, or the other one where it is empty.
func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// NewFlow makes the sign-in by the providers that are set up; the key is that of the tokens.
func NewFlow(a *Accounts, key string) (*Flow, error) {
	p := a.Providers
	client := &http.Client{Timeout: providerPatience, Transport: tracing.Transport{Base: http.DefaultTransport}}
	providers := map[string]identityProvider{}
	if keycloakIsSetUp(p.Keycloak) {
		asking := client
		if !p.Keycloak.VerifySSL {
			asking = &http.Client{Timeout: providerPatience, Transport: tracing.Transport{Base: unverified()}}
		}
		providers[Keycloak] = &openID{
			issuer: join(p.Keycloak.BaseURL, p.Keycloak.AuthPath, "realms", p.Keycloak.Realm), clientID: p.Keycloak.ClientID,
			clientSecret: p.Keycloak.ClientSecret.Reveal(), scopes: openIDScopes, trustEmail: p.Keycloak.TrustEmail, client: asking,
		}
	}
	if openIDIsSetUp(p.OpenID) {
		scopes := p.OpenID.Scopes
		if !slices.Contains(scopes, "openid") {
			scopes = append([]string{"openid"}, scopes...)
		}
		providers[OpenID] = &openID{issuer: p.OpenID.IssuerURL, clientID: p.OpenID.ClientID, clientSecret: p.OpenID.ClientSecret.Reveal(),
			scopes: scopes, trustEmail: p.OpenID.TrustEmail, client: client}
	}
	if p.Google.ClientID != "" {
		providers[Google] = &openID{
			issuer: or(p.Google.BaseURL, "https://accounts.google.com"), clientID: p.Google.ClientID, clientSecret: p.Google.ClientSecret.Reveal(),
			scopes: openIDScopes, authEndpoint: p.Google.AuthURL, tokenEndpoint: p.Google.TokenURL, codeIsToken: true, client: client,
		}
	}
	if p.GitHub.ClientID != "" {
		user := or(p.GitHub.UserURL, "https://api.github.com/user")
		providers[GitHub] = &oauth{config: a.oauthConfig(GitHub, "https://github.com/login/oauth/access_token"), userURL: user, emailsURL: user + "/emails", read: ofGitHub, client: client}
	}
	if p.GitLab.ClientID != "" {
		providers[GitLab] = &oauth{config: a.oauthConfig(GitLab, "oauth/token"), userURL: join(p.GitLab.BaseURL, or(p.GitLab.UserURL, "api/v4/user")), read: ofGitLab, client: client}
	}
	if p.Facebook.ClientID != "" {
		providers[Facebook] = &oauth{config: a.oauthConfig(Facebook, "https://graph.facebook.com/v11.0/oauth/access_token"),
			userURL: or(p.Facebook.UserURL, "https://graph.facebook.com/v11.0/me?fields=id,name,email"), read: ofFacebook, client: client}
	}
	f, err := newFlow(a, key, providers)
	if err != nil {
		return nil, err
	}
	f.Original = p.OriginalPage
	return f, nil
}

var openIDScopes = []string{"openid", "email", "profile"}

// providerPatience bounds one question to a provider.
const providerPatience = 10 * time.Second

// unverified asks a Keycloak whose certificate nobody vouches for, which its setting asks for.
func unverified() http.RoundTripper {
	return &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, //nolint:gosec // keycloak_verify_ssl is off
	}
}

func (a *Accounts) oauthConfig(name, token string) oauth2.Config {
	p, authorization, scope, _ := a.provider(name)
	return oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.ClientSecret.Reveal(), Scopes: strings.Fields(scope),
		Endpoint: oauth2.Endpoint{
			AuthURL: join(p.BaseURL, or(p.AuthURL, authorization)), TokenURL: join(p.BaseURL, or(p.TokenURL, token)),
			AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

func keycloakConfig(k config.Keycloak, back string) map[string]any {
	if !keycloakIsSetUp(k) {
		return map[string]any{}
	}
	server := join(k.BaseURL, k.AuthPath)
	answer := map[string]any{
		"server_url": server, "realm": k.Realm, "client_id": k.ClientID, "redirect_uri": back, "verify_ssl": k.VerifySSL,
		"authorization_url": join(server, "realms", k.Realm, "protocol/openid-connect/auth"),
	}
	if k.Icon != "" {
		answer["icon"] = k.Icon
	}
	if k.Name != "" {
		answer["display_name"] = k.Name
	}
	return answer
}

// join puts the pieces of an address together; one that is a whole address goes before all in front of it.
func join(pieces ...string) string {
	var kept []string
	for _, piece := range pieces {
		if strings.Contains(piece, "://") {
			kept = nil
		}
		if piece = strings.Trim(piece, "/"); piece != "" {
			kept = append(kept, piece)
		}
	}
	return strings.Join(kept, "/")
}
