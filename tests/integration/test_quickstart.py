#!/usr/bin/env python3
"""Amazon's own clients put 10,000 records into the quickstart pipelines: each is once in the lake
and once in the event store byte for byte, and emitted once with an equal value."""
import base64
import collections
import decimal
import json
import os
import random
import subprocess
import sys

import boto3
from botocore.config import Config

import harness

BY_SDK, BY_CLI, BATCH = 9000, 1000, 500
STREAM = "orders"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
               "AWS_DEFAULT_REGION": "us-east-1"}


def record(draw, i):
    """One of the shapes that break relays; i makes it unlike every other."""
    long_number = "".join(draw.choices("0123456789", k=49))
    shapes = [
        f'{{"n":{i},"city":"Zürich","mood":"\U0001F600 \U0001F468‍\U0001F469‍\U0001F467"}}',
        f'{{"n":{i},"long":7{long_number},"small":-0.{long_number}}}',
        f'{{"n":{i},"huge":1e400,"tiny":-1E-400,"zero":-0,"one":1.0}}',
        f'{{"n":{i},"twice":1,"twice":2}}',
        f'{{"n":{i},"inner":{{"a":[1,[2,{{"b":null}}],true],"empty":{{}},"t":"\\u0041\\n\\""}}}}\n',
        f'{{"n":{i},\n  "over":"lines"\r\n}}\n',
        f'[{i},"no object"]',
        f'plain text, record {i}',
        f'two lines\nof record {i}',
        f'{{"n":{i},"broken":',
        f'"{i}"\n',
    ]
    if draw.random() < 0.2:
        return b"\xff\xfe\x00" + i.to_bytes(4, "big") + draw.randbytes(draw.randint(0, 200))
    return draw.choice(shapes).encode()


def is_json(data):
    try:
        json.loads(data)
        return True
    except ValueError:
        return False


def expected_line(data):
    """What `format: raw` writes for a record, without the line break."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return json.dumps(base64.b64encode(data).decode()).encode()
    body = data[:-1] if data.endswith(b"\n") else data
    if b"\n" not in body:
        return body
    if is_json(data):
        return body.replace(b"\r", b" ").replace(b"\n", b" ")
    return json.dumps(base64.b64encode(data).decode()).encode()


def exact(data):
    """JSON to values without a float in between; an object that repeats a key becomes a tuple."""
    def pairs(items):
        return dict(items) if len({k for k, _ in items}) == len(items) else tuple(items)
    return json.loads(data, parse_float=decimal.Decimal, parse_int=decimal.Decimal,
                      object_pairs_hook=pairs)


def same_value(emitted, data):
    """Whether an emitted value (already exact) says what the record said."""
    try:
        return emitted == exact(data)
    except ValueError:  # no JSON: its text, or the base64 of its bytes
        pass
    if not isinstance(emitted, str):
        return False
    try:
        return emitted.encode() == data or base64.b64decode(emitted, validate=True) == data
    except ValueError:
        return False


def put_by_sdk(url, records, checks):
    client = boto3.client("firehose", endpoint_url=url, region_name="us-east-1",
                          aws_access_key_id="local", aws_secret_access_key="local",
                          config=Config(retries={"max_attempts": 0}))
    for start in range(0, len(records), BATCH):
        answer = client.put_record_batch(
            DeliveryStreamName=STREAM,
            Records=[{"Data": r} for r in records[start:start + BATCH]])
        if answer["FailedPutCount"] or not all("RecordId" in r for r in answer["RequestResponses"]):
            checks.that(False, "boto3: every record is taken", str(answer)[:300])
            return
    checks.that(True, "boto3: every record is taken")


def put_by_cli(url, records, folder, checks):
    for start in range(0, len(records), BATCH):
        request = folder / "request.json"
        request.write_text(json.dumps({"DeliveryStreamName": STREAM, "Records": [
            {"Data": base64.b64encode(r).decode()} for r in records[start:start + BATCH]]}))
        ended = subprocess.run(
            ["/usr/bin/aws", "firehose", "put-record-batch", "--no-cli-pager", "--endpoint-url",
             url, "--cli-binary-format", "base64", "--cli-input-json", f"file://{request}"],
            env={**os.environ, **CREDENTIALS}, capture_output=True, text=True)
        if ended.returncode or json.loads(ended.stdout)["FailedPutCount"]:
            checks.that(False, "aws: every record is taken", (ended.stdout + ended.stderr)[:500])
            return
    checks.that(True, "aws: every record is taken")


def put_printed_line(url, checks):
    """The line that ./quickstart prints, as it stands."""
    script = (harness.ROOT / "quickstart").read_text()
    line = next(l.strip() for l in script.splitlines() if "aws firehose put-record " in l)
    ended = subprocess.run(["bash", "-c", line.replace("$url", url)], capture_output=True, text=True,
                           env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    checks.that(ended.returncode == 0 and "RecordId" in ended.stdout,
                "the printed aws line works", ended.stdout + ended.stderr)


def compare(folder, records, checks):
    wanted = collections.Counter(expected_line(r) for r in records)
    lake = collections.Counter(harness.lake_lines(folder / "data/lake" / STREAM))
    checks.that(lake == wanted, "each record is one line of the lake", differences(lake, wanted))
    rows = [r for r in harness.store_rows(folder / "data/events.db") if r[0] == STREAM]
    stored = collections.Counter(bytes(r[3], "utf-8") if isinstance(r[3], str) else r[3]
                                 for r in rows)
    sent = collections.Counter(records)
    checks.that(stored == sent, "each record is one row, byte for byte", differences(stored, sent))
    emitted = [exact(line)["after"] for line in harness.whole_lines(folder / "stdout")]
    emitted = [e for e in emitted if e["stream"] == STREAM]
    by_id = {r[2]: r[3] for r in rows}
    checks.equal(len(emitted), len(rows), "as many events as rows")
    checks.equal(len({e["id"] for e in emitted}), len(emitted), "each emitted once")
    wrong = [(e.get("data"), by_id.get(e["id"])) for e in emitted
             if not same_value(e.get("data"), to_bytes(by_id.get(e["id"])))]
    checks.that(not wrong, "each emitted with an equal value", f"{len(wrong)}, as {wrong[:3]}")


def to_bytes(data):
    return data.encode() if isinstance(data, str) else data or b""


def differences(actual, wanted):
    more, less = actual - wanted, wanted - actual
    return (f"{sum(less.values())} missing as {list(less)[:2]},"
            f" {sum(more.values())} too many as {list(more)[:2]}")


def main():
    checks = harness.Checks()
    seed = random.randrange(1 << 30)
    print("seed", seed)
    draw = random.Random(seed)
    records = [record(draw, i) for i in range(BY_SDK + BY_CLI)]
    with harness.workspace() as folder:
        port = harness.free_port()
        penstock = harness.Penstock(folder, "run", "--admin", "off",
                                    *harness.quickstart_files(folder, port))
        try:
            penstock.wait_for_port(port)
            url = f"http://127.0.0.1:{port}"
            put_by_sdk(url, records[:BY_SDK], checks)
            put_by_cli(url, records[BY_SDK:], folder, checks)
            put_printed_line(url, checks)
            total = len(records) + 1
            harness.wait_until(lambda: harness.store_count(folder / "data/events.db") >= total
                               and len(harness.whole_lines(folder / "stdout")) >= total,
                               30, f"{total} records stored and emitted")
        finally:
            code = penstock.stop()
        checks.equal(code, 0, "penstock drains and ends with 0")
        compare(folder, records, checks)
        if checks.failed:
            print(penstock.tail())
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
