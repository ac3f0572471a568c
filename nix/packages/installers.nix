# What package managers install, and install.sh.
{
  packages,
  packed,
  squashfsTools,
}:
packed "installers" {
  tools = [ squashfsTools ];
  inherit (packages) archives;
}
