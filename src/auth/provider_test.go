package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/config"
)

func TestProvidersThatAreNotSetUp(t *testing.T) {
	t.Parallel()
	a := auth.NewAccounts(auth.AccountsOptions{BackendURL: "https://api.example.com", UserLogin: true})
	require.Equal(t, map[string]bool{"user": true, "keycloak": false, "google": false, "github": false, "gitlab": false, "facebook": false}, a.Offers())
	require.Empty(t, a.ProviderConfig("keycloak"))
	require.Equal(t, map[string]any{
		"client_id": nil, "scope": "user", "authorization_url": "https://github.com/login/oauth/authorize",
		"redirect_uri": "https://api.example.com/api/login/auth/github",
	}, a.ProviderConfig("github"))
	require.Equal(t, "oauth/authorize", a.ProviderConfig("gitlab")["authorization_url"])
	require.Contains(t, a.ProviderConfig("facebook"), "app_id")
	require.Equal(t, map[string]any{"client_id": nil, "scope": "", "redirect_uri": "https://api.example.com/api/login/auth/other"}, a.ProviderConfig("other"))
}

func TestProvidersThatAreSetUp(t *testing.T) {
	t.Parallel()
	a := auth.NewAccounts(auth.AccountsOptions{BackendURL: "https://api.example.com", Providers: config.Providers{
		Keycloak: config.Keycloak{ClientID: "k", BaseURL: "https://sso.example.com/", AuthPath: "/auth/", Realm: "all", Name: "SSO", Icon: "redhat", VerifySSL: true},
		GitLab:   config.Provider{ClientID: "g", ClientSecret: "s3cret", BaseURL: "https://git.example.com"},
		Google:   config.Provider{ClientID: "o", AuthURL: "https://proxy.example.com/auth"},
	}})
	require.Equal(t, map[string]bool{"user": false, "keycloak": true, "google": true, "github": false, "gitlab": true, "facebook": false}, a.Offers())
	require.Equal(t, map[string]any{
		"server_url": "https://sso.example.com/auth", "realm": "all", "client_id": "k", "display_name": "SSO", "icon": "redhat", "verify_ssl": true,
		"authorization_url": "https://sso.example.com/auth/realms/all/protocol/openid-connect/auth",
		"redirect_uri":      "https://api.example.com/api/login/auth/keycloak",
		"start_url":         "https://api.example.com/api/login/start/keycloak",
	}, a.ProviderConfig("keycloak"))
	require.Equal(t, map[string]any{
		"client_id": "g", "scope": "read_user", "authorization_url": "https://git.example.com/oauth/authorize",
		"redirect_uri": "https://api.example.com/api/login/auth/gitlab", "start_url": "https://api.example.com/api/login/start/gitlab",
	}, a.ProviderConfig("gitlab"))
	require.Equal(t, "https://proxy.example.com/auth", a.ProviderConfig("google")["authorization_url"])
}
