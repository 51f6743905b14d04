#!/usr/bin/python3
"""Checks the document model against Python's decimal and json and pymongo's bson.

doc_oracle.py PROGRAM [DOCUMENTS] [SEED]

Random documents go through PROGRAM (doc_oracle): DynamoDB JSON to BSON (decoded by pymongo), to
plain JSON, and back; plain JSON to BSON, and back. Prints the seed and the first difference.
"""
import base64
import json
import random
import re
import subprocess
import sys
from decimal import Decimal

import bson
from bson.decimal128 import Decimal128

CHUNK = 20000
ALPHABET = ("abcxyz019 _-./~:$\"\\\n\t\r\b\f\x01\x1f\x7f\x80é߿ࠀ日本\u2028\ufffd\U0001F600"
            "\U0010FFFF")


class Lost(str):
    """The digits of a number that BSON cannot hold: a string there, a number in JSON."""


def text(r, longest=24):
    size = r.choice((0, 1, 3, 7, 8, 9, 15, 16, 17, r.randint(0, longest), r.randint(0, longest)))
    if r.random() < .5:
        return "".join(r.choices("abcdefgh", k=size))
    return "".join(r.choices(ALPHABET, k=size)) + ("\0" if r.random() < .05 else "")


def digits(r, count):
    return r.choice("123456789") + "".join(r.choices("0123456789", k=count - 1))


def number(r):
    sign = r.choice(("", "", "-"))
    kind = r.randint(0, 11)
    if kind <= 2:
        return sign + str(r.randint(0, 1000))
    if kind == 3:
        return sign + str(r.choice((2**31, 2**32, 2**63, 2**64, 10**18, 10**19, 10**33, 10**34))
                          + r.randint(-2, 2))
    if kind == 4:
        return sign + digits(r, r.randint(1, 60))
    if kind == 5:
        return sign + digits(r, r.randint(1, 40)) + "0" * r.randint(0, 20)
    if kind <= 8:
        return sign + r.choice(("0", digits(r, r.randint(1, 20)))) + "." + "".join(
            r.choices("0123456789", k=r.randint(1, 20)))
    if kind == 9:
        return sign + r.choice(("0", "0.0", "0e5", "0E-7000", "0.000", "1.0", "1E2", "1e400"))
    exponent = r.choice((r.randint(-30, 30), r.randint(-6300, 6300), r.choice((-10**10, 10**17))))
    return "%s%s%s%s%s%d" % (sign, digits(r, r.randint(1, 3)), r.choice(("", ".5", ".50")),
                             r.choice("eE"), "+" if exponent >= 0 and r.random() < .5 else "",
                             exponent)


def in_bson(written):
    """What a number's text must be in BSON."""
    if re.fullmatch(r"-?\d+", written) and not re.fullmatch(r"-0+", written):
        if -2**63 <= int(written) < 2**63:
            return int(written)
    match = re.fullmatch(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?", written)
    fraction = match[3] or ""
    coefficient = (match[2] + fraction).lstrip("0")
    exponent = int(match[4] or 0) - len(fraction)
    if not coefficient:
        exponent = min(max(exponent, -6176), 6111)
        return Decimal((1 if match[1] else 0, (0,), exponent))
    short = coefficient.rstrip("0")
    least = exponent + len(coefficient) - len(short)
    if len(short) > 34 or least < -6176 or least - (34 - len(short)) > 6111:
        return Lost(written)
    return Decimal(written)


def same_number(want, got):
    if isinstance(want, Lost):
        return isinstance(got, str) and got == want
    if isinstance(want, int):
        return isinstance(got, int) and not isinstance(got, bool) and got == want
    if not isinstance(got, Decimal128):
        return False
    got = got.to_decimal()
    if got != want or got.is_signed() != want.is_signed():
        return False
    form = want.as_tuple()
    fits = len(form.digits) <= 34 and -6176 <= form.exponent <= 6111
    return not fits or got.as_tuple().exponent == form.exponent


def blob(r):
    return base64.b64encode(r.randbytes(r.randint(0, 40))).decode()


def value(r, depth):
    """(DynamoDB JSON, plain model); a model number is its text in a 1-tuple."""
    kind = r.choice(("S", "S", "N", "N", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))
    if depth > 4 and kind in "ML":
        kind = "S"
    if kind == "S":
        s = text(r, 60)
        return {"S": s}, s
    if kind == "N":
        n = number(r)
        return {"N": n}, (n,)
    if kind == "B":
        b = blob(r)
        return {"B": b}, base64.b64decode(b)
    if kind == "BOOL":
        b = r.random() < .5
        return {"BOOL": b}, b
    if kind == "NULL":
        return {"NULL": True}, None
    if kind == "M":
        return document(r, depth + 1, {"M": {}})
    if kind == "L":
        pairs = [value(r, depth + 1) for _ in range(r.choice((0, 1, 2, 3, 12)))]
        return {"L": [p[0] for p in pairs]}, [p[1] for p in pairs]
    make = {"SS": lambda: text(r), "NS": lambda: number(r), "BS": lambda: blob(r)}[kind]
    members = [make() for _ in range(r.randint(1, 4))]
    plain = {"SS": lambda m: m, "NS": lambda m: (m,), "BS": base64.b64decode}[kind]
    return {kind: members}, [plain(m) for m in members]


def document(r, depth=0, wrap=None):
    item, model = {}, {}
    sizes = (0, 1, 2, 3, 5, 8) if depth else (1, 2, 3, 5, 8) * 10 + (40,)
    for _ in range(r.choice(sizes)):
        name = text(r)
        if name.replace("\0", "\u2400") in (n.replace("\0", "\u2400") for n in item):
            continue
        item[name], model[name] = value(r, min(depth + 1, 5))
    if wrap is not None:
        wrap["M"] = item
        return wrap, model
    return item, model


def dump(model, r):
    """Plain JSON of a model with its numbers as they are written."""
    if isinstance(model, tuple):
        return model[0]
    if isinstance(model, dict):
        return "{" + ",".join(json.dumps(k, ensure_ascii=r.random() < .5) + ":" + dump(v, r)
                              for k, v in model.items()) + "}"
    if isinstance(model, list):
        return "[" + r.choice((",", " , ", ",\t")).join(dump(v, r) for v in model) + "]"
    if isinstance(model, bytes):
        model = base64.b64encode(model).decode()
    return json.dumps(model, ensure_ascii=r.random() < .5)


def differs_bson(model, got, is_plain, path=""):
    if isinstance(model, tuple):
        return None if same_number(in_bson(model[0]), got) else (path, model, got)
    if isinstance(model, dict):
        names = {k.replace("\0", "\u2400"): v for k, v in model.items()}
        if not isinstance(got, dict) or list(names) != list(got):
            return path, list(names), got
        pairs = ((k, v, got[k]) for k, v in names.items())
    elif isinstance(model, list):
        if not isinstance(got, list) or len(model) != len(got):
            return path, model, got
        pairs = ((str(i), v, got[i]) for i, v in enumerate(model))
    else:
        if isinstance(model, bytes) and is_plain:
            model = base64.b64encode(model).decode()
        return None if type(model) is type(got) and model == got else (path, model, got)
    for name, want, have in pairs:
        found = differs_bson(want, have, is_plain, path + "/" + name)
        if found:
            return found
    return None


class Digits(Decimal):
    pass


def in_json(model):
    """The model as json.loads(…, parse_int=Digits, parse_float=Digits) sees it."""
    if isinstance(model, tuple):
        return Digits(model[0])
    if isinstance(model, dict):
        return {k: in_json(v) for k, v in model.items()}
    if isinstance(model, list):
        return [in_json(v) for v in model]
    return base64.b64encode(model).decode() if isinstance(model, bytes) else model


def in_item(item):
    """DynamoDB JSON with its numbers as values."""
    if isinstance(item, dict):
        return {k: Decimal(v) if k == "N" and isinstance(v, str)
                else [Decimal(n) for n in v] if k == "NS" and isinstance(v, list)
                and all(isinstance(n, str) for n in v) else in_item(v) for k, v in item.items()}
    return [in_item(v) for v in item] if isinstance(item, list) else item


def check(kind, item, model, answer):
    if answer.startswith("!"):
        return answer
    encoded, plain, back = answer.split("\t")
    found = differs_bson(model, bson.decode(base64.b64decode(encoded)), kind == "P")
    if found:
        return "BSON differs: %r" % (found,)
    if json.loads(plain, parse_int=Digits, parse_float=Digits) != in_json(model):
        return "plain JSON differs: " + plain
    if kind == "D" and in_item(json.loads(back)) != in_item(item):
        return "DynamoDB JSON differs: " + back
    return None


def main():
    program = sys.argv[1]
    left = int(sys.argv[2]) if len(sys.argv) > 2 else CHUNK
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 42
    r = random.Random(seed)
    total = 0
    while left > 0:
        made = [(k, *document(r)) for k in r.choices("DDP", k=min(left, CHUNK))]
        lines = [k + (json.dumps(item, ensure_ascii=r.random() < .5) if k == "D"
                      else dump(model, r)) for k, item, model in made]
        run = subprocess.run([program], input="\n".join(lines) + "\n", capture_output=True,
                             check=True, encoding="utf-8")
        answers = run.stdout.split("\n")
        assert len(answers) == len(made) + 1, "%d answers" % len(answers)
        for line, (kind, item, model), answer in zip(lines, made, answers):
            wrong = check(kind, item, model, answer)
            if wrong:
                print("seed %d, document %d: %s\n%s" % (seed, total, wrong, line))
                return 1
            total += 1
        left -= len(made)
    print("%d documents agree (seed %d)" % (total, seed))
    return 0


sys.setrecursionlimit(10000)
sys.exit(main())
