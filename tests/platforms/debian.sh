# shellcheck shell=bash
# Sourced: what the scripts for other platforms take from Debian.

# Everything that is made once and kept lies here.
# shellcheck disable=SC2034 # used by those who source this
kept=${XDG_CACHE_HOME:-$HOME/.cache}/smolcrawl

# unavailable WHY: ends with 3, which means that nothing was tested because this machine lacks something.
unavailable() {
  echo "NOT tested: $*" >&2
  exit 3
}

# install PACKAGE...
install() {
  export DEBIAN_FRONTEND=noninteractive
  [ "$(id -u)" = 0 ] || unavailable "only root can install $*"
  command -v apt-get >/dev/null || unavailable "there is no apt-get to install $* with"
  local apt=(nice apt-get -qq -o DPkg::Lock::Timeout=300)
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null; } >&2 || unavailable "apt-get cannot install $*"
}

# The mirror that this machine's own packages come from.
mirror() {
  # shellcheck disable=SC2016 # apt's own placeholders
  apt-get indextargets --format '$(SUITE) $(REPO_URI)' 'Created-By: Packages' 'Component: main' 2>/dev/null \
    | awk '$1 !~ /security|updates|backports/ && !found++ { print $2 }' | grep . || unavailable "apt knows no mirror (was apt-get update run?)"
}
