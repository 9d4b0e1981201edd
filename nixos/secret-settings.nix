# The settings that are secrets, except addresses, which may be without one. checks/nix compares this list with the table
# of the program.
[
  "celery_broker_url"
  "celery_result_backend"
  "database_password"
  "database_url"
  "facebook_client_secret"
  "github_client_secret"
  "gitlab_client_secret"
  "google_client_secret"
  "jwt_secret"
  "mail_password"
  "metrics_token"
  "redis_sentinel_password"
  "superadmin_password"
]
