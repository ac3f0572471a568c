# Every binary of the matrix in one folder.
{
  lib,
  binariesFor,
  platforms,
}:
binariesFor (lib.attrValues platforms.targets)
