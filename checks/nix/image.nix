# An image of the same layout as nixos/image.nix, from files of this machine and with nothing of nixpkgs: the OCI
# configuration and the users come from the same data. A layer for PostgreSQL, one for the program, one for the rest.
#
#   nix-build checks/nix/image.nix --argstr program /…/ibutsu [--argstr postgres /…]
{
  program,
  # A tree with PostgreSQL and all that it loads; none for the slim image.
  postgres ? "",
}:
let
  whole = postgres != "";
  version = builtins.replaceStrings [ "\n" ] [ "" ] (builtins.readFile ../../VERSION);
  image = import ../../nixos/image-config.nix { inherit version whole; };
  read =
    name: path:
    builtins.path {
      inherit name;
      path = /. + path;
    };
  layers = (if whole then [ "postgres" ] else [ ]) ++ [
    "program"
    "rest"
  ];
  digest = layer: "sha256:@${layer}@";
  configuration = {
    architecture = "amd64";
    os = "linux";
    created = "1970-01-01T00:00:01Z";
    inherit (image) config;
    rootfs = {
      type = "layers";
      diff_ids = map digest layers;
    };
  };
  manifest = {
    schemaVersion = 2;
    mediaType = "application/vnd.oci.image.manifest.v1+json";
    config = {
      mediaType = "application/vnd.oci.image.config.v1+json";
      digest = "sha256:@config@";
      size = "@config-size@";
    };
    layers = map (layer: {
      mediaType = "application/vnd.oci.image.layer.v1.tar";
      digest = digest layer;
      size = "@${layer}-size@";
    }) layers;
  };
  index = {
    schemaVersion = 2;
    manifests = [
      {
        mediaType = "application/vnd.oci.image.manifest.v1+json";
        digest = "sha256:@manifest@";
        size = "@manifest-size@";
        annotations."org.opencontainers.image.ref.name" = "localhost/${image.name}:${version}";
      }
    ];
  };
  folders = builtins.concatStringsSep "\n" (
    map (path: "folder ${path} ${image.folders.${path}.owner} ${image.folders.${path}.mode}") (
      builtins.attrNames image.folders
    )
  );
in
derivation {
  name = "${image.name}-${version}.tar";
  system = builtins.currentSystem;
  builder = "/bin/sh";
  PATH = "/usr/bin:/bin";
  program = read "ibutsu" program;
  postgres = if whole then read "postgres" postgres else "";
  certificates = read "ca-bundle.crt" "/etc/ssl/certs/ca-certificates.crt";
  configuration = builtins.toJSON configuration;
  manifest = builtins.toJSON manifest;
  index = builtins.toJSON index;
  inherit (image) passwd group;
  layers = builtins.concatStringsSep " " layers;
  args = [
    "-eu"
    "-c"
    ''
      umask 022
      LC_ALL=C; export LC_ALL
      mkdir -p program/bin rest/etc/ssl/certs blobs/sha256
      cp "$program" program/bin/ibutsu && chmod 755 program/bin/ibutsu
      printf '%s' "$passwd" > rest/etc/passwd
      printf '%s' "$group" > rest/etc/group
      cp "$certificates" rest/etc/ssl/certs/ca-bundle.crt

      pack() { tar --sort=name --mtime=@1 --numeric-owner --mode=go-w,a+rX "$@"; }
      pack --owner=0 --group=0 -C program -cf program.tar .
      pack --owner=0 --group=0 -C rest -cf rest.tar .
      if [ -n "$postgres" ]; then pack --owner=0 --group=0 -C "$postgres" -cf postgres.tar .; fi
      folder() {
        mkdir -p "empty/$1"
        tar --mtime=@1 --numeric-owner --owner="''${2%:*}" --group="''${2#*:}" --mode="$3" --no-recursion -C empty -rf rest.tar "./$1"
      }
      ${folders}

      # A blob is called as its hash; what refers to it has a mark in its place.
      marks=
      blob() {
        hash=$(sha256sum < "$2" | cut -d ' ' -f 1)
        marks="$marks;s/@$1@/$hash/g;s/\"@$1-size@\"/$(stat -c %s "$2")/g"
        mv "$2" "blobs/sha256/$hash"
      }
      for layer in $layers; do blob "$layer" "$layer.tar"; done
      printf '%s' "$configuration" | sed "$marks" > configuration.json
      blob config configuration.json
      printf '%s' "$manifest" | sed "$marks" > manifest.json
      blob manifest manifest.json
      printf '%s' "$index" | sed "$marks" > index.json
      printf '{"imageLayoutVersion":"1.0.0"}' > oci-layout
      pack --owner=0 --group=0 -cf "$out" oci-layout index.json blobs
      sleep 0.1 &
    ''
  ];
}
