package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// ErrToken means that a token is no token of this server, or one that is over.
var ErrToken = errors.New("the token is invalid or expired")

const (
	// DefaultIssuer is what the original writes as issuer.
	DefaultIssuer = "org.ibutsu-project.server"
	// tokenLongest is far above what any server of this kind has issued.
	tokenLongest = 4096
	// clockSkew is how far the clock of the machine that issued a token may be ahead of ours.
	clockSkew = 10 * time.Second
)

// Claims are what a valid token says.
type Claims struct {
	UserID uuid.UUID
	// Issued is when it was made, zero where it does not say.
	Issued time.Time
	// Expires is zero for a token that never ends.
	Expires time.Time
	// Login says that the token is from a sign-in. Any other is good only while its user keeps it.
	Login bool
}

// Tokens issues and reads JWTs in the form of Ibutsu 3.1.1 (HS256; iss, iat, exp, sub), so that both servers take each
// other's. A sign-in's exp is an integer, that of an API token has a fraction; this tells them apart in old and new ones.
type Tokens struct {
	secret   []byte
	issuer   string
	lifetime time.Duration
	now      func() time.Time
	parser   *jwt.Parser
}

// NewTokens signs with the bytes of the secret. The lifetime is that of a sign-in.
func NewTokens(secret, issuer string, lifetime time.Duration, now func() time.Time) (*Tokens, error) {
	if secret == "" {
		return nil, errors.New("the key of the tokens is empty")
	}
	if lifetime < time.Second {
		return nil, fmt.Errorf("sign-ins that last %v", lifetime)
	}
	return &Tokens{
		secret: []byte(secret), issuer: issuer, lifetime: lifetime, now: now,
		// The claims are judged here: the library knows neither which times we forgive nor that an audience is refused.
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation()),
	}, nil
}

// wire are the claims as they are written. What stands beside RegisteredClaims goes before it.
type wire struct {
	Expires  json.RawMessage `json:"exp,omitempty"`
	Audience json.RawMessage `json:"aud,omitempty"`
	jwt.RegisteredClaims
}

// Login issues the token of a sign-in.
func (t *Tokens) Login(user uuid.UUID) (string, error) {
	text, _, err := t.Session(user, uuid.Nil)
	return text, err
}

// Session issues the token of a sign-in that has an id, so that no two are alike, and says when it ends.
func (t *Tokens) Session(user, id uuid.UUID) (text string, expires time.Time, err error) {
	expires = time.Unix(t.now().Add(t.lifetime).Unix(), 0)
	text, err = t.sign(user, id, json.RawMessage(strconv.FormatInt(expires.Unix(), 10)))
	return text, expires, err
}

// API issues an API token that ends at the given moment, or never when it is nil. It is good only once its user keeps it.
func (t *Tokens) API(user uuid.UUID, expires *time.Time) (string, error) {
	if expires == nil {
		return t.sign(user, uuid.Nil, forever)
	}
	return t.sign(user, uuid.Nil, withFraction(*expires))
}

// forever is the end of a token that never ends: that of the year 9999, the last which every client's calendar knows.
// Leaving exp out breaks pytest-ibutsu, which reads it without asking whether it is there.
var forever = json.RawMessage("253402300799.0")

func (t *Tokens) sign(user, id uuid.UUID, expires json.RawMessage) (string, error) {
	claims := wire{Expires: expires, RegisteredClaims: jwt.RegisteredClaims{
		Issuer: t.issuer, Subject: user.String(), IssuedAt: jwt.NewNumericDate(t.now()),
	}}
	if id != uuid.Nil {
		claims.ID = id.String()
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(t.secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return text, nil
}

// withFraction writes the seconds since 1970 with at least one digit behind the point.
func withFraction(moment time.Time) json.RawMessage {
	text := strconv.FormatFloat(float64(moment.UnixMicro())/1e6, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return json.RawMessage(text)
}

// Read checks signature and times and returns what the token says. Every error is ErrToken.
func (t *Tokens) Read(text string) (Claims, error) {
	if len(text) > tokenLongest {
		return Claims{}, fmt.Errorf("%w: longer than any", ErrToken)
	}
	var w wire
	if _, err := t.parser.ParseWithClaims(text, &w, func(*jwt.Token) (any, error) { return t.secret, nil }); err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	claims, err := w.judge(t.now())
	if err != nil {
		return Claims{}, fmt.Errorf("%w: %w", ErrToken, err)
	}
	return claims, nil
}

func (w wire) judge(now time.Time) (Claims, error) {
	user, err := uuid.Parse(w.Subject)
	if err != nil {
		return Claims{}, errors.New("the subject is no user id")
	}
	if present(w.Audience) {
		return Claims{}, errors.New("it is for another audience")
	}
	if w.IssuedAt != nil && w.IssuedAt.After(now.Add(clockSkew)) {
		return Claims{}, errors.New("it is issued in the future")
	}
	if w.NotBefore != nil && w.NotBefore.After(now.Add(clockSkew)) {
		return Claims{}, errors.New("it is not valid yet")
	}
	claims := Claims{UserID: user}
	if w.IssuedAt != nil {
		claims.Issued = w.IssuedAt.Time
	}
	if !present(w.Expires) || bytes.Equal(w.Expires, forever) {
		return claims, nil
	}
	claims.Login = !bytes.ContainsAny(w.Expires, ".eE")
	claims.Expires, err = momentOf(w.Expires)
	if err != nil {
		return Claims{}, err
	}
	if !now.Before(claims.Expires) {
		return Claims{}, errors.New("it has expired")
	}
	return claims, nil
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// farFuture is where moments are cut: beyond it, time arithmetic overflows.
const farFuture = 1 << 40

func momentOf(raw json.RawMessage) (time.Time, error) {
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(seconds) {
		return time.Time{}, errors.New("its end is no number")
	}
	whole, fraction := math.Modf(max(-farFuture, min(farFuture, seconds)))
	return time.Unix(int64(whole), int64(fraction*1e9)), nil
}
