"""Starts bqemulator 1.4.0 with seven of its faults mended.

1. Rows of the Storage Write API are read with the schema of the table, of which it forgets the fields of RECORD columns.
2. The stream is named in the first request of a connection only, as the API says; it wants the name in every one.
3. A stream that is committed again is STREAM_ALREADY_COMMITTED; it says INVALID_STREAM_STATE.
4. A function of JavaScript may have several arguments; DuckDB 1.5 counts those of Python's *args as one.
5. A function of JavaScript may be DETERMINISTIC.
6. V8 is started by the main thread: where another one did, and has ended, the second function is the end of the process.
7. An open stream takes a thread of a few; where they are used up nobody is answered any more.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc.aio
from bqemulator.api.routes import tabledata
from bqemulator.cli import main
from bqemulator.grpc_api import write_servicer
from bqemulator.scripting.parser import Parser
from bqemulator.streaming.write_stream import WriteStreamState
from bqemulator.udf import js_udf
from google.cloud.bigquery_storage_v1 import types
from py_mini_racer import init_mini_racer


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


def mend_commits(servicer):
    commit = servicer._handle_batch_commit_write_streams

    def committed(self, request, context):
        response = types.BatchCommitWriteStreamsResponse.deserialize(commit(self, request, context))
        for e in response.stream_errors:
            stream = self._manager.get(e.entity)
            if stream is not None and stream.state is WriteStreamState.COMMITTED:
                e.code = types.StorageError.StorageErrorCode.STREAM_ALREADY_COMMITTED
        return types.BatchCommitWriteStreamsResponse.serialize(response)

    servicer._handle_batch_commit_write_streams = committed


class Connection:
    """A connection to DuckDB that takes functions of *args."""

    def __init__(self, to):
        self._to = to

    def __getattr__(self, name):
        return getattr(self._to, name)

    def create_function(self, name, function, arguments, *rest, **options):
        named = ", ".join(f"a{i}" for i in range(len(arguments)))
        self._to.create_function(name, eval(f"lambda {named}: function({named})", {"function": function}), arguments, *rest, **options)


class Engine:
    """An engine with such a connection."""

    def __init__(self, to):
        self._to = to
        self.connection = Connection(to.connection)

    def __getattr__(self, name):
        return getattr(self._to, name)


def mend_functions():
    materialize, read = js_udf.JavaScriptUDFRuntime.materialize, Parser._read_type_name

    def read_past(self):
        name = read(self)
        if str(self._cursor.current.value).upper() == "DETERMINISTIC":
            self._cursor.advance()
        return name

    js_udf.JavaScriptUDFRuntime.materialize = lambda self, routine, engine: materialize(self, routine, Engine(engine))
    Parser._read_type_name = read_past


def mend_threads():
    serve = grpc.aio.server

    def served(*args, **options):
        return serve(*args, migration_thread_pool=ThreadPoolExecutor(max_workers=256), **options)

    grpc.aio.server = served


init_mini_racer()
mend_functions()
mend_threads()
write_servicer._table_arrow_schema = table_schema
servicers = [c for c in vars(write_servicer).values() if isinstance(c, type) and hasattr(c, "_ensure_stream_bound")]
if not servicers:
    sys.exit("this is not the bqemulator that start.py mends")
for s in servicers:
    mend_streams(s)
    mend_commits(s)
main()
