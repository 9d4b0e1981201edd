package config

import (
	"encoding/json"
	"fmt"
)

// MarshalJSON writes every setting by its name, secrets in the clear: this is the form in which the host hands the
// configuration to its modules over their private, encrypted connection. It is not for logs or answers.
func (c Config) MarshalJSON() ([]byte, error) {
	settings := Settings()
	texts := make(map[string]string, len(settings))
	for _, s := range settings {
		texts[s.Name] = s.Text(&c)
	}
	return json.Marshal(texts)
}

// UnmarshalJSON reads what [Config.MarshalJSON] wrote. A setting that is missing keeps its default; one that is unknown
// is an error, for host and module are the same binary.
func (c *Config) UnmarshalJSON(data []byte) error {
	var texts map[string]string
	if err := json.Unmarshal(data, &texts); err != nil {
		return fmt.Errorf("reading a configuration: %w", err)
	}
	read := Default()
	for _, s := range Settings() {
		text, ok := texts[s.Name]
		delete(texts, s.Name)
		if !ok || text == s.Text(&read) {
			continue
		}
		if err := s.bind(&read).Set(text); err != nil {
			return fmt.Errorf("reading a configuration: %s %w", s.Name, err)
		}
	}
	for name := range texts {
		return fmt.Errorf("reading a configuration: %s is not a setting", name)
	}
	*c = read
	return nil
}
