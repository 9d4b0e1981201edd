package auth

import (
	"strings"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// The providers that this server knows.
const (
	Keycloak = "keycloak"
	Google   = "google"
	GitHub   = "github"
	GitLab   = "gitlab"
	Facebook = "facebook"
)

// Offers says which ways of signing in there are: `user` for a password, and one for each provider.
func (a *Accounts) Offers() map[string]bool {
	p := a.Providers
	return map[string]bool{
		"user": a.UserLogin, Keycloak: keycloakIsSetUp(p.Keycloak), Google: p.Google.ClientID != "", GitHub: p.GitHub.ClientID != "",
		GitLab: p.GitLab.ClientID != "", Facebook: p.Facebook.ClientID != "",
	}
}

func keycloakIsSetUp(k config.Keycloak) bool { return k.ClientID != "" && k.BaseURL != "" }

// ProviderConfig is what a page needs to send somebody to the provider, without any secret; empty for a Keycloak that is not
// set up, and with a null client_id for any other provider that is not.
func (a *Accounts) ProviderConfig(name string) map[string]any {
	back := a.BackendURL + "/api/login/auth/" + name
	if name == Keycloak {
		return keycloakConfig(a.Providers.Keycloak, back)
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
	if provider.AuthURL != "" {
		authorization = provider.AuthURL
	}
	answer["authorization_url"] = join(provider.BaseURL, authorization)
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
