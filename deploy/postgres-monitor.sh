#!/bin/sh
# Run once by the image of Postgres, when it makes its data directory: the role of the exporter, which sees statistics and no table.
set -eu
psql --set ON_ERROR_STOP=1 --set password="$ONEFOLD_MONITOR_DB_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE onefold_monitor LOGIN PASSWORD :'password' IN ROLE pg_monitor;
SQL
