// Package auth says who a caller is and what the caller may do: passwords, signed tokens, the identities that requests are
// judged by, and the one table of permissions. It knows no HTTP.
package auth
