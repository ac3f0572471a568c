# The gateway for one target of the matrix: a folder with that binary alone.
{
  lib,
  command,
  platforms,
  source,
}:
target:
command target "glide" {
  pname = "glide-${target.name}";
  ldflags = map (lib.replaceStrings
    [
      "{version}"
      "{target}"
    ]
    [
      source.version
      target.name
    ]
  ) platforms.build.ldflags;

  meta = {
    description = "LLM gateway, for ${target.goos} on ${target.goarch}";
    homepage = "https://github.com/einstack/glide";
    license = lib.licenses.asl20;
    mainProgram = "glide";
  };
}
