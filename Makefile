# Each target is one line; what it needs it installs (as root on Debian, by apt).

go := tools/go
gotestsum := $(go) run gotest.tools/gotestsum@v1.13.0 --format pkgname --
actionlint := $(go) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
golangci-lint := $(go) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
scripts := tools/go tools/need .ci/run internal/script/install.sh test/lab/lab test/lab/*.sh
test-images := tools/need busybox-static curl docker-registry gcc git libc6-dev && $(go) test -tags e2e -count 1 -timeout 60m -v ./test/images

.PHONY: run test e2e lint fmt lock binaries images reproduce bench-build bench-images bench-release rehearse

run: ; @$(go) run ./cmd/glide
test: ; tools/need busybox-static curl gcc git libc6-dev shellcheck && shellcheck $(scripts) && $(actionlint) && $(go) vet ./... && $(gotestsum) -race -timeout 60m ./... && cd test/clients && ../../$(gotestsum) -race ./...
e2e: ; tools/need busybox-static cpio curl docker-registry gcc git libc6-dev lintian rpm rpmlint rubocop ruby squashfs-tools systemd && test/lab/lab install docker arch && $(gotestsum) -tags e2e -count 1 -p 1 -timeout 60m ./test/reproduce ./test/install ./test/images && $(gotestsum) -tags e2e -count 1 -timeout 30m ./test/publish -run Killed
lint: ; $(golangci-lint) run
fmt: ; $(go) run cmd/gofmt -w . && nixfmt $$(git ls-files '*.nix')
lock: ; $(go) run ./cmd/release lock
binaries: ; $(go) run ./cmd/release build
# On bases of the tests' own, since registries may be out of reach; those of the lock are for `nix build .#images`.
images: ; $(test-images) -run 'TestImages/(lock|contract)' -out $(CURDIR)/dist/images
reproduce: ; $(go) test -tags e2e -count 1 -timeout 120m -v ./test/reproduce -targets all
bench-build: ; $(go) run ./test/bench/build
bench-images: ; $(test-images) -figures
rehearse: ; tools/need docker-registry git squashfs-tools && $(go) test -tags e2e -count 1 -timeout 60m -v ./test/publish -run Rehearsal && $(go) test -count 1 -timeout 30m ./internal/publish -run Faults -full
bench-release: ; tools/need docker-registry git && $(go) test -tags e2e -count 1 -timeout 60m -v ./test/publish -run Rehearsal -figures
