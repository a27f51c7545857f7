#!/bin/sh
# run.sh start [ARGS] | test [ARGS]     what npm start and npm test do: set up what is missing, then the demo or all checks.
# Needs nothing but Node with npm; as root on Debian it also installs the system's packages that are missing.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PATH:/usr/sbin:/sbin"
export PATH

verb=${1:-}
case $verb in
  start | test) shift ;;
  *)
    sed -n 's/^# \(run.sh .*\)/usage: \1/p' "$0" >&2
    exit 64
    ;;
esac

say() { echo "set-up: $*" >&2; }

# ---- Bun, at the version that package.json pins, and the packages of bun.lock

version=$(sed -n 's/^ *"bun": "\([0-9.]*\)".*/\1/p' package.json)
bun=node_modules/.bin/bun

is_bun() { [ -x "$1" ] && [ "$("$1" --version 2>/dev/null)" = "$version" ]; }

# Prints the first of the arguments that is the right Bun.
first_bun() {
  for candidate in "$@"; do
    if is_bun "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

# Where npm does not run the packages' install scripts, node_modules/bun is a stub, and the program is in @oven/bun-*.
repair_bun() {
  if is_bun "$bun"; then return; fi
  real=$(first_bun node_modules/@oven/bun-*/bin/bun) || return 1
  for stub in node_modules/bun/bin/bun.exe node_modules/bun/bin/bunx.exe; do
    ln -f "$real" "$stub" 2>/dev/null || cp "$real" "$stub"
  done
  is_bun "$bun"
}

install_packages() {
  if packages=$("$1" install --frozen-lockfile 2>&1); then return; fi
  echo "$packages" >&2
  return 1
}

if ! repair_bun; then
  if ! boot=$(first_bun "$(command -v bun || echo none)"); then
    say "fetching Bun $version"
    shim=$(npm exec --yes --package="bun@$version" -- sh -c 'command -v bun')
    boot=$(first_bun "$shim" "${shim%/.bin/bun}"/@oven/bun-*/bin/bun) || {
      say "npm did not provide Bun $version for this machine"
      exit 69
    }
  fi
  say "installing packages"
  install_packages "$boot"
  repair_bun || bun=$boot
else
  install_packages "$bun"
fi

# ---- The system's commands and headers

missing=""
need_command() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need_file() { [ -e "$1" ] || missing="$missing $2"; }

find_missing() {
  missing=""
  need_command redis-server redis-server
  need_command ip iproute2
  need_command unshare util-linux
  need_command setpriv util-linux
  [ "$verb" = test ] || return 0
  need_command bash bash
  need_command ps procps
  need_command python3 python3
  need_command gcc gcc
  need_command promtool prometheus
  need_command prometheus prometheus
  need_command prometheus-alertmanager prometheus-alertmanager
  need_command amtool prometheus-alertmanager
  need_file /usr/include/stdio.h libc6-dev
  need_file /usr/include/linux/rtnetlink.h linux-libc-dev
}

# Debian starts the service of a package when it is installed, unless /usr/sbin/policy-rc.d forbids it: for this call it does.
policy=/usr/sbin/policy-rc.d
restore_policy() {
  rm -f "$policy"
  [ ! -e "$policy.portsyncd" ] || mv "$policy.portsyncd" "$policy"
}

apt_install() {
  trap restore_policy EXIT
  trap 'exit 130' INT TERM HUP
  [ ! -e "$policy" ] || mv "$policy" "$policy.portsyncd"
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  installed=0
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null >&2 || installed=$?
  restore_policy
  trap - EXIT INT TERM HUP
  return $installed
}

if [ "$(uname)" = Linux ]; then
  find_missing
  if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing$missing"
    apt-get update -q </dev/null >&2 || say "apt-get update failed"
    # shellcheck disable=SC2086 # a list of words
    apt_install $missing || say "apt-get install failed"
    # Nor may they start with the machine.
    for service in $missing; do
      case $service in
        redis-server | prometheus | prometheus-alertmanager)
          deb-systemd-helper disable "$service.service" >/dev/null 2>&1 || :
          update-rc.d "$service" disable >/dev/null 2>&1 || :
          ;;
      esac
    done
    find_missing
  fi
  [ -z "$missing" ] || say "missing, and not installed here:$missing"
fi

# ---- The demo, or all checks, in place of this shell

case $verb in
  start) main=test/demo/main.ts ;;
  test) main=test/support/checks.ts ;;
esac
# npm passes signals on to the shell it starts this with, and no further: what runs here ends with that shell.
with=""
[ "$(uname)" != Linux ] || ! command -v setpriv >/dev/null 2>&1 || with="setpriv --pdeathsig TERM"
# shellcheck disable=SC2086 # words, or none
exec $with "$bun" --no-env-file "$main" "$@"
