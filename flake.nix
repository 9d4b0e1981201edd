{
  description = "Ibutsu, which collects test results, as one binary: package, images, NixOS module, appliance";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forSystems = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      packages = pkgs: import ./nixos/packages.nix { inherit pkgs; };
      appliance =
        system:
        lib.nixosSystem {
          inherit system;
          modules = [
            self.nixosModules.ibutsu
            ./nixos/appliance.nix
          ];
        };
    in
    {
      packages = forSystems (
        pkgs:
        packages pkgs
        // {
          default = self.packages.${pkgs.stdenv.hostPlatform.system}.ibutsu;
          appliance = (appliance pkgs.stdenv.hostPlatform.system).config.system.build.image;
        }
      );

      overlays.default = final: _prev: { inherit (packages final) ibutsu ibutsu-unwrapped; };

      apps = forSystems (pkgs: {
        default = {
          type = "app";
          program = lib.getExe (
            import ./nixos/up.nix {
              inherit pkgs;
              inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) ibutsu;
            }
          );
          meta.description = "Serve Ibutsu on :8080 with its worker, scheduler and PostgreSQL";
        };
      });

      nixosModules.ibutsu = import ./nixos/module.nix { packagesFor = packages; };
      nixosModules.default = self.nixosModules.ibutsu;

      nixosConfigurations.appliance = appliance "x86_64-linux";
      nixosConfigurations.appliance-aarch64 = appliance "aarch64-linux";

      checks = forSystems (pkgs: import ./checks { inherit self pkgs; });

      devShells = forSystems (pkgs: {
        default = import ./nixos/shell.nix { inherit pkgs; };
      });

      formatter = forSystems (pkgs: pkgs.nixfmt-tree);
    };
}
