# Our layers, each a part that images share: a skeleton for images that stand on no base, the data of
# all images, and a target's binary. Files are at their usual places, so that a layer's digest
# depends on its content alone and not on paths of the store.
{
  binaryFor,
  dockerTools,
  goToolchain,
  packages,
  runCommand,
}:
let
  # A layer that the commands fill, ready for images: a change of one leaves the others as they are.
  layer =
    origin: name: extraCommands: args:
    let
      archive = dockerTools.buildLayeredImage (
        {
          inherit name extraCommands;
          tag = "layer";
          compressor = "none";
          includeStorePaths = false;
        }
        // args
      );
    in
    runCommand "${name}-layer" { nativeBuildInputs = [ packages.release-tool ]; } ''
      release images layer --origin ${origin} --out $out ${archive}
    '';

  files = runCommand "glide-image-data" { nativeBuildInputs = [ packages.release-tool ]; } ''
    release images data --zoneinfo ${goToolchain}/lib/time/zoneinfo.zip --out $out
  '';
in
{
  skeleton = layer "skeleton" "glide-skeleton" ''
    mkdir -p etc root tmp usr/bin home/glide
    ln -s usr/bin bin
    chmod 1777 tmp
    chmod 700 root
    cat > etc/passwd << END
    root:x:0:0:root:/root:/sbin/nologin
    nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
    glide:x:65532:65532:glide:/home/glide:/sbin/nologin
    END
    cat > etc/group << END
    root:x:0:
    nobody:x:65534:
    glide:x:65532:
    END
    echo "hosts: files dns" > etc/nsswitch.conf
  '' { };

  data = layer "data" "glide-data" ''
    cp -r --no-preserve=mode ${files}/. .
    mkdir -p etc/glide
    chmod -R u=rwX,go=rX .
  '' { };

  binary =
    target:
    layer "binary" "glide-${target.name}"
      ''
        install -Dm755 ${binaryFor target}/bin/glide usr/bin/glide
      ''
      {
        architecture = target.goarch;
        config = {
          User = "65532:65532";
          WorkingDir = "/";
          Entrypoint = [ "/bin/glide" ];
          Env = [
            # Engines add a PATH of their own, each another, where there is none.
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            "GLIDE_ADDR=0.0.0.0:9099"
            "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
          ];
          ExposedPorts."9099/tcp" = { };
          Healthcheck =
            let
              second = 1000000000;
            in
            {
              Test = [
                "CMD"
                "/bin/glide"
                "health"
              ];
              Interval = 30 * second;
              Timeout = 5 * second;
              StartPeriod = 5 * second;
            };
        };
      };
}
