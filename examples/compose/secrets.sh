#!/bin/sh
# Makes the passwords and the token, once: in a folder for you alone, in files that the containers' users can read.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for name in postgres_password replicator_password builder_password reader_password token; do
    [ -s "secrets/$name" ] && continue
    head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"secrets/$name"
    chmod 644 "secrets/$name"
done
