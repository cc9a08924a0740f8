"""Starts bqemulator 1.4.0 with two of its faults mended.

1. Rows of the Storage Write API are read with the schema of the table, of which it forgets the fields of RECORD columns.
2. The stream is named in the first request of a connection only, as the API says; it wants the name in every one.
"""

import sys

from bqemulator.api.routes import tabledata
from bqemulator.cli import main
from bqemulator.grpc_api import write_servicer


def field(f):
    nested = [field(n) for n in getattr(f, "fields", None) or ()]
    return {"name": f.name, "type": f.type, "mode": f.mode, "fields": nested}


def table_schema(meta):
    return tabledata._build_arrow_schema([field(f) for f in meta.schema_.fields])


def mend_streams(servicer):
    bind = servicer._ensure_stream_bound

    def bound(self, stream_name, bound_ctx, context):
        if not stream_name and bound_ctx is not None:
            return bound_ctx
        return bind(self, stream_name, bound_ctx, context)

    servicer._ensure_stream_bound = bound


write_servicer._table_arrow_schema = table_schema
servicers = [c for c in vars(write_servicer).values() if isinstance(c, type) and hasattr(c, "_ensure_stream_bound")]
if not servicers:
    sys.exit("this is not the bqemulator that start.py mends")
for s in servicers:
    mend_streams(s)
main()
