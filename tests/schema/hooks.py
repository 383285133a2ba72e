"""Bodies and filters that schemathesis cannot make from a schema.

MessagePack is written by hand here, so that what is sent does not come from the
library that reads it.
"""

import json
import struct

import schemathesis
from hypothesis import strategies as st

NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(NAMES, values, max_size=3),
    max_leaves=5,
)


def packed(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xcf" + struct.pack(">Q", value) if value >= 0 else b"\xd3" + struct.pack(">q", value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"\xdb" + struct.pack(">I", len(text)) + text
    if isinstance(value, bytes):
        return b"\xc6" + struct.pack(">I", len(value)) + value
    if isinstance(value, dict):
        entries = b"".join(packed(name) + packed(item) for name, item in value.items())
        return b"\xdf" + struct.pack(">I", len(value)) + entries
    return b"\xdd" + struct.pack(">I", len(value)) + b"".join(map(packed, value))


MESSAGES = st.fixed_dictionaries({"Target": NAMES}, optional={"Arguments": st.lists(VALUES, max_size=3)})


def encoded(message):
    record = json.dumps({"type": 1, "target": message["Target"], "arguments": message.get("Arguments", [])}) + "\x1e"
    return packed({"json": record.encode(), "messagepack": b"\x01\xc0"})


schemathesis.openapi.media_type("application/x-msgpack", MESSAGES.map(packed))
schemathesis.openapi.media_type("application/octet-stream", MESSAGES.map(encoded))

TEXTS = NAMES.map(lambda text: "'" + text.replace("'", "''") + "'")
OPERANDS = st.sampled_from(["userId", "connectionId", "null"]) | TEXTS
FILTERS = st.recursive(
    st.builds("{} {} {}".format, OPERANDS, st.sampled_from(["eq", "ne"]), OPERANDS)
    | st.builds("{} in ({},{})".format, OPERANDS, TEXTS, TEXTS)
    | st.builds("{} in groups".format, TEXTS)
    | st.builds("{}({}, {})".format, st.sampled_from(["startswith", "endswith", "contains"]), OPERANDS, TEXTS),
    lambda filters: st.builds("({}) {} ({})".format, filters, st.sampled_from(["and", "or"]), filters)
    | st.builds("not ({})".format, filters),
    max_leaves=4,
)


@schemathesis.hook
def before_generate_query(context, strategy):
    """Filters have a grammar that a schema cannot say."""
    if context.operation is None or not context.operation.path.endswith("/:execute"):
        return strategy

    def with_filter(query_and_filter):
        query, filter_text = query_and_filter
        if isinstance(query, dict) and isinstance(query.get("filter"), str):
            return {**query, "filter": filter_text}
        return query

    return st.tuples(strategy, FILTERS).map(with_filter)
