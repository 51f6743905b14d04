#!/usr/bin/env python3
"""The workload of the figures: change records of about 1 KB as Kinesis Data Streams for DynamoDB
gives them, one JSON a line. The same arguments give the same bytes.

    bench/workload.py COUNT OUT [--seed 42] [--keys K]

Without --keys no key repeats in practice. With it K keys are drawn with Zipf's popularity; inserts
are of absent keys only, other changes of live ones only, so the last change of a key is its state.
"""
import argparse
import base64
import bisect
import hashlib
import itertools
import json
import random

PLAIN = ("alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike november"
         " oscar papa quebec romeo sierra tango uniform victor whiskey xray yankee zulu").split()
AWKWARD = ["café", "naïve", "日本語", "рус", "emoji\U0001F600", 'quo"te', "back\\slash", "tab\tnl\n"]
WORDS = PLAIN + AWKWARD
DEVICES = [f"sensor-{i:05d}" for i in range(20000)]
FIRST_MILLISECOND = 1700000000000


def number(text):
    return {"N": str(text)}


def text(value):
    return {"S": value}


class Records:
    """Draws the records; the order of the draws is the format, so it is spelled out."""

    def __init__(self, seed, keys):
        self.random = random.Random(seed)
        self.popularity = list(itertools.accumulate(1 / (rank + 1) for rank in range(keys)))
        self.live = {}

    def words(self, least, most):
        count = self.random.randint(least, most)
        return " ".join(self.random.choices(WORDS, k=count))

    def event_id(self):
        digits = f"{self.random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def total(self):
        draw = self.random
        if draw.random() < 0.9:
            return number(draw.getrandbits(60))
        digits = draw.getrandbits(50)
        return number(f"1.{digits}E+{draw.randint(1, 100)}")

    def history_entry(self):
        draw = self.random
        if draw.random() < 0.7:
            return number(draw.randint(0, 1000))
        name = text(draw.choice(PLAIN))
        return {"M": {"k": name, "v": {"N": str(draw.random())[:8]}}}

    def optional(self, image):
        """The attributes that an item may lack."""
        draw = self.random
        if draw.random() < 0.3:
            image["deleted_at"] = {"NULL": True}
        if draw.random() < 0.5:
            count = draw.randint(1, 4)
            image["tags"] = {"SS": sorted({draw.choice(PLAIN) for _ in range(count)})}
        if draw.random() < 0.3:
            count = draw.randint(1, 5)
            image["readings"] = {"NS": sorted({str(draw.randint(0, 9999)) for _ in range(count)})}
        if draw.random() < 0.2:
            data = draw.randbytes(draw.randint(8, 48))
            image["blob"] = {"B": base64.b64encode(data).decode()}

    def image(self, key, version):
        draw = self.random
        image = dict(key)
        image["version"] = number(version)
        image["temperature"] = number(f"{draw.uniform(-40, 60):.2f}")
        image["total"] = self.total()
        image["active"] = {"BOOL": draw.random() < 0.5}
        image["note"] = text(self.words(3, 10))
        self.optional(image)
        major, minor, patch = draw.randint(0, 9), draw.randint(0, 20), draw.randint(0, 99)
        latitude, longitude = draw.uniform(-90, 90), draw.uniform(-180, 180)
        history = [self.history_entry() for _ in range(draw.randint(0, 5))]
        image["meta"] = {"M": {
            "fw": text(f"v{major}.{minor}.{patch}"),
            "loc": {"M": {"lat": number(f"{latitude:.6f}"), "lon": number(f"{longitude:.6f}")}},
            "hist": {"L": history}}}
        return image

    def finish(self, name, change, by_service=False):
        """The envelope; the id is drawn last. SizeBytes only looks like DynamoDB's."""
        change["SizeBytes"] = 100 + len(str(change)) // 4
        service = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
        return {"awsRegion": "us-east-1", "eventID": self.event_id(), "eventName": name,
                "userIdentity": service if by_service else None,
                "recordFormat": "application/json", "tableName": "demo-source",
                "dynamodb": change, "eventSource": "aws:dynamodb"}

    def unique(self, index):
        draw = self.random
        device = draw.choice(DEVICES)
        month, day = draw.randint(1, 12), draw.randint(1, 28)
        hour, minute, second = draw.randint(0, 23), draw.randint(0, 59), draw.randint(0, 59)
        moment = f"2024-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}"
        key = {"device": text(device), "timestamp": text(moment)}
        lot, version = draw.random(), draw.randint(1, 500)
        change = {"ApproximateCreationDateTime": FIRST_MILLISECOND + index * 7, "Keys": key}
        if lot < 0.35:
            change["NewImage"] = self.image(key, 1)
            return self.finish("INSERT", change)
        before = self.image(key, version)
        if lot >= 0.85:
            change["OldImage"] = before
            return self.finish("REMOVE", change, by_service=lot > 0.97)
        after = dict(before)
        after["version"] = number(version + 1)
        after["temperature"] = number(f"{draw.uniform(-40, 60):.2f}")
        after["note"] = text(self.words(3, 10))
        if draw.random() < 0.2:
            after.pop("tags", None)
        change["NewImage"] = after
        change["OldImage"] = before
        return self.finish("MODIFY", change)

    def keyed(self, index):
        draw = self.random
        rank = bisect.bisect_left(self.popularity, draw.random() * self.popularity[-1])
        key = {"device": text(f"key-{rank:06d}"), "timestamp": text("2024-01-01T00:00:00")}
        change = {"ApproximateCreationDateTime": FIRST_MILLISECOND + index * 7, "Keys": key}
        before, lot = self.live.get(rank), draw.random()
        if before is None:
            change["NewImage"] = self.live[rank] = self.image(key, 1)
            return self.finish("INSERT", change)
        if lot >= 0.85:
            change["OldImage"] = self.live.pop(rank)
            return self.finish("REMOVE", change)
        after = self.image(key, int(before["version"]["N"]) + 1)
        change["NewImage"] = self.live[rank] = after
        change["OldImage"] = before
        return self.finish("MODIFY", change)


def lines(count, seed=42, keys=0):
    """The records as lines of bytes."""
    records = Records(seed, keys)
    encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
    for index in range(count):
        record = records.keyed(index) if keys else records.unique(index)
        yield (encode(record) + "\n").encode()


def write(path, count, seed=42, keys=0):
    """Writes them to a file; gives the sha256 of its bytes."""
    digest = hashlib.sha256()
    with open(path, "wb", 1 << 20) as out:
        for line in lines(count, seed, keys):
            out.write(line)
            digest.update(line)
    return digest.hexdigest()


def main():
    parser = argparse.ArgumentParser(description="writes the workload of the figures")
    parser.add_argument("count", type=int)
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--keys", type=int, default=0)
    args = parser.parse_args()
    print(args.count, "records, sha256", write(args.out, args.count, args.seed, args.keys))


if __name__ == "__main__":
    main()
