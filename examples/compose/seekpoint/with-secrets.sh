#!/bin/sh
# Runs a command with the secrets that lie in files: a variable NAME_FILE becomes NAME, the content of the file.
set -eu
if [ -n "${PGPASSWORD_FILE:-}" ]; then
    PGPASSWORD=$(cat "$PGPASSWORD_FILE")
    export PGPASSWORD
fi
if [ -n "${SEEKPOINT_TOKEN_FILE:-}" ]; then
    SEEKPOINT_TOKEN=$(cat "$SEEKPOINT_TOKEN_FILE")
    export SEEKPOINT_TOKEN
fi
exec "$@"
