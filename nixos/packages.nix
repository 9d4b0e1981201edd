# Every package, from a set of nixpkgs' builders. CI hands in builders that give their arguments back, and looks at those.
{ pkgs }:
let
  inherit (pkgs) callPackage;
in
rec {
  ui = callPackage ./ui.nix { };
  ibutsu-unwrapped = callPackage ./package.nix { inherit ui; };
  ibutsu = callPackage ./whole.nix { inherit ibutsu-unwrapped; };

  image = callPackage ./image.nix {
    inherit ibutsu-unwrapped;
    whole = true;
  };
  image-stream = image.stream;
  image-slim = callPackage ./image.nix {
    inherit ibutsu-unwrapped;
    whole = false;
  };

  sbom = callPackage ./sbom.nix {
    inherit ibutsu-unwrapped;
    inherit (image.arguments) contents;
  };
}
