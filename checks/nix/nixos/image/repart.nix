# In the place of the module of NixOS, of which evaluate.nix looks at the options alone.
{ }
