#!/usr/bin/env python3
"""The http sink over TLS, with an authority of its own: `tls` beside the connector, by the program."""
import json
import ssl
import subprocess
import sys

import harness
from harness import penstock

PIPELINE = """name: tls
source:
  stdin: {}
sinks:
  - http: {url: "https://127.0.0.1:%d/events"}
    format: raw
    retry: {attempts: 0}
%s"""
CURVE = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"


def certificate(folder, name, more):
    subprocess.run(f"openssl req -x509 {CURVE} -subj /CN={name} -keyout {name}.key -out {name}.pem"
                   f" {more}", shell=True, cwd=folder, check=True, capture_output=True)


def send(folder, receiver, tls):
    (folder / "tls.yaml").write_text(PIPELINE % (receiver.port, tls and f"    tls: {tls}\n"))
    return penstock(folder, "run", "--once", "--admin", "off", "tls.yaml", given=b"one\n")


def test_certificates(folder, checks):
    certificate(folder, "ca", "-addext basicConstraints=critical,CA:true")
    for name, who in (("server", "IP:127.0.0.1"), ("client", "DNS:client")):
        certificate(folder, name, f"-CA ca.pem -CAkey ca.key -addext subjectAltName={who}"
                    " -addext basicConstraints=critical,CA:false")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    with harness.Receiver(context) as receiver:
        ended = send(folder, receiver, "")
        checks.that(ended.returncode != 0, "an authority nobody named is not trusted")
        checks.that(b"certificate verify failed" in ended.stderr, "which is said", ended.stderr)
        checks.equal(receiver.taken(), [], "and nothing was sent")
        ended = send(folder, receiver, "{ca: ca.pem}")
        checks.equal((ended.returncode, receiver.taken()), (0, [("/events", b"one")]),
                     "with tls.ca it is delivered")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(folder / "ca.pem")
    with harness.Receiver(context) as receiver:
        ended = send(folder, receiver, "{ca: ca.pem}")
        checks.equal((ended.returncode != 0, receiver.taken()), (True, []),
                     "a server that asks for a certificate gets nothing without one")
        ended = send(folder, receiver, "{ca: ca.pem, cert: client.pem, key: client.key}")
        checks.equal((ended.returncode, receiver.taken()), (0, [("/events", b"one")]),
                     "with tls.cert and tls.key it is delivered")


def test_connectors_without_tls(folder, checks):
    (folder / "plain.yaml").write_text(json.dumps(
        {"name": "p", "source": {"stdin": {}}, "sinks": [{"stdout": {}, "tls": {"ca": "ca.pem"}}]}))
    ended = penstock(folder, "check", "plain.yaml")
    checks.equal(ended.returncode, 2, "tls beside a connector without it is refused")
    checks.that(b"sink stdout takes no `tls` settings" in ended.stderr, "by name", ended.stderr)


def main():
    checks = harness.Checks()
    for test in (test_certificates, test_connectors_without_tls):
        with harness.workspace() as folder:
            test(folder, checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
