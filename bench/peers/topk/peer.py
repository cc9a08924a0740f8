"""What the peers share: their arguments, the clock, and the file of answers.

A peer answers one question: the ten most frequent items of each minute. Its
query function returns (minute, item, count) rows, where a minute is anything
whose text starts 2026-01-01 00:12 or 2026-01-01T00:12.

The whole process is measured from outside. The time of the query alone, from
connecting to having every row in Python, is printed for the second column.
"""

import argparse
import time

K = 10


def main(queries):
    """Runs the query named by --query; queries is a dict of name to function(input, threads)."""
    args = argparse.ArgumentParser()
    args.add_argument("--query", choices=queries, required=True)
    args.add_argument("--input", required=True)
    args.add_argument("--threads", type=int, required=True)
    args.add_argument("--answers", required=True, help="the file to write, a line each: minute, item, count, between tabs")
    args = args.parse_args()

    start = time.perf_counter()
    rows = queries[args.query](args.input, args.threads)
    print(f"query_seconds {time.perf_counter() - start:.4f}")

    with open(args.answers, "w") as answers:
        for minute, item, count in rows:
            answers.write(f"{str(minute)[:16].replace(' ', 'T')}\t{item}\t{count}\n")
