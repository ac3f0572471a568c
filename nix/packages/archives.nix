# The binaries packed with their manual and completions, and their bills of materials.
{ packed }: packed "archives" { }
