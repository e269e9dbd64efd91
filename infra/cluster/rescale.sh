#!/bin/sh
# Rescale a flow whose stores are on one volume each: gather, rescale, hand out, retire.
#
#   rescale.sh FLOW FROM TO CONFIG WORK STORES
#
# Store I of FROM lies in STORES/I/FLOW-v2/I-of-FROM; WORK is where the settings have
# recovery. It may be killed anywhere and run again: the old stores are put aside (and
# kept, in `retired`) only after every new one is in its place.
set -eu
flow=$1 from=$2 to=$3 config=$4 work=$5/$1-v2 stores=$6

place() { echo "$stores/$1/$flow-v2"; }
each() { i=0; while [ "$i" -lt "$1" ]; do echo "$i"; i=$((i + 1)); done; }
all_there() {
  for i in $(each "$1"); do [ -d "$(place "$i")/$i-of-$1" ] || return 1; done
}

if [ "$from" = "$to" ]; then
  echo "$flow has $from shards already" >&2; exit 2
fi
if all_there "$from"; then
  for i in $(each "$from"); do
    lock=$(place "$i")/$i-of-$from/lock
    [ ! -e "$lock" ] || flock -n "$lock" true || {
      echo "shard $i of $flow is running; scale it to 0 first" >&2; exit 3; }
  done
  rm -rf "$work"
  mkdir -p "$work"
  for i in $(each "$from"); do
    cp -a "$(place "$i")/$i-of-$from" "$work/"
  done
  tapewatch rescale "$flow" --to "$to" --config "$config"
  for j in $(each "$to"); do
    mkdir -p "$(place "$j")"
    rm -rf "$(place "$j")/part"
    cp -a "$work/$j-of-$to" "$(place "$j")/part"
  done
  sync
  for j in $(each "$to"); do
    rm -rf "$(place "$j")/$j-of-$to"
    mv "$(place "$j")/part" "$(place "$j")/$j-of-$to"
  done
elif ! all_there "$to"; then
  for i in $(each "$from"); do
    [ -d "$(place "$i")/$i-of-$from" ] || echo "no store $(place "$i")/$i-of-$from" >&2
  done
  exit 1
fi
for i in $(each "$from"); do
  [ -d "$(place "$i")/$i-of-$from" ] || continue
  rm -rf "$stores/$i/retired"
  mkdir "$stores/$i/retired"
  mv "$(place "$i")/$i-of-$from" "$stores/$i/retired/"
done
sync
echo "$flow: $from stores became $to"
