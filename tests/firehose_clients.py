#!/usr/bin/env python3
"""Puts records by real AWS clients (boto3 and the AWS CLI) to a Firehose API.

usage: firehose_clients.py URL [STREAM]

Prints the base64 of each record that was answered for, one a line, in the order of the requests.
Exits 1 with a sentence when an answer is not what Amazon's would be. Needs Debian's python3-boto3
and awscli.
"""

import base64
import json
import os
import subprocess
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}

RECORDS = [
    b'{"name": "J\xc3\xbcrgen", "mood": "\xf0\x9f\x98\x80"}',
    b'{"digits": 12345678901234567890123456789012345678901234567890}',
    b'{"absurd": 1e400}',
    b'{"twice": 1, "twice": 2}',
    b"no JSON at all\n",
    bytes(range(256)),
    b"\x00",
    b"{\n  \"broken\": \"lines\"\n}",
]


def expect(condition, sentence):
    if not condition:
        sys.exit("firehose_clients: " + sentence)


def refused(call, code, status):
    try:
        call()
    except ClientError as error:
        answer = error.response
        expect(answer["Error"]["Code"] == code, f"{code} expected, got {answer['Error']}")
        got = answer["ResponseMetadata"]["HTTPStatusCode"]
        expect(got == status, f"status {status} expected for {code}, got {got}")
        return
    sys.exit(f"firehose_clients: {code} expected, and the request was taken")


def by_boto3(url, stream, sent):
    client = boto3.client("firehose", endpoint_url=url,
                          config=Config(retries={"max_attempts": 1}, read_timeout=20))
    for record in RECORDS:
        answer = client.put_record(DeliveryStreamName=stream, Record={"Data": record})
        expect(answer["RecordId"] and answer["Encrypted"] is False, f"put_record: {answer}")
        sent.append(record)
    many = [b"%d " % i + b"x" * (i % 1200) for i in range(500)]
    answer = client.put_record_batch(DeliveryStreamName=stream,
                                     Records=[{"Data": record} for record in many])
    ids = [record.get("RecordId") for record in answer["RequestResponses"]]
    expect(answer["FailedPutCount"] == 0, "put_record_batch: a record failed")
    expect(len(set(ids)) == 500 and all(ids), "put_record_batch: ids are missing or repeated")
    expect(ids == sorted(ids), "put_record_batch: ids are not in order")
    sent.extend(many)
    largest = [b"y" * 1024000] * 4
    client.put_record_batch(DeliveryStreamName=stream,
                            Records=[{"Data": record} for record in largest])
    sent.extend(largest)
    def batch(records, name=stream):
        return lambda: client.put_record_batch(DeliveryStreamName=name,
                                               Records=[{"Data": r} for r in records])
    refused(batch([b"x"] * 501), "ValidationException", 400)
    refused(batch([b"x" * 1024001]), "ValidationException", 400)
    refused(batch([b"x" * 900000] * 5), "InvalidArgumentException", 400)
    refused(batch([b"x"], "no such/name"), "ValidationException", 400)
    refused(lambda: client.delete_delivery_stream(DeliveryStreamName=stream),
            "UnknownOperationException", 400)
    description = client.describe_delivery_stream(DeliveryStreamName=stream)
    status = description["DeliveryStreamDescription"]["DeliveryStreamStatus"]
    expect(status == "ACTIVE", f"describe_delivery_stream: {status}")
    client.list_delivery_streams()


def by_cli(url, stream, sent):
    def aws(*arguments):
        command = ["/usr/bin/aws", "firehose", *arguments, "--endpoint-url", url,
                   "--delivery-stream-name", stream, "--cli-binary-format", "raw-in-base64-out"]
        done = subprocess.run(command, capture_output=True, env={**os.environ, **ENVIRONMENT},
                              check=False, timeout=60)
        expect(done.returncode == 0, f"aws {arguments[0]}: {done.stderr.decode()}")
        return json.loads(done.stdout)
    record = json.dumps({"Data": "by the CLI: \u00e4 \U0001f600"})
    answer = aws("put-record", "--record", record)
    expect(answer["RecordId"], f"aws put-record: {answer}")
    sent.append("by the CLI: \u00e4 \U0001f600".encode())
    records = json.dumps([{"Data": "one"}, {"Data": "two"}])
    answer = aws("put-record-batch", "--records", records)
    expect(answer["FailedPutCount"] == 0, f"aws put-record-batch: {answer}")
    sent.extend([b"one", b"two"])


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    os.environ.update(ENVIRONMENT)
    url = sys.argv[1]
    stream = sys.argv[2] if len(sys.argv) == 3 else "orders"
    sent = []
    by_boto3(url, stream, sent)
    by_cli(url, stream, sent)
    for record in sent:
        print(base64.b64encode(record).decode())


main()
