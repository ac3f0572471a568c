# Adds the gateway to a package set.
final: _: { inherit ((import ./. { pkgs = final; }).packages) glide; }
