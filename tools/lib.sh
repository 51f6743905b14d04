# Functions that ./quickstart and ./test share: speaking, packages, building. Sourced by bash; the
# caller has set `root` to the folder of the repository.

if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m' clear=$'\r\e[K'; else bold="" plain="" clear=""; fi

say() { printf '%s%s\n' "$clear" "$*"; }
step() { printf '%s%s== %s%s\n' "$clear" "$bold" "$*" "$plain"; }
fail() { printf '%s%s\n' "$clear" "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "needs root or sudo to run: $*"
  fi
}

package_lines() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@"; }

installed_version() {
  dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null | sed -n 's/^installed //p'
}

missing_packages() {
  local name version
  package_lines "$@" | while read -r name version; do
    [ -n "$(installed_version "$name")" ] || printf '%s ' "$name"
  done
}

# need_packages FILE...: installs what is missing; says so where a version is not the tried one.
need_packages() {
  command -v dpkg-query >/dev/null || fail "this is not Debian: install by hand what $* names"
  local missing name version have
  missing=$(missing_packages "$@")
  if [ -n "$missing" ]; then
    step "Installing Debian packages: $missing"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq ||
      say "apt-get update failed; trying with the lists that are there"
    # shellcheck disable=SC2086  # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      $missing >/dev/null || fail "apt-get could not install: $missing"
  else
    say "Debian packages: all there."
  fi
  while read -r name version; do
    have=$(installed_version "$name")
    case "$have" in
      "$version"*) ;;
      *) say "note: $name is $have; tried with $version" ;;
    esac
  done < <(package_lines "$@")
}

# build PRESET [cmake -D options] -- [targets]: configures and builds, all targets where none is
# named.
build() {
  local preset=$1 options=()
  shift
  while [ $# -gt 0 ] && [ "$1" != "--" ]; do
    options+=("$1")
    shift
  done
  [ $# -eq 0 ] || shift
  mkdir -p "$root/build"
  (cd "$root" && cmake --preset "$preset" "${options[@]}" >"build/$preset-configure.log" 2>&1) || {
    cat "$root/build/$preset-configure.log" >&2
    fail "cmake could not configure preset $preset"
  }
  (
    set -o pipefail
    cd "$root"
    NINJA_STATUS="[%f/%t, %e s] " ninja -C "build/$preset" "$@" 2>&1 |
      show_build "build/$preset-build.log"
  ) || fail "the build of preset $preset failed"
}

# show_build LOG: of what ninja says, its newest line in place on a terminal, else one now and then;
# what follows a failure as it is. All of it goes to the log.
show_build() {
  local line said=$SECONDS failed=
  : >"$1"
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$1"
    case $line in
      "ninja: Entering "* | "ninja: no work "*) continue ;;
      "["*"/"*" s] "*) [ -n "$failed" ] || progress "$line" ;;
      "FAILED: "*) failed=yes; say "$line" ;;
      *) say "$line" ;;
    esac
  done
  [ -z "$clear" ] || printf '%s' "$clear"
}

# progress LINE: for show_build, which has `said`.
progress() {
  if [ -n "$clear" ]; then
    printf '%s%s' "$clear" "${1:0:$((${COLUMNS:-80} - 1))}"
  elif [ $((SECONDS - said)) -ge 15 ]; then
    said=$SECONDS
    printf '%s\n' "$1"
  fi
}
