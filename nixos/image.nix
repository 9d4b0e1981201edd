# The images: `ibutsu` with PostgreSQL inside, `ibutsu-slim` without it, without a shell and without a package manager. One
# set of arguments for both builders of nixpkgs: a tarball in the store, or a script that streams one.
{
  lib,
  dockerTools,
  runCommand,
  writeTextDir,
  cacert,
  dash,
  ibutsu-unwrapped,
  postgresql_18,
  whole,
}:
let
  data = import ./image-config.nix {
    inherit (ibutsu-unwrapped) version;
    inherit whole;
  };

  # initdb and postgres start each other by popen, which is /bin/sh.
  sh = runCommand "sh" { } ''
    mkdir -p $out/bin
    ln -s ${dash}/bin/dash $out/bin/sh
  '';

  arguments = {
    inherit (data) name config;
    tag = ibutsu-unwrapped.version;
    created = "1970-01-01T00:00:01Z";
    contents = [
      ibutsu-unwrapped
      cacert
      (writeTextDir "etc/passwd" data.passwd)
      (writeTextDir "etc/group" data.group)
    ]
    ++ lib.optionals whole [
      postgresql_18
      sh
    ];
    fakeRootCommands = lib.concatStrings (
      lib.mapAttrsToList (path: folder: ''
        mkdir -p ${path}
        chmod ${folder.mode} ${path}
        chown ${folder.owner} ${path}
      '') data.folders
    );
  };
in
# Not compressed: the bytes then hang on no version of a compressor, and registries compress by themselves.
dockerTools.buildLayeredImage (arguments // { compressor = "none"; })
// {
  inherit arguments;
  stream = dockerTools.streamLayeredImage arguments;
}
