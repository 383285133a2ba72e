#!/usr/bin/env python3
"""Measures cold starts and sizes: from spawn to the first response, beside Node and Python.

    python3 tests/bench/cold.py [FOLDER_OF_BINARIES]

A small server plays Lambda's Runtime API, DynamoDB and the management API, all
over plain HTTP. CPU and the peak of memory are those of the function's process
at the moment of its response. For comparison on one machine, and not a test:
the ratios are what counts.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

ROOT = Path(__file__).resolve().parents[2]
BINARIES = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/release"
PEERS = ROOT / "tests/bench/peers"
PYTHON = os.environ.get("PYTHON", sys.executable)
ROUNDS = 11
SOCKETS = 3
QUEUE = "http://127.0.0.1:9/000000000000/hubcast"


class Lambda(BaseHTTPRequestHandler):
    """One event for one process, and the services that it calls."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.server.is_handed_out:
            self.server.ended.wait()
            self.close_connection = True
            return
        self.server.is_handed_out = True
        deadline = str(int(time.time() * 1000) + 30_000)
        self.answer(self.server.event, {
            "Lambda-Runtime-Aws-Request-Id": "r1", "Lambda-Runtime-Deadline-Ms": deadline,
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/response"):
            self.server.responded()
        if self.path.endswith("/error"):
            # What the authorizer says to refuse a token is an answer too.
            refuses = b'"Unauthorized"' in body
            self.server.responded() if refuses else self.server.failed(body)
        is_query = self.headers.get("X-Amz-Target", "").endswith(".Query")
        self.answer(ITEMS if is_query else b"{}", {"Content-Type": "application/x-amz-json-1.0"})

    def answer(self, body, headers):
        self.send_response(200)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


def item(number):
    end = int(time.time()) + 3600
    return {"pk": {"S": "USER#notifications#u3"}, "sk": {"S": f"s{number}="},
            "connectionId": {"S": f"s{number}="}, "ttl": {"N": str(end)}, "expiresAt": {"N": str(end * 1000)}}


ITEMS = json.dumps({"Items": [item(n) for n in range(SOCKETS)], "Count": SOCKETS, "ScannedCount": SOCKETS}).encode()


class Start(ThreadingHTTPServer):
    """One cold start."""

    daemon_threads = True

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Lambda)
        self.event, self.is_handed_out, self.ended = event, False, Event()
        self.outcome, self.responses = None, Event()

    def handle_error(self, *_):
        """Says nothing: processes are ended with their connections open."""

    def responded(self):
        wall = time.perf_counter() - self.began
        process = Path(f"/proc/{self.process.pid}")
        runs = (int((task / "schedstat").read_text().split()[0]) for task in (process / "task").iterdir())
        peak = next(line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM"))
        self.outcome = {"cpu": sum(runs) / 1e6, "wall": wall * 1e3, "peak": int(peak.split()[1]) / 1024}
        self.responses.set()

    def failed(self, body):
        self.outcome = body.decode()
        self.responses.set()

    def measure(self, command, variables):
        Thread(target=self.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{self.server_address[1]}"
        command = [str(part).replace("URL", url) for part in command]
        environment = {name: value.replace("URL", url) for name, value in variables.items()}
        environment["AWS_LAMBDA_RUNTIME_API"] = url.removeprefix("http://")
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        is_in_time = self.responses.wait(60)
        self.process.kill()
        self.process.wait()
        self.ended.set()
        self.shutdown()
        self.server_close()
        if not is_in_time or isinstance(self.outcome, str):
            sys.exit(f"{command}: {self.outcome or 'no response'}")
        return self.outcome


VARIABLES = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "RUST_LOG": "info",
    "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "t" * 900,
    "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "NODE_NO_WARNINGS": "1", "AWS_ENDPOINT_URL": "URL", "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_LAMBDA_FUNCTION_VERSION": "1",
    "TABLE_NAME": "hubcast", "MANAGEMENT_ENDPOINT": "URL/prod", "NOTIFICATIONS_QUEUE_URL": f"{QUEUE}-notifications.fifo",
    "DELIVERIES_QUEUE_URL": f"{QUEUE}-deliveries.fifo", "DLQ_URL": f"{QUEUE}-dlq.fifo",
    "PUBLIC_URL": "https://live.example.com", "ALLOWED_ORIGINS": "https://app.example.com", "HUBS": "notifications",
    "DEFAULT_HUB": "notifications", "ACCESS_KEYS": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH",
    "TOKEN_ISSUERS": json.dumps([{"issuer": "https://login.example.com", "audience": "hubcast"}]),
}


def recorded(function, name, change=lambda event: None):
    event = json.loads((ROOT / "functions" / function / "events" / f"{name}.json").read_text())
    change(event)
    return json.dumps(event).encode()


def lately(event):
    # Neither young nor near its cut, so that most pings look nothing up.
    event["requestContext"]["connectedAt"] = int(time.time() * 1000) - 600_000


OF_UPSTREAM = {"UPSTREAM_URL": "URL/hook", "UPSTREAM_QUEUE_URL": f"{QUEUE}-upstream.fifo"}


def call_of_a_client():
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {"eventId": "e", "category": "messages", "event": "Add", "hub": "notifications", "connectionId": "c",
             "claims": {}, "query": {}, "timestamp": now, "target": "Add", "arguments": [1]}
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000)),
                  "MessageGroupId": "notifications:connection:c"}
    record = {"messageId": "m", "receiptHandle": "r", "body": json.dumps(event), "attributes": attributes}
    return json.dumps({"Records": [record]}).encode()


def one_record(event):
    event["Records"] = event["Records"][:1]
    body = {"userId": "u3", "target": "permissionsChanged", "arguments": [{"role": "admin"}]}
    event["Records"][0]["body"] = json.dumps(body)
    event["Records"][0]["attributes"]["SentTimestamp"] = str(int(time.time() * 1000))


def median(command, event, variables):
    runs = [Start(event).measure(command, {**VARIABLES, **variables}) for _ in range(ROUNDS)]
    return {what: statistics.median(run[what] for run in runs) for what in ("cpu", "wall", "peak")}


def compared(title, event, function, kind=None, variables={}):
    print(f"\n{title}")
    commands = {f"{function} (Rust)": [BINARIES / function]}
    if kind:
        commands["Node 20"] = ["node", PEERS / "cold.js", kind, "URL"]
        commands["Python"] = [PYTHON, PEERS / "cold.py", kind, "URL"]
    ours = None
    for name, command in commands.items():
        each = median(command, event, variables)
        ours = ours or each
        beside = "" if each is ours else (
            f"   Rust: CPU 1/{each['cpu'] / ours['cpu']:.0f}, time 1/{each['wall'] / ours['wall']:.0f},"
            f" memory 1/{each['peak'] / ours['peak']:.1f}")
        print(f"  {name:20} CPU {each['cpu']:7.2f} ms  spawn to response {each['wall']:7.2f} ms"
              f"  peak {each['peak']:6.1f} MiB{beside}")


def sizes():
    print("\nSizes, in MB")
    folder = ROOT / "target" / "zips"
    folder.mkdir(exist_ok=True)
    for function in sorted(path.parent.name for path in ROOT.glob("functions/*/Cargo.toml")):
        binary = BINARIES / function
        if not binary.exists():
            continue
        packed = folder / f"{function}.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
            file.write(binary, "bootstrap")
        print(f"  {function:12} binary {binary.stat().st_size / 1e6:5.2f}  zip {packed.stat().st_size / 1e6:5.2f}")


def main():
    sizes()
    compared("One notification to three sockets: a Query and three posts",
             recorded("publisher", "batch", one_record), "publisher", "publisher")
    compared("A ping, which needs nobody", recorded("message", "ping", lately), "message", "ping")
    compared("A call of JoinGroup", recorded("group-join", "join-group", lately), "group-join")
    compared("A connect", recorded("connect", "browser"), "connect")
    compared("A disconnect", recorded("disconnect", "tab-closed"), "disconnect")
    compared("A token that is refused", recorded("authorizer", "query-token"), "authorizer")
    compared("A negotiation that is refused", recorded("negotiate", "client"), "negotiate")
    compared("A REST call that is refused", recorded("rest", "send"), "rest")
    compared("A call of a client, posted to an endpoint", call_of_a_client(), "upstream", variables=OF_UPSTREAM)


main()
