# The gateway for this system: the matrix's own binary, with its manual, its completions and systemd's unit.
{
  stdenvNoCC,
  binaryFor,
  installShellFiles,
  packages,
  platforms,
  source,
}:
let
  binary = binaryFor platforms.native;
in
stdenvNoCC.mkDerivation {
  pname = "glide";
  inherit (source) version;
  nativeBuildInputs = [ installShellFiles ];

  dontUnpack = true;
  installPhase = ''
    runHook preInstall
    install -Dm755 -t $out/bin ${binary}/bin/glide
    docs=${packages.glide-docs}
    installManPage $docs/man/*
    installShellCompletion --cmd glide \
      --bash $docs/completions/glide.bash --fish $docs/completions/glide.fish --zsh $docs/completions/_glide
    install -Dm644 ${../../internal/linuxpkg/files/glide.service} $out/lib/systemd/system/glide.service
    substituteInPlace $out/lib/systemd/system/glide.service --replace-fail /usr/bin/glide $out/bin/glide
    runHook postInstall
  '';
  # The bytes are those of every other channel.
  dontStrip = true;
  dontPatchELF = true;

  meta = binary.meta // {
    description = "LLM gateway that starts in one command anywhere";
  };
}
