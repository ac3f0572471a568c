# Each target is one line; what it needs it installs (as root on Debian, by apt).

go := tools/go
gotestsum := $(go) run gotest.tools/gotestsum@v1.13.0 --format pkgname --
actionlint := $(go) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
golangci-lint := $(go) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
scripts := tools/go tools/need .ci/run internal/script/install.sh test/lab/lab test/lab/kind test/lab/*.sh
test-images := tools/need busybox-static curl docker-registry gcc git libc6-dev mmdebstrap && $(go) test -tags e2e -count 1 -timeout 60m -v ./test/images

.PHONY: run test e2e e2e-artifacts e2e-release e2e-node e2e-browser e2e-kubernetes e2e-kind lint fmt lock binaries images release formulas reproduce bench-build bench-images bench-installers bench-gateway bench-release bench-start screenshot picture

run: ; @$(go) build -o dist/glide ./cmd/glide && exec dist/glide
test: ; tools/need busybox-static curl gcc git libc6-dev shellcheck && shellcheck $(scripts) && $(actionlint) && $(go) vet ./... && $(gotestsum) -race -timeout 60m ./... && cd test/clients && ../../$(gotestsum) -race ./...
e2e: e2e-artifacts e2e-release e2e-node e2e-browser e2e-kubernetes
e2e-artifacts: ; { command -v npm > /dev/null || tools/need npm; } && tools/need busybox-static cpio curl docker-registry gcc git libc6-dev lintian mmdebstrap nuget pacman-package-manager rpm rpmlint rubocop ruby snapd squashfs-tools systemd-container && test/lab/lab install docker podman mdbook arch wine && $(gotestsum) -tags e2e -count 1 -p 1 -timeout 60m ./test/reproduce ./test/install ./test/images ./test/demo ./test/site
# A release from a tag to every channel, signed; the publisher is killed at every call, and every call fails in every way.
e2e-release: ; tools/need docker-registry git squashfs-tools && $(gotestsum) -tags e2e -count 1 -p 2 -timeout 60m ./internal/publish ./test/publish -run 'Faults|Killed|Rehearsal|Signed'
e2e-node: ; { command -v npm > /dev/null || tools/need nodejs npm; } && cd test/clients && ../../$(gotestsum) -race -tags e2e -run Node ./...
e2e-browser: ; tools/need chromium curl && cd test/clients && ../../$(gotestsum) -race -tags e2e -run Page ./...
e2e-kubernetes: ; tools/need busybox-static curl gcc git libc6-dev && test/lab/lab install registry kubernetes helm && $(gotestsum) -tags e2e -count 1 -p 1 -timeout 30m ./test/chart ./test/kubernetes
# The cluster's tests where there is a Docker engine that can pull, on the Kubernetes of kind.
e2e-kind: ; test/lab/lab install kind && GLIDE_LAB=$(CURDIR)/test/lab/kind $(gotestsum) -tags e2e -count 1 -timeout 30m ./test/kubernetes
lint: ; $(golangci-lint) run
fmt: ; $(go) run cmd/gofmt -w . && nixfmt $$(git ls-files '*.nix')
lock: ; $(go) run ./cmd/release lock
binaries: ; $(go) run ./cmd/release build
# On bases of the tests' own, since registries may be out of reach; those of the lock are for `nix build .#images`.
images: ; $(test-images) -run 'TestImages/(lock|contract)' -out $(CURDIR)/dist/images
# Without images and chart, which need their bases; nix build .#release has all.
release: binaries ; for part in docs licenses archives installers assemble; do $(go) run ./cmd/release $$part || exit; done
formulas: ; $(go) test -tags e2e -count 1 -v ./test/install -run TestFormulas$$
reproduce: ; $(go) test -tags e2e -count 1 -timeout 120m -v ./test/reproduce -targets all
screenshot: ; tools/need chromium curl && cd test/clients && ../../$(go) test -tags e2e -count 1 -run TestPage$$ . -screenshot $(CURDIR)/docs/status-page.png
picture: ; $(go) test ./test/docs -count 1 -run Picture -update
bench-build: ; $(go) run ./test/bench/build $(if $(ONLY),-only $(ONLY))
bench-images: ; $(test-images) -figures
bench-gateway: ; tools/need nginx-light util-linux && $(go) run ./test/bench/gateway
bench-installers: ; tools/need squashfs-tools && $(go) run ./test/bench/installers
bench-release: ; tools/need docker-registry git && $(go) test -tags e2e -count 1 -timeout 60m -v ./test/publish -run Rehearsal -figures
bench-start: ; tools/need curl git && test/lab/lab install docker && $(go) run ./test/bench/start
