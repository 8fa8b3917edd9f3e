#!/bin/sh
#
# An example of the script that prov-backup-rsnapshot runs for each account: create-chroot.sh MODE UID
#
#   add, modify  creates the account's home, with the right owner, and the folders above it; what is there already is
#                kept, so that the script may run again at any time.
#   delete       moves the account's folder aside, into .deleted/UID.TIME.PID in the root: no data is lost by a
#                mistake in the directory. Empty that folder by a job of its own, when your retention time is over.
#
# The service gives PROV_HOME_DIRECTORY, PROV_UID_NUMBER and PROV_GID_NUMBER in the environment, and where the site has set
# script.homeRoot, that and script.homeLayout as PROV_HOME_ROOT and PROV_HOME_LAYOUT. A marker /./ in the home separates
# the chroot from the path inside it. Everything above the home belongs to root and can be written to by
# nobody else, as sshd's ChrootDirectory wants.
#
# Customers may rename and link what is in the folders that they own at any moment, also between a look and a deed. So the
# script goes from folder to folder and acts only on what lies in the one that it stands in, after it has seen that
# nobody but root can change that one. It refuses what it cannot hold still, and gives away only what it has just made.
#
# Exit codes: 0 done; 1 refused; 4 the home cannot be checked; 5 the home cannot be created; 75 try again later.
#
# A site would extend it where it says "Site:".

set -u
umask 022
unset CDPATH
LC_ALL=C
export LC_ALL

# Below this folder, and nowhere else, the script works. It must exist: an unmounted file system is not filled by mistake.
root=${PROV_HOME_ROOT:-/var/backup}
# Where an account's own folder is below the root: the names on the way, * for any, {uid} as the last one.
layout=${PROV_HOME_LAYOUT:-}
[ -n "$layout" ] || layout='{uid}'
# Users with a lower number are the system's own.
lowest_number=${CHROOT_LOWEST_UID:-1000}
me=$(id -u)

fail() {
  code=$1
  shift
  printf 'create-chroot.sh: %s\n' "$*" >&2
  exit "$code"
}

is_number() {
  case $1 in
    '' | *[!0-9]* | 0?* | ???????????*) return 1 ;;
    *) [ "$1" -le 4294967294 ] ;;
  esac
}

lower() {
  printf '%s' "$1" | tr '[:upper:]' '[:lower:]'
}

# Sets first to the first part of the path in rest, and rest to what comes after it.
take_part() {
  first=${rest%%/*}
  case $rest in
    */*) rest=${rest#*/} ;;
    *) rest= ;;
  esac
}

# Takes the home apart: below (its path from the root on, in one spelling), chroot (likewise, what is before the marker; empty
# where there is none).
read_home() {
  given=${PROV_HOME_DIRECTORY:-}
  case $given in
    '') fail 4 "the entry has no homeDirectory" ;;
    *[[:cntrl:]]*) fail 4 "homeDirectory holds control characters" ;;
    */../* | */..) fail 4 "homeDirectory $given holds '..'" ;;
    "$root"/?*) ;;
    *) fail 4 "homeDirectory $given is not below $root" ;;
  esac
  [ "${#given}" -le 4000 ] || fail 4 "homeDirectory is longer than a path can be"
  below=$(one_spelling "${given#"$root"/}")
  [ -n "$below" ] || fail 4 "homeDirectory $given is $root itself"
  chroot=
  case $given in
    "$root"/./*) ;;
    */./*)
      chroot=${given%%/./*}
      chroot=$(one_spelling "${chroot#"$root"/}")
      ;;
  esac
  home=$root/$below
  case /$below in
    */.*) fail 4 "$home has a folder that begins with a dot" ;;
  esac
  rest=$below
  while [ -n "$rest" ]; do
    take_part
    [ "${#first}" -le 255 ] || fail 4 "homeDirectory is longer than a path can be"
  done
  find_own
}

# Sets own to the account's own folder (a path from the root on): the part of the home that the layout has as {uid}.
find_own() {
  own=
  parts=$below
  wanted=$layout
  while [ -n "$wanted" ]; do
    rest=$wanted
    take_part
    want=$first
    wanted=$rest
    rest=$parts
    take_part
    parts=$rest
    own=${own:+$own/}$first
    case $want in
      '*') [ -n "$first" ] ;;
      '{uid}') [ "$(lower "$first")" = "$(lower "$uid")" ] ;;
      *) [ "$first" = "$want" ] ;;
    esac || fail 4 "$home is not the home of $uid: expected it in $root/$layout"
  done
}

# A path without '.', doubled and trailing slashes.
one_spelling() {
  rest=$1
  path=
  while [ -n "$rest" ]; do
    take_part
    case $first in
      '' | .) ;;
      *) path=${path:+$path/}$first ;;
    esac
  done
  printf '%s' "$path"
}

# Refuses the folder that the script stands in, called $1, unless it is root's and only root can change what is in it. Exit
# code $2. The mask of an ACL shows in the group's bits.
judge_here() {
  here=$(stat -c '%u:%a' .) || fail "$2" "$1 cannot be looked at"
  case $here in
    0:* | "$me":*) ;;
    *) fail "$2" "$1 belongs to the user number ${here%%:*}, not to root" ;;
  esac
  case ${here#*:} in
    *[2367] | *[2367]?) fail "$2" "$1 can be written to by others than root (mode ${here#*:})" ;;
  esac
}

# Goes from the root into the folder that $1 (a path from the root on) is in, one step at a time, and sets last to its name.
# What lies in a folder that was judged stays as it is, so each step leads to what was looked at. Exit code $2 where that
# cannot be had. Makes what is missing where $3 is "make", else returns 1 there.
stand_above() {
  rest=$1
  at=$root
  cd -P "$root" 2>/dev/null || fail 4 "$root cannot be entered"
  real=$(pwd -P)
  [ "$real" = "$root" ] || fail 4 "$root leads to $real: name that one as the folder of the homes"
  judge_here "$at" "$2"
  while :; do
    take_part
    last=$first
    [ -n "$rest" ] || return 0
    at=$at/$first
    [ ! -L "./$first" ] || fail "$2" "$at is a symbolic link: remove it"
    if [ ! -e "./$first" ]; then
      [ "$3" = make ] || return 1
      # Another account's run may be faster for a folder that both need.
      mkdir "./$first" 2>/dev/null || [ -d "./$first" ] || fail "$2" "$at cannot be created"
      [ ! -L "./$first" ] || fail "$2" "$at is a symbolic link: remove it"
    fi
    cd -P "./$first" 2>/dev/null || fail "$2" "$at is no folder that can be entered"
    judge_here "$at" "$2"
  done
}

# Whose $1 is, in the folder that the script stands in; a link is not followed.
owner_of() {
  stat -c %u "./$1" || fail 4 "$home cannot be looked at"
}

check_numbers() {
  is_number "${PROV_UID_NUMBER:-}" || fail "$1" "the entry has no valid uidNumber"
  [ "$PROV_UID_NUMBER" -ge "$lowest_number" ] || fail "$1" "uidNumber $PROV_UID_NUMBER belongs to the system"
}

create() {
  check_numbers 5
  is_number "${PROV_GID_NUMBER:-}" || fail 5 "the entry has no valid gidNumber"
  stand_above "$below" 5 make
  [ ! -L "./$last" ] || fail 5 "$home is a symbolic link: remove it"
  if [ -e "./$last" ]; then
    [ -d "./$last" ] || fail 5 "$home is a file: move it away"
    owner=$(owner_of "$last") || exit
    if [ "$owner" != "$PROV_UID_NUMBER" ]; then
      # One that is empty and root's was left by a run that was interrupted.
      { [ "$owner" = "$me" ] && rmdir "./$last" 2>/dev/null; } ||
        fail 4 "$home is there and belongs to the user number $owner, not to $PROV_UID_NUMBER"
    fi
  fi
  [ -e "./$last" ] || make_home
  chgrp -h "$PROV_GID_NUMBER" "./$last" || fail 5 "$home cannot be given to its group"
  chmod 0700 "./$last" || fail 5 "the mode of $home cannot be set"
  # Site: fill the chroot "$root/$chroot" here (programs, libraries, devices, keys); chroot is empty where the home has no
  # marker. Stay out of the home: what is in it is its owner's.
  echo "home $home is ready"
}

# Makes the home under another name and puts it in its place when it is its owner's: a run that is killed leaves no home that
# is somebody else's.
make_home() {
  # No uid and no layout has such a name.
  new=.$uid:new
  [ ! -L "./$new" ] || fail 5 "$at/$new is a symbolic link: remove it"
  rmdir "./$new" 2>/dev/null
  if [ ! -e "./$new" ]; then
    mkdir -m 0700 "./$new" || fail 5 "$home cannot be created"
    chown -h "$PROV_UID_NUMBER:$PROV_GID_NUMBER" "./$new" || fail 5 "$home cannot be given to its owner"
  fi
  [ "$(owner_of "$new")" = "$PROV_UID_NUMBER" ] || fail 5 "$at/$new is somebody else's: remove it"
  mv -T "./$new" "./$last" || fail 5 "$home cannot be created"
}

remove() {
  check_numbers 1
  stand_above "$own" 1 look && { [ -e "./$last" ] || [ -L "./$last" ]; } || {
    echo "$root/$own is gone already"
    return 0
  }
  stand_above "$below" 1 look && [ ! -L "./$last" ] && [ -d "./$last" ] ||
    fail 1 "$home is no folder, so nothing says whose $root/$own is: move the data aside by hand"
  owner=$(owner_of "$last") || exit
  [ "$owner" = "$PROV_UID_NUMBER" ] ||
    fail 1 "$home belongs to the user number $owner, not to $PROV_UID_NUMBER: move the data aside by hand"
  # Site: end what still uses the account's files here.
  stand_above .deleted/x 1 make
  chmod 0700 . || fail 1 "the mode of $root/.deleted cannot be set"
  aside_device=$(stat -c %d .)
  stand_above "$own" 1 look || fail 1 "$root/$own went away"
  [ "$(stat -c %d "./$last")" = "$aside_device" ] || fail 1 "$root/$own is on another file system than $root/.deleted"
  target=$uid.$(date -u +%Y%m%dT%H%M%SZ).$$
  mv -T "./$last" "$root/.deleted/$target" || fail 1 "$root/$own cannot be moved to $root/.deleted/$target"
  echo "$root/$own was moved to $root/.deleted/$target"
}

[ "$#" -eq 2 ] || fail 1 "usage: create-chroot.sh add|modify|delete UID"
mode=$1
uid=$2
case $uid in
  '' | .* | -* | *[!A-Za-z0-9._@-]*) fail 1 "the uid is not one that this script works with" ;;
esac
case $root in
  /?*) ;;
  *) fail 1 "PROV_HOME_ROOT is not an absolute path" ;;
esac
root=${root%/}
case $layout in
  .* | */.* | *'{uid}'*/* | */ | /* | *//*) fail 1 "the layout $layout is not one that this script works with" ;;
  '{uid}' | */'{uid}') ;;
  *) fail 1 "the layout $layout does not end with {uid}" ;;
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
