package config

import "fmt"

// Mask stands wherever a secret would otherwise be shown.
const Mask = "********"

// Secret is a text that must never be shown. Every way of printing it gives [Mask]; [Secret.Reveal] gives the text.
// Its JSON and text forms are masked too, so that a struct with a secret in it may be logged or answered by mistake
// without harm. Only [Config.MarshalJSON], which feeds the modules, writes secrets out.
type Secret string

// Reveal gives the text itself.
func (s Secret) Reveal() string { return string(s) }

// IsSet tells whether there is a secret at all.
func (s Secret) IsSet() bool { return s != "" }

// String gives [Mask], or nothing when there is no secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Mask
}

// Format masks every verb, %#v and %q included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText gives the masked form.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
