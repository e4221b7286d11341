#!/usr/bin/env python3
"""A driver that tests SQLite: assay run external --driver 'python3 docs/drivers/sqlite.py'

Registers (read, write, cas), sets (add, read) and transactions over registers or lists. Where the
file is, ASSAY_SQLITE says. With ASSAY_SQLITE_BROKEN=1 transactions are not transactions: see what
Assay says of that.
"""
import json
import os
import sqlite3
import sys

PATH = os.environ.get("ASSAY_SQLITE", "/tmp/assay-driver.sqlite")
BROKEN = os.environ.get("ASSAY_SQLITE_BROKEN") == "1"


def connect():
    db = sqlite3.connect(PATH, timeout=1.0, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    return db


def set_up():
    tear_down()
    db = connect()
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE objects (key INTEGER PRIMARY KEY, value TEXT)")


def tear_down():
    for end in ("", "-wal", "-shm"):
        if os.path.exists(PATH + end):
            os.remove(PATH + end)


def get(db, key):
    row = db.execute("SELECT value FROM objects WHERE key = ?", (key,)).fetchone()
    return json.loads(row[0]) if row else None


def put(db, key, value):
    db.execute("INSERT OR REPLACE INTO objects VALUES (?, ?)", (key, json.dumps(value)))


def apply(db, f, key, value, datatype):
    """What the operation returns; LookupError if what it requires does not hold."""
    if f == "read":
        return get(db, key) or [] if datatype == "set" else get(db, key)
    if f == "write":
        put(db, key, value)
    elif f == "cas":
        if get(db, key) != value[0]:
            raise LookupError("precondition failed")
        put(db, key, value[1])
    elif f == "add":
        put(db, key, (get(db, key) or []) + [value])
    elif f == "txn":
        for step in value:
            if step[0] == "r":
                step[2] = get(db, step[1]) or ([] if datatype == "list-append" else None)
            elif step[0] == "w":
                put(db, step[1], step[2])
            else:
                put(db, step[1], (get(db, step[1]) or []) + [step[2]])
    else:
        raise sqlite3.NotSupportedError(f)
    return value


def invoke(db, ask, datatype):
    """Nothing is committed before COMMIT, so every error before it is definite."""
    committing = False
    try:
        if not BROKEN:
            db.execute("BEGIN IMMEDIATE")
        result = apply(db, ask["f"], ask.get("key"), ask["value"], datatype)
        committing = True
        if not BROKEN:
            db.execute("COMMIT")
        return {"type": "ok", "value": result}
    except (LookupError, sqlite3.Error) as error:
        if db.in_transaction:
            db.execute("ROLLBACK")
        doubtful = committing or (BROKEN and isinstance(error, sqlite3.Error))
        return {"type": "info" if doubtful else "fail", "error": str(error)}


db, datatype = None, ""
for line in sys.stdin:
    ask = json.loads(line)
    answer = {"type": "ok"}
    if ask["type"] == "invoke":
        answer = invoke(db, ask, datatype)
    elif ask["type"] == "open":
        db, datatype = connect(), ask["datatype"]
    else:
        {"set-up": set_up, "tear-down": tear_down}[ask["type"]]()
    print(json.dumps(answer), flush=True)
