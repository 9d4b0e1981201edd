# The page: what Vite makes of src/web. package.nix embeds it; a change of it rebuilds nothing in Go but the last step.
{
  lib,
  stdenvNoCC,
  nodejs_24,
  pnpm_10,
  fetchPnpmDeps,
  pnpmConfigHook,
}:
let
  inherit (lib) fileset;
  root = ../src/web;

  # What pnpm reads. The hash of the packages depends on these alone; hashes.sh reads the same list:
  #
  #   nix-instantiate --eval --strict --json nixos/manifests.nix
  manifests = fileset.unions (map (name: root + "/${name}") (import ./manifests.nix));
in
stdenvNoCC.mkDerivation (finalAttrs: {
  pname = "ibutsu-ui";
  version = lib.fileContents ../VERSION;

  src = fileset.toSource {
    inherit root;
    fileset = fileset.unions [
      manifests
      (root + "/index.html")
      (root + "/public")
      (root + "/src")
      (root + "/tsconfig.json")
      (root + "/vite.config.ts")
    ];
  };

  pnpmDeps = fetchPnpmDeps {
    inherit (finalAttrs) pname version;
    src = fileset.toSource {
      inherit root;
      fileset = manifests;
    };
    pnpm = pnpm_10;
    fetcherVersion = 3;
    hash = (lib.importJSON ./hashes.json).pnpmHash;
  };

  nativeBuildInputs = [
    nodejs_24
    pnpm_10
    pnpmConfigHook
  ];

  buildPhase = ''
    runHook preBuild
    pnpm build
    runHook postBuild
  '';

  doCheck = true;
  checkPhase = ''
    runHook preCheck
    pnpm test
    runHook postCheck
  '';

  installPhase = ''
    runHook preInstall
    cp -r dist $out
    runHook postInstall
  '';

  meta = {
    description = "The page of Ibutsu";
    homepage = "https://github.com/ibutsu/ibutsu-go";
    license = lib.licenses.mit;
    platforms = lib.platforms.linux ++ lib.platforms.darwin;
  };
})
