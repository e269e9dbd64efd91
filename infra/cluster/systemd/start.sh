#!/bin/sh
# What the units run: start.sh flow market-0-of-2, start.sh ingest a, start.sh tell tell,
# start.sh pulse MACHINE, start.sh keep keep, start.sh follow follow
#
# Settings are /etc/tapewatch/<instance>.yaml where there is one, else tapewatch.yaml.
# The password of Kafka's user comes from systemd's credentials, and is in no unit.
set -eu
what=$1 instance=$2
folder=${TAPEWATCH_SETTINGS:-/etc/tapewatch}
config=$folder/$instance.yaml
[ -e "$config" ] || config=$folder/tapewatch.yaml

case $what in
  flow)
    rest=${instance%-of-*} count=${instance##*-of-}
    process=${rest%-*} shard=${rest##*-}/$count
    if [ "$process-${shard%/*}-of-$count" != "$instance" ]; then
      echo "expected an instance like market-0-of-2, not $instance" >&2
      exit 2
    fi
    set -- flow "$process" --shard "$shard"
    ;;
  ingest)
    process=ingest
    set -- ingest --line "$instance"
    ;;
  tell)
    process=tell
    set -- tell
    ;;
  pulse)
    process=pulse
    set -- pulse --name "$instance"
    ;;
  keep)
    process=keep
    set -- keep
    ;;
  follow)
    process=follow
    set -- calibrate follow
    ;;
  *)
    echo "expected flow, ingest, tell, pulse, keep or follow, not $what" >&2
    exit 2
    ;;
esac

if [ -r "${CREDENTIALS_DIRECTORY:-}/kafka" ]; then
  TAPEWATCH_KAFKA_USERNAME=tapewatch-$process
  TAPEWATCH_KAFKA_PASSWORD=$(cat "$CREDENTIALS_DIRECTORY/kafka")
  export TAPEWATCH_KAFKA_USERNAME TAPEWATCH_KAFKA_PASSWORD
fi
exec tapewatch "$@" --config "$config"
