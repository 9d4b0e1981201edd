# What the images say of themselves (the OCI configuration), and the users that they know. Only builtins: CI puts the same
# data around files that it built itself.
{
  version,
  # With PostgreSQL inside: everything in one container. Without: one role of several.
  whole,
}:
let
  uid = 65532;
  state = "/var/lib/ibutsu";
in
{
  name = if whole then "ibutsu" else "ibutsu-slim";

  config = {
    # `podman run ibutsu serve`, `… module worker` and so on run one role each.
    Entrypoint = [ "/bin/ibutsu" ];
    Cmd = [ (if whole then "up" else "serve") ];
    User = "${toString uid}:${toString uid}";
    WorkingDir = "/";
    Env = [
      "PATH=/bin"
      "IBUTSU_STATE_DIR=${state}"
      "SSL_CERT_FILE=/etc/ssl/certs/ca-bundle.crt"
    ];
    ExposedPorts."8080/tcp" = { };
    # SIGTERM drains.
    StopSignal = "SIGTERM";
    Labels = {
      "org.opencontainers.image.title" = "Ibutsu";
      "org.opencontainers.image.description" =
        if whole then "Ibutsu with its PostgreSQL" else "Ibutsu, one role of several";
      "org.opencontainers.image.version" = version;
      "org.opencontainers.image.licenses" = "MIT";
      "org.opencontainers.image.source" = "https://github.com/ibutsu/ibutsu-go";
      "org.opencontainers.image.documentation" =
        "https://github.com/ibutsu/ibutsu-go/blob/main/docs/deploy.md";
    };
  }
  // (if whole then { Volumes.${state} = { }; } else { });

  # PostgreSQL looks its user up by number and does not start for one without a name.
  passwd = ''
    root:x:0:0:root:/:/sbin/nologin
    ibutsu:x:${toString uid}:${toString uid}:Ibutsu:${state}:/sbin/nologin
  '';
  group = ''
    root:x:0:
    ibutsu:x:${toString uid}:
  '';

  # Folders that are written to: owner, group, mode. The group of the state is root's, as OpenShift gives every container
  # some number as its user and zero as its group.
  folders = {
    "tmp" = {
      owner = "0:0";
      mode = "1777";
    };
    "var/lib/ibutsu" = {
      owner = "${toString uid}:0";
      mode = "0770";
    };
  };
}
