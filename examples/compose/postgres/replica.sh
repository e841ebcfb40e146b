#!/bin/sh
# The entry point of a replica: copies the primary where there is no copy yet, then runs the command, PostgreSQL.
set -eu
if [ ! -d "$PGDATA" ]; then
    rm -rf "$PGDATA.part" # a copy that was cut off
    PGPASSWORD=$(cat "$REPLICATOR_PASSWORD_FILE") pg_basebackup --pgdata="$PGDATA.part" --host="$PRIMARY" \
        --username=replicator --write-recovery-conf --slot=replica --checkpoint=fast
    mv "$PGDATA.part" "$PGDATA"
fi
exec "$@"
