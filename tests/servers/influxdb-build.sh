#!/bin/sh
# influxdb-build.sh VERSION PROGRAM FOLDER
# Builds InfluxDB's server from its Go module; its query engine is a Rust crate inside it, found through a tool of theirs
# that stands in for pkg-config. Everything fetched and half-built stays in FOLDER, so a build that was cut goes on.
set -eu
version=$1 program=$2 folder=$3
module=github.com/influxdata/influxdb/v2
mkdir -p "$folder/module" "$(dirname "$program")"

export GOMODCACHE="$folder/go-modules" GOCACHE="$folder/go-build" CARGO_HOME="$folder/cargo"
export GOTOOLCHAIN=local CGO_ENABLED=1 GOFLAGS="-buildvcs=false -modcacherw"
# The crate asks for an older compiler by file, and treats warnings of a newer one as errors.
export RUSTUP_TOOLCHAIN="${RUSTUP_TOOLCHAIN:-stable}" RUSTC_WRAPPER="$folder/rustc-lenient"
printf '#!/bin/sh\nexec "$@" --cap-lints=warn\n' > "$RUSTC_WRAPPER"
chmod +x "$RUSTC_WRAPPER"

cd "$folder/module"
printf 'module smartcity.test/influxdb\n\ngo 1.26\n' > go.mod
printf '// Package influxdb names the server to build.\npackage influxdb\n' > influxdb.go
rm -f go.sum
echo "fetching $module $version"
go get "$module@v$version"
go build -v -o "$folder/pkg-config" github.com/influxdata/pkg-config
echo "compiling; the last part, linking, is silent"
PKG_CONFIG="$folder/pkg-config" go build -v -mod=mod -tags sqlite_foreign_keys,sqlite_json \
    -ldflags "-s -w -X main.version=v$version -X main.commit=module" -o "$program.part" "$module/cmd/influxd"
mv "$program.part" "$program"
