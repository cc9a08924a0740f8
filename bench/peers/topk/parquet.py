"""Writes the events as Parquet: DuckDB's own writer with its defaults (Snappy,
row groups of 122,880), time as a TIMESTAMP."""

import sys

import duckdb

source, target = sys.argv[1:]
duckdb.execute(
    f"""copy (select * from read_json('{source}', format = 'newline_delimited', columns = {{
            time: 'TIMESTAMP', item: 'VARCHAR', segment: 'VARCHAR', "user": 'VARCHAR', n: 'BIGINT'}}))
        to '{target}' (format parquet)"""
)
