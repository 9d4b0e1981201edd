# The images say what docs/deploy.md promises: who they run as, what they start, that nothing depends on the day.
{
  pkgs,
  lib,
  packages,
  ...
}:
let
  whole = packages.image.arguments;
  slim = packages.image-slim.arguments;
  names = map lib.getName slim.contents;
in
assert whole.created == "1970-01-01T00:00:01Z" && slim.created == whole.created;
assert whole.config.User == "65532:65532" && slim.config.User == "65532:65532";
assert whole.config.Cmd == [ "up" ] && slim.config.Cmd == [ "serve" ];
assert whole.config.Volumes ? "/var/lib/ibutsu";
assert whole.config.Labels."org.opencontainers.image.version" == whole.tag;
assert
  !(lib.any (
    name:
    lib.elem name [
      "sh"
      "bash"
      "busybox"
      "postgresql"
    ]
  ) names);
pkgs.runCommand "check-image-config"
  {
    nativeBuildInputs = [
      pkgs.jq
      pkgs.gnutar
    ];
  }
  ''
    tar -xOf ${packages.image-slim} manifest.json | jq -r '.[0].Config' > name
    tar -xOf ${packages.image-slim} "$(cat name)" | jq -e '.config.User == "65532:65532" and .config.Entrypoint == ["/bin/ibutsu"]'
    if tar -tf ${packages.image-slim} | grep -E '/bin/(ba|da)?sh$'; then echo 'a shell is in the slim image'; exit 1; fi
    gzip -9 < ${packages.image-slim} | wc -c > size
    echo "slim, compressed: $(cat size) bytes"
    [ "$(cat size)" -lt 60000000 ]
    touch $out
  ''
