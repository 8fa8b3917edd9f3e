#!/bin/sh
#
# An example of the script that prov-backup-rsnapshot runs for each account:
#
# create-chroot.sh MODE UID
#
#   add, modify  creates the account's home, with the right owner, and the folders above it.
#                What exists is kept, so that the script may run again at any time.
#   delete       moves the account's folder to .deleted/UID.TIME.PID in the root, so that a mistake
#                in the directory loses no data. Empty that folder with a job of your own when
#                your retention time is over.
#
# The service sets PROV_HOME_DIRECTORY, PROV_UID_NUMBER and PROV_GID_NUMBER in the environment. If
# the site has set script.homeRoot, that is in PROV_HOME_ROOT and script.homeLayout in
# PROV_HOME_LAYOUT. A marker /./ in the home separates the chroot from the path inside it.
# Everything above the home belongs to root, and only root can write to it, as sshd's
# ChrootDirectory requires.
#
# Customers may rename and link files in their own folders at any moment, also between a check and
# an action of this script. So the script changes into one folder after the other. It acts only on
# files in its current folder, after it has checked that only root can change that folder. It
# refuses anything else, and changes the owner only of files that it has just created.
#
# Exit codes: 0 done; 1 refused; 4 the home cannot be checked; 5 the home cannot be created; 75 try
# again later.
#
# A site may extend the script where a comment begins with "Site:".

set -u
umask 022
unset CDPATH
LC_ALL=C
export LC_ALL

# The script works only below this folder. It must exist, so that the mount point of an unmounted
# file system is not filled.
root=${PROV_HOME_ROOT:-/var/backup}
# The path of an account's own folder below the root: folder names, * for any name, {uid} as the
# last one.
layout=${PROV_HOME_LAYOUT:-}
[ -n "$layout" ] || layout='{uid}'
# Lower user numbers belong to system users.
lowest_number=${CHROOT_LOWEST_UID:-1000}
me=$(id -u)

fail() {
  code=$1
  shift
  printf 'create-chroot.sh: %s\n' "$*" >&2
  exit "$code"
}

# Prints a line. echo would interpret a backslash in a path.
say() {
  printf '%s\n' "$*"
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

# Sets first to the first part of the path in rest, and rest to the remainder.
take_part() {
  first=${rest%%/*}
  case $rest in
    */*) rest=${rest#*/} ;;
    *) rest= ;;
  esac
}

# Sets below to the normalised path of the home below the root, and chroot to that of the part
# before the marker; chroot is empty without a marker.
read_home() {
  given=${PROV_HOME_DIRECTORY:-}
  case $given in
    '') fail 4 "the entry has no homeDirectory" ;;
    *[[:cntrl:]]*) fail 4 "homeDirectory contains control characters" ;;
    */../* | */..) fail 4 "homeDirectory $given contains '..'" ;;
    /*) ;;
    *) fail 4 "homeDirectory $given is not an absolute path" ;;
  esac
  [ "${#given}" -le 4095 ] || fail 4 "homeDirectory is longer than a path can be"
  below=$(below_root "$given")
  [ -n "$below" ] || fail 4 "homeDirectory $given is not below $root"
  chroot=
  case $given in
    /./*) ;;
    */./*)
      at=${given%%/./*}
      [ "/$(one_spelling "$at")" = "$root" ] || {
        chroot=$(below_root "$at")
        [ -n "$chroot" ] || fail 4 "homeDirectory $given has its chroot above $root"
      }
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

# Sets own to the account's own folder, as a path below the root: the part of the home up to {uid}
# in the layout.
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

# Prints the part of an absolute path that is below the root, in one spelling. Prints nothing for a
# path that is not below it.
below_root() {
  whole=/$(one_spelling "$1")
  case $whole in
    "$root"/?*) printf '%s' "${whole#"$root"/}" ;;
  esac
}

# Prints a path without '.', doubled slashes, and slashes at its beginning and end.
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

# Fails with exit code $2 unless the current folder, called $1, belongs to root and only root can
# write to it. The mask of an ACL is part of the group's bits.
judge_here() {
  here=$(stat -c '%u:%a' .) || fail "$2" "$1 cannot be examined"
  case $here in
    0:* | "$me":*) ;;
    *) fail "$2" "$1 belongs to the user number ${here%%:*}, not to root" ;;
  esac
  case ${here#*:} in
    *[2367] | *[2367]?) fail "$2" "$1 can be written to by users other than root (mode ${here#*:})" ;;
  esac
}

# Changes from / into the root, one step at a time, so that only root can exchange what the next
# step uses. Each folder on the way belongs to root and is writable only by root, or is a sticky
# folder such as /tmp. A link that belongs to root is followed, but not in a sticky folder: another
# user could put a link of root there while its owner is checked, and a link of their own while it
# is read. Fails with exit code $1.
enter_root() {
  rest=${root#/}
  at=
  links=0
  cd / || fail 4 "/ cannot be entered"
  judge_way / "$1"
  while [ -n "$rest" ]; do
    take_part
    case $first in
      '' | .) continue ;;
    esac
    at=$at/$first
    if [ -L "./$first" ]; then
      links=$((links + 1))
      [ "$links" -le 40 ] || fail "$1" "$root leads through more than 40 symbolic links"
      case $(stat -c %u "./$first") in
        0 | "$me") ;;
        *) fail "$1" "$at is a symbolic link of another user: it must belong to root" ;;
      esac
      [ "$shared" = no ] || fail "$1" "$at is a symbolic link where others may write"
      target=$(readlink "./$first") || fail "$1" "$at cannot be examined"
      rest=$target/$rest
      case $target in
        /*)
          at=
          cd / && judge_way / "$1"
          ;;
        *) at=${at%/*} ;;
      esac
      continue
    fi
    cd -P "./$first" 2>/dev/null || fail 4 "$at cannot be entered"
    judge_way "$at" "$1"
  done
}

# Checks the current folder as judge_here does, but accepts a sticky folder that belongs to root.
# Sets shared to whether all users may write to it.
judge_way() {
  shared=no
  case $(stat -c '%u:%a' .) in
    0:[1357]??[2367] | "$me":[1357]??[2367]) shared=yes ;;
    0:[1357]??? | "$me":[1357]???) ;;
    *) judge_here "$1" "$2" ;;
  esac
}

# Changes from the root into the folder that contains $1, a path below the root, one step at a time,
# and sets last to the name in it. A checked folder cannot be changed by others, so each step leads
# to the folder that was checked. Fails with exit code $2 if a folder cannot be used. Creates
# missing folders if $3 is "make", otherwise returns 1.
stand_above() {
  enter_root "$2"
  rest=$1
  at=$root
  judge_here "$at" "$2"
  while :; do
    take_part
    last=$first
    [ -n "$rest" ] || return 0
    at=$at/$first
    [ ! -L "./$first" ] || fail "$2" "$at is a symbolic link: remove it"
    if [ ! -e "./$first" ]; then
      [ "$3" = make ] || return 1
      # A run for another account may create the folder first.
      mkdir "./$first" 2>/dev/null || [ -d "./$first" ] || fail "$2" "$at cannot be created"
      [ ! -L "./$first" ] || fail "$2" "$at is a symbolic link: remove it"
    fi
    cd -P "./$first" 2>/dev/null || fail "$2" "$at is not a folder that can be entered"
    judge_here "$at" "$2"
  done
}

# Prints the owner of $1 in the current folder, without following a link.
owner_of() {
  stat -c %u "./$1" || fail 4 "$home cannot be examined"
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
      # An empty home that belongs to root was left by an interrupted run.
      { [ "$owner" = "$me" ] && rmdir "./$last" 2>/dev/null; } || fail 4 "$home exists and belongs to the user number \
$owner, not to $PROV_UID_NUMBER (a chroot belongs to root: name a home in it, such as homeDirectory $home/./home/$uid)"
    fi
  fi
  [ -e "./$last" ] || make_home
  chgrp -h "$PROV_GID_NUMBER" "./$last" || fail 5 "$home cannot be given to its group"
  chmod 0700 "./$last" || fail 5 "the mode of $home cannot be set"
  # Site: fill the chroot "$root/$chroot" here (programs, libraries, devices, keys). chroot is empty
  # if the home has no marker. Do not write to the home: its content belongs to the account.
  say "home $home is ready"
}

# Creates the home under another name, and renames it when it has the right owner. A run that is
# killed therefore leaves no home with a wrong owner.
make_home() {
  # This name can occur neither as a uid nor in a layout.
  new=.$uid:new
  [ ! -L "./$new" ] || fail 5 "$at/$new is a symbolic link: remove it"
  rmdir "./$new" 2>/dev/null
  if [ ! -e "./$new" ]; then
    mkdir -m 0700 "./$new" || fail 5 "$home cannot be created"
    chown -h "$PROV_UID_NUMBER:$PROV_GID_NUMBER" "./$new" || fail 5 "$home cannot be given to its owner"
  fi
  [ "$(owner_of "$new")" = "$PROV_UID_NUMBER" ] || fail 5 "$at/$new belongs to another user: remove it"
  mv -T "./$new" "./$last" || fail 5 "$home cannot be created"
}

remove() {
  check_numbers 1
  stand_above "$own" 1 look && { [ -e "./$last" ] || [ -L "./$last" ]; } || {
    say "$root/$own does not exist any more"
    return 0
  }
  stand_above "$below" 1 look && [ ! -L "./$last" ] && [ -d "./$last" ] ||
    fail 1 "$home is not a folder, so the owner of $root/$own is unknown: move the data aside by hand"
  owner=$(owner_of "$last") || exit
  [ "$owner" = "$PROV_UID_NUMBER" ] ||
    fail 1 "$home belongs to the user number $owner, not to $PROV_UID_NUMBER: move the data aside by hand"
  # Site: end the processes that still use the account's files here.
  stand_above .deleted/x 1 make
  chmod 0700 . || fail 1 "the mode of $root/.deleted cannot be set"
  aside_device=$(stat -c %d .)
  stand_above "$own" 1 look || fail 1 "$root/$own has disappeared"
  [ "$(stat -c %d "./$last")" = "$aside_device" ] || fail 1 "$root/$own is on another file system than $root/.deleted"
  target=$uid.$(date -u +%Y%m%dT%H%M%SZ).$$
  mv -T "./$last" "$root/.deleted/$target" || fail 1 "$root/$own cannot be moved to $root/.deleted/$target"
  say "$root/$own was moved to $root/.deleted/$target"
}

[ "$#" -eq 2 ] || fail 1 "usage: create-chroot.sh add|modify|delete UID"
mode=$1
uid=$2
case $uid in
  '' | .* | -* | *[!A-Za-z0-9._@-]*) fail 1 "the uid is not one that this script works with" ;;
esac
case $root in
  */../* | */..) fail 1 "PROV_HOME_ROOT contains '..'" ;;
  /*) ;;
  *) fail 1 "PROV_HOME_ROOT is not an absolute path" ;;
esac
root=/$(one_spelling "$root")
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
