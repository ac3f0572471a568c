# Packages that are links to the machine's own programs; a missing program fails the build by name.
{
  lib,
  system,
  machine,
}:
let
  # The sandbox shows these folders of the machine; nix-host says which.
  hostPath = "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/host-bin";

  # A bash command with the machine's tools, rerun when nix-host sees other versions of them.
  hostCommand =
    pname: version: command:
    let
      drv = derivation {
        name = "${pname}-${version}";
        inherit system version;
        builder = "/bin/bash";
        # Bash must not become its last program: coreutils close their output before they exit,
        # and Nix kills a builder whose output is closed.
        args = [
          "-euc"
          "${command}\nexit 0"
        ];
        PATH = hostPath;
        machine = machine.tools or "";
      };
      package = drv // {
        inherit pname;
        meta.mainProgram = pname;
        out = package;
        overrideAttrs = _: lib.lacks "${pname}.overrideAttrs";
      };
    in
    package;

  # A program is its name, or NAME=NAME-ON-THE-MACHINE.
  link =
    pname: programs:
    hostCommand pname "host" ''
      mkdir -p $out/bin
      for program in ${toString programs}; do
        if ! file=$(type -P "''${program#*=}"); then
          echo "${pname}: this machine has no program ''${program#*=} in ${hostPath}"
          exit 1
        fi
        ln -s "$file" "$out/bin/''${program%%=*}"
      done
    '';

  linkExisting =
    pname: programs:
    hostCommand pname "host" ''
      mkdir -p $out/bin
      for program in ${toString programs}; do
        ! file=$(type -P $program) || ln -s "$file" $out/bin/$program
      done
    '';

  goPlatform =
    {
      x86_64 = "amd64";
      aarch64 = "arm64";
    }
    .${builtins.head (lib.splitString "-" system)};
in
{
  inherit hostCommand;

  tools =
    # Needed by the phases; nix-host installs what the machine lacks.
    {
      bash = link "bash" [
        "bash"
        "sh=bash"
      ];
      bzip2 = link "bzip2" [ "bzip2" ];
      coreutils = link "coreutils" [
        "["
        "b2sum"
        "base64"
        "basename"
        "cat"
        "chgrp"
        "chmod"
        "chown"
        "cksum"
        "comm"
        "cp"
        "cut"
        "date"
        "dd"
        "df"
        "dirname"
        "du"
        "echo"
        "env"
        "expand"
        "expr"
        "false"
        "fmt"
        "fold"
        "head"
        "id"
        "install"
        "join"
        "link"
        "ln"
        "ls"
        "md5sum"
        "mkdir"
        "mkfifo"
        "mktemp"
        "mv"
        "nl"
        "nproc"
        "numfmt"
        "od"
        "paste"
        "printenv"
        "printf"
        "pwd"
        "readlink"
        "realpath"
        "rm"
        "rmdir"
        "seq"
        "sha1sum"
        "sha256sum"
        "sha512sum"
        "shuf"
        "sleep"
        "sort"
        "split"
        "stat"
        "stty"
        "sum"
        "sync"
        "tac"
        "tail"
        "tee"
        "test"
        "timeout"
        "touch"
        "tr"
        "true"
        "truncate"
        "tsort"
        "tty"
        "uname"
        "uniq"
        "unlink"
        "wc"
        "whoami"
        "yes"
      ];
      diffutils = link "diffutils" [
        "cmp"
        "diff"
      ];
      findutils = link "findutils" [
        "find"
        "xargs"
      ];
      gawk = link "gawk" [ "awk" ];
      gnugrep = link "gnugrep" [ "grep" ];
      gnused = link "gnused" [ "sed" ];
      gnutar = link "gnutar" [ "tar" ];
      gzip = link "gzip" [
        "gzip"
        "gunzip"
        "zcat"
      ];
      patch = link "patch" [ "patch" ];
      xz = link "xz" [ "xz" ];

      # A machine without a C compiler still builds what needs none.
      cc = linkExisting "cc" [
        "ar"
        "as"
        "c++"
        "cc"
        "g++"
        "gcc"
        "ld"
        "nm"
        "objcopy"
        "objdump"
        "ranlib"
        "readelf"
        "strip"
      ];
    }

    # Built only when a flake names them.
    // lib.mapAttrs link {
      curl = [ "curl" ];
      dpkg = [
        "dpkg"
        "dpkg-deb"
      ];
      file = [ "file" ];
      git = [ "git" ];
      goreleaser = [ "goreleaser" ];
      grype = [ "grype" ];
      jq = [ "jq" ];
      kubeconform = [ "kubeconform" ];
      gnumake = [ "make" ];
      mdbook = [ "mdbook" ];
      openssl = [ "openssl" ];
      oras = [ "oras" ];
      osslsigncode = [ "osslsigncode" ];
      perl = [ "perl" ];
      pigz = [ "pigz" ];
      python3 = [ "python3" ];
      regctl = [ "regctl" ];
      rpm = [
        "rpm"
        "rpm2cpio"
      ];
      rsync = [ "rsync" ];
      squashfsTools = [
        "mksquashfs"
        "unsquashfs"
      ];
      statix = [ "statix" ];
      syft = [ "syft" ];
      umoci = [ "umoci" ];
      unzip = [ "unzip" ];
      xorriso = [ "xorriso" ];
      yq-go = [ "yq" ];
      zip = [ "zip" ];
      zstd = [ "zstd" ];
    }

    # A shell of nix develop, and what runs with them if they are there, has those that the machine has.
    // lib.mapAttrs linkExisting {
      actionlint = [ "actionlint" ];
      cosign = [ "cosign" ];
      crane = [ "crane" ];
      delve = [ "dlv" ];
      golangci-lint = [ "golangci-lint" ];
      gomod2nix = [ "gomod2nix" ];
      gopls = [ "gopls" ];
      gotools = [ "goimports" ];
      kubectl = [ "kubectl" ];
      kubernetes-helm = [ "helm" ];
      nixfmt = [ "nixfmt" ];
      shellcheck = [ "shellcheck" ];
      skopeo = [ "skopeo" ];
    }

    // {
      # A copy, since GOROOT must not be found in what is built and a link would not be one.
      go =
        hostCommand "go" (machine.go or "host") ''
          for goroot in /host-go /usr/local/go /usr/lib/go ""; do
            [ ! -x "$goroot/bin/go" ] || break
          done
          if [ -z "$goroot" ]; then
            echo "go: this machine has no Go in /host-go, /usr/local/go or /usr/lib/go"
            exit 1
          fi
          mkdir -p $out/share $out/bin
          cp -rL --no-preserve=ownership "$goroot" $out/share/go
          ln -s $out/share/go/bin/* $out/bin/
        ''
        // {
          GOOS = lib.last (lib.splitString "-" system);
          GOARCH = goPlatform;
          CGO_ENABLED = 1;
        };

      # nixfmt over the files of git, like treefmt in nixpkgs' package.
      nixfmt-tree = hostCommand "nixfmt-tree" "host" ''
        mkdir -p $out/bin
        {
          echo "#!/bin/bash"
          echo "cd \"\$(git rev-parse --show-toplevel)\" && git ls-files -z '*.nix' | xargs -0 nixfmt"
        } > $out/bin/nixfmt-tree
        chmod +x $out/bin/nixfmt-tree
      '';

      # In the sandbox a real chown fails with EINVAL, which fakeroot does not forgive.
      fakeroot = hostCommand "fakeroot" "host" ''
        mkdir -p $out/bin
        if ! program=$(type -P fakeroot-sysv || type -P fakeroot); then
          echo "fakeroot: this machine has none"
          exit 1
        fi
        getopt=$(type -P getopt)
        {
          echo "#!/bin/bash"
          echo "export FAKEROOTDONTTRYCHOWN=1 PATH=\$PATH:''${getopt%/*}"
          echo "exec $program \"\$@\""
        } > $out/bin/fakeroot
        chmod +x $out/bin/fakeroot
      '';

      # The CA file has a name of its own: Nix writes to /etc/ssl in a sandbox that shows it.
      cacert = hostCommand "nss-cacert" "host" ''
        bundle=$out/etc/ssl/certs/ca-bundle.crt
        mkdir -p $out/etc/ssl/certs $out/nix-support
        if [ -s /host-ca.crt ]; then
          cp -L /host-ca.crt $bundle
        else
          cp -L /etc/ssl/certs/ca-certificates.crt $bundle
        fi
        echo "export SSL_CERT_FILE=$bundle NIX_SSL_CERT_FILE=$bundle" > $out/nix-support/setup-hook
      '';

      tzdata = hostCommand "tzdata" "host" ''
        mkdir -p $out/share
        cp -r /usr/share/zoneinfo $out/share/zoneinfo
        rm -f $out/share/zoneinfo/localtime
      '';
    };
}
