#!/bin/sh
#
# An example of the script that prov-backup-rsnapshot runs for each account: create-chroot.sh MODE UID
#
#   add, modify  creates the account's home and the folders above it, with the right owner; what is there already is
#                kept and only put right, so that the script may run again at any time.
#   delete       moves the account's folder aside, into CHROOT_ROOT/.deleted/UID.TIME.PID: no data is lost by a
#                mistake in the directory. Empty that folder by a job of its own, when your retention time is over.
#
# The service gives PROV_HOME_DIRECTORY, PROV_UID_NUMBER and PROV_GID_NUMBER in the environment. A marker /./ in the home
# separates the chroot from the path inside it; everything above the home belongs to root, as sshd's ChrootDirectory wants.
#
# Exit codes: 0 done; 1 refused; 4 the home cannot be checked; 5 the home cannot be created; 75 try again later.
#
# A site would extend it where it says "Site:".

set -u
umask 022

# Below this folder, and nowhere else, the script works. It must exist: an unmounted file system is not filled by mistake.
root=${CHROOT_ROOT:-/var/backup}
# Users with a lower number are the system's own.
lowest_number=${CHROOT_LOWEST_UID:-1000}

fail() {
  code=$1
  shift
  printf 'create-chroot.sh: %s\n' "$*" >&2
  exit "$code"
}

is_number() {
  case $1 in
    '' | *[!0-9]* | ???????????*) return 1 ;;
    *) return 0 ;;
  esac
}

# Takes the home apart: home (whole path), chroot (before the marker; empty where there is none).
read_home() {
  given=${PROV_HOME_DIRECTORY:-}
  newline='
'
  case $given in
    '') fail 4 "the entry has no homeDirectory" ;;
    *"$newline"*) fail 4 "homeDirectory holds a line break" ;;
    */../* | */.. ) fail 4 "homeDirectory $given holds '..'" ;;
    "$root"/?*) ;;
    *) fail 4 "homeDirectory $given is not below $root" ;;
  esac
  chroot=
  case $given in
    */./*) chroot=${given%%/./*} ;;
  esac
  # One spelling for one place: without '.', double and trailing slashes.
  home=$root
  rest=${given#"$root"/}
  while [ -n "$rest" ]; do
    part=${rest%%/*}
    case $rest in
      */*) rest=${rest#*/} ;;
      *) rest= ;;
    esac
    case $part in
      '' | .) ;;
      *) home=$home/$part ;;
    esac
  done
  [ "$home" != "$root" ] || fail 4 "homeDirectory $given is $root itself"
}

# Makes what is missing of the folders from the root down to $1. None of them may be a symbolic link.
make_folders() {
  path=$root
  rest=${1#"$root"/}
  while [ -n "$rest" ]; do
    path=$path/${rest%%/*}
    case $rest in
      */*) rest=${rest#*/} ;;
      *) rest= ;;
    esac
    [ ! -L "$path" ] || fail 5 "$path is a symbolic link: remove it"
    # Another account's run may be faster for a folder that both need.
    [ -d "$path" ] || mkdir "$path" 2>/dev/null || [ -d "$path" ] || fail 5 "$path cannot be created"
  done
}

create() {
  is_number "${PROV_UID_NUMBER:-}" || fail 5 "the entry has no valid uidNumber"
  is_number "${PROV_GID_NUMBER:-}" || fail 5 "the entry has no valid gidNumber"
  [ "$PROV_UID_NUMBER" -ge "$lowest_number" ] || fail 5 "uidNumber $PROV_UID_NUMBER belongs to the system"
  make_folders "$home"
  chown -h "$PROV_UID_NUMBER:$PROV_GID_NUMBER" "$home" || fail 5 "$home cannot be given to its owner"
  chmod 0700 "$home" || fail 5 "the mode of $home cannot be set"
  # Site: fill "$chroot" here (programs, libraries, devices, keys); it is empty where the home has no marker.
  echo "home $home is ready"
}

# The folder that is the account's alone: the chroot's parent or the home, whichever carries the uid as its name.
own_folder() {
  if [ -n "$chroot" ]; then
    folder=${chroot%/*}
    [ "${folder##*/}" != "$uid" ] || return 0
  fi
  folder=$home
  [ "${folder##*/}" = "$uid" ] || fail 1 "neither the chroot's parent nor the home is named $uid: move the data aside by hand"
}

remove() {
  own_folder
  # Site: end what still uses the account's files here.
  path=$root
  rest=${folder#"$root"/}
  case $folder in
    "$root"/?*) ;;
    *) fail 1 "$folder is not below $root" ;;
  esac
  while [ -n "$rest" ]; do
    path=$path/${rest%%/*}
    case $rest in
      */*) rest=${rest#*/} ;;
      *) rest= ;;
    esac
    [ ! -L "$path" ] || fail 1 "$path is a symbolic link: remove it by hand"
    if [ ! -e "$path" ]; then
      echo "$folder is gone already"
      return 0
    fi
  done
  aside=$root/.deleted
  [ ! -L "$aside" ] || fail 1 "$aside is a symbolic link: remove it"
  [ -d "$aside" ] || mkdir -m 0700 "$aside" 2>/dev/null || [ -d "$aside" ] || fail 1 "$aside cannot be created"
  target=$aside/$uid.$(date -u +%Y%m%dT%H%M%SZ).$$
  mv "$folder" "$target" || fail 1 "$folder cannot be moved to $target"
  echo "$folder was moved to $target"
}

[ "$#" -eq 2 ] || fail 1 "usage: create-chroot.sh add|modify|delete UID"
mode=$1
uid=$2
case $uid in
  '' | . | .. | -* | *[!A-Za-z0-9._@-]*) fail 1 "the uid is not one that this script works with" ;;
esac
case $root in
  /?*) ;;
  *) fail 1 "CHROOT_ROOT is not an absolute path" ;;
esac
[ -d "$root" ] || fail 4 "$root is missing: is its file system mounted?"

case $mode in
  add | modify)
    read_home
    create
    ;;
  delete)
    read_home
    remove
    ;;
  *) fail 1 "mode $mode is not add, modify or delete" ;;
esac
