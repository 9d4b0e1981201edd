# The settings that are secrets, from the table of all settings: docs/configuration.md is written from it by the program, and
# a test holds the two together. The address of Redis is not among them: it may be without a password.
let
  rows = builtins.filter builtins.isString (
    builtins.split "\n" (builtins.readFile ../docs/configuration.md)
  );
  secret = builtins.match "\\| `([a-z0-9_]+)` .* Secret(\\.[^|]*)? \\|";
  found = builtins.filter (match: match != null) (map secret rows);
in
builtins.filter (name: name != "redis_url") (map builtins.head found)
