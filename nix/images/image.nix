# Our layers of a target's images, as a dockerTools archive: a skeleton for images that stand on no
# base, then the data of all images, then the binary. Files are at their usual places, so that a
# layer's digest depends on its content alone and not on paths of the store.
{
  binaryFor,
  dockerTools,
  goToolchain,
  packages,
  runCommand,
}:
let
  # An archive with one layer more than what it is made from.
  layer =
    name: fromImage: extraCommands: args:
    dockerTools.buildLayeredImage (
      {
        inherit name fromImage extraCommands;
        tag = "layers";
        compressor = "none";
        includeStorePaths = false;
      }
      // args
    );

  skeleton = layer "glide-skeleton" null ''
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

  files = runCommand "glide-image-data" { nativeBuildInputs = [ packages.release-tool ]; } ''
    release images data --zoneinfo ${goToolchain}/lib/time/zoneinfo.zip --out $out
  '';

  data = layer "glide-data" skeleton ''
    cp -r --no-preserve=mode ${files}/. .
    mkdir -p etc/glide
    chmod -R u=rwX,go=rX .
  '' { };
in
target:
layer "glide-${target.name}" data
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
  }
