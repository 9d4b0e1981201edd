package config

import (
	"fmt"
	"net"
	"strings"
)

// resolve derives what follows from other settings and refuses what contradicts itself.
func (l *loader) resolve() {
	l.resolveServer()
	l.resolveDatabase()
	l.resolveRedis()
	l.resolveSuperadmin()
	l.resolveProviders()
	l.resolveMail()
}

func (l *loader) derive(name, from string) {
	l.origins[name] = Origin{Level: LevelDerived, Name: "from " + from}
}

func (l *loader) resolveServer() {
	server := &l.config.Server
	if server.StateDir == "" {
		server.StateDir = l.in.DefaultStateDir
	}
	if server.BackendURL == "" {
		server.BackendURL = localURL(server.Listen)
		if server.TLSCert != "" {
			server.BackendURL = strings.Replace(server.BackendURL, "http:", "https:", 1)
		}
		l.derive("backend_url", "listen")
	}
	if server.FrontendURL == "" {
		server.FrontendURL = pageURL(server.BackendURL)
		l.derive("frontend_url", "backend_url")
	}
	l.bothOrNone("tls_cert", "tls_key")
}

// bothOrNone refuses a certificate without its key, and a key without its certificate.
func (l *loader) bothOrNone(certificate, key string) {
	for _, pair := range [][2]string{{certificate, key}, {key, certificate}} {
		if l.isSet(pair[0]) && !l.isSet(pair[1]) {
			l.fail(fmt.Errorf("%s is missing: %s alone is of no use", l.called(pair[1]), l.called(pair[0])))
		}
	}
}

// localURL is how a browser on the same machine reaches a listen address.
func localURL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || strings.HasPrefix(listen, "unix:") { // a proxy is in front of it, at an address that is not known here
		return "http://127.0.0.1:8080"
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// pageURL is what a person reads in a link to the page: the name of this machine to itself, rather than its number.
func pageURL(backend string) string {
	return strings.Replace(backend, "//127.0.0.1:", "//localhost:", 1)
}

func (l *loader) resolveSuperadmin() {
	admin := l.config.Superadmin
	if admin.Email != "" {
		if at := strings.LastIndexByte(admin.Email, '@'); at < 1 || at == len(admin.Email)-1 {
			l.fail(fmt.Errorf("%s is not an e-mail address", l.called("superadmin_email")))
		}
		if len(admin.Password) > 72 {
			l.fail(fmt.Errorf("%s is longer than 72 bytes, which bcrypt cannot tell apart; choose a shorter one", l.called("superadmin_password")))
		}
		return
	}
	for _, name := range []string{"superadmin_password", "superadmin_name", "superadmin_own_project"} {
		if l.isSet(name) {
			l.fail(fmt.Errorf("IBUTSU_SUPERADMIN_EMAIL is missing although %s is set; set both or none", l.called(name)))
			return
		}
	}
}

func (l *loader) resolveProviders() {
	keycloak := l.config.Providers.Keycloak
	switch {
	case keycloak.ClientID != "" && keycloak.BaseURL == "":
		l.warnf("KEYCLOAK_BASE_URL is missing although %s is set: Keycloak stays off", l.called("keycloak_client_id"))
	case keycloak.ClientID == "" && keycloak.BaseURL != "":
		l.warnf("KEYCLOAK_CLIENT_ID is missing although %s is set: Keycloak stays off", l.called("keycloak_base_url"))
	case keycloak.ClientID != "" && keycloak.Realm == "":
		l.warnf("KEYCLOAK_REALM is missing although %s is set: Keycloak cannot answer without it", l.called("keycloak_client_id"))
	}
	switch openID := l.config.Providers.OpenID; {
	case openID.ClientID != "" && openID.IssuerURL == "":
		l.warnf("OIDC_ISSUER_URL is missing although %s is set: OpenID Connect stays off", l.called("oidc_client_id"))
	case openID.ClientID == "" && openID.IssuerURL != "":
		l.warnf("OIDC_CLIENT_ID is missing although %s is set: OpenID Connect stays off", l.called("oidc_issuer_url"))
	}
	gitlab := l.config.Providers.GitLab
	if gitlab.ClientID != "" && gitlab.BaseURL == "" && gitlab.AuthURL == "" {
		l.warnf("GITLAB_BASE_URL is missing although %s is set; for gitlab.com it is https://gitlab.com", l.called("gitlab_client_id"))
	}
}

func (l *loader) resolveMail() {
	mail := &l.config.Mail
	if mail.UseTLS && mail.UseSSL {
		l.fail(fmt.Errorf("%s and %s contradict each other: STARTTLS (usually port 587) or TLS from the start (usually 465)",
			l.called("mail_use_tls"), l.called("mail_use_ssl")))
	}
	if mail.Password.IsSet() && mail.Username == "" {
		l.fail(fmt.Errorf("MAIL_USERNAME is missing although %s is set", l.called("mail_password")))
	}
	if mail.Sender != "" {
		return
	}
	mail.Sender = "ibutsu@localhost"
	if strings.Contains(mail.Username, "@") {
		mail.Sender = mail.Username
		l.derive("mail_default_sender", "mail_username")
	}
}
