"""Answers questions about frequent-strings sketches with Apache DataSketches' C++ library.

A question is a line, its answer another: see SketchLibrary in datasketches.go.
"""

import sys
from base64 import b64decode, b64encode

from datasketches import frequent_items_error_type, frequent_strings_sketch

ABSENT = "no item of a sample"


def build(size, items):
    sketch = frequent_strings_sketch(int(size))
    for pair in items:
        item, weight = pair.split(":")
        sketch.update(b64decode(item).decode(), int(weight))
    return sketch


def merge(size, sketches):
    merged = frequent_strings_sketch(int(size))
    for sketch in sketches:
        merged.merge(read(sketch))
    return merged


def read(sketch):
    return frequent_strings_sketch.deserialize(b64decode(sketch))


def bounds(sketch, item):
    return f"{sketch.get_estimate(item)}:{sketch.get_lower_bound(item)}:{sketch.get_upper_bound(item)}"


def answer(question):
    what, *args = question.split()
    if what == "build":
        sketch = build(args[0], args[1:])
    elif what == "merge":
        sketch = merge(args[0], args[1:])
    else:
        sketch = read(args[0])
    rows = sketch.get_frequent_items(frequent_items_error_type.NO_FALSE_NEGATIVES, 0)
    said = [str(sketch.total_weight), b64encode(sketch.serialize()).decode(), bounds(sketch, ABSENT)]
    return " ".join(said + [f"{b64encode(row[0].encode()).decode()}:{bounds(sketch, row[0])}" for row in rows])


for line in sys.stdin:
    print(answer(line))
