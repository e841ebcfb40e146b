#!/bin/sh
# What the image of PostgreSQL runs once, in the new database of the primary: extensions, roles, replication.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname="$POSTGRES_DB" <<'SQL'
\set replicator `cat "$REPLICATOR_PASSWORD_FILE"`
\set builder `cat "$BUILDER_PASSWORD_FILE"`
\set reader `cat "$READER_PASSWORD_FILE"`
CREATE EXTENSION vector;
CREATE EXTENSION pg_textsearch;
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replicator';
CREATE ROLE builder LOGIN PASSWORD :'builder';
CREATE ROLE reader LOGIN PASSWORD :'reader';
GRANT CREATE ON DATABASE :DBNAME TO builder;
SELECT pg_create_physical_replication_slot('replica');
SQL
echo "host replication replicator all scram-sha-256" >>"$PGDATA/pg_hba.conf"
