"""The publisher as one would write it for Python: boto3 and a pool of threads.

    python publisher.py URL SOCKETS NOTIFICATIONS INVOCATIONS
"""

import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
from botocore.config import Config

THREADS = 32
WARM_UPS = 5

url, sockets, notifications, invocations = sys.argv[1], *map(int, sys.argv[2:])
settings = {
    "region_name": "eu-west-1",
    "aws_access_key_id": "ASIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "secret",
    "aws_session_token": "t" * 900,
    "config": Config(max_pool_connections=THREADS),
}
table = boto3.client("dynamodb", endpoint_url=url, **settings)
gateway = boto3.client("apigatewaymanagementapi", endpoint_url=f"{url}/prod", **settings)
pool = ThreadPoolExecutor(THREADS)


def sockets_of(user):
    pages = table.get_paginator("query").paginate(
        TableName="hubcast",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"USER#notifications#{user}"}},
    )
    return [item["sk"]["S"] for page in pages for item in page["Items"]]


def handler(event):
    for record in event["Records"]:
        body = json.loads(record["body"])
        message = {"type": 1, "target": body["target"], "arguments": body["arguments"]}
        frame = json.dumps(message, separators=(",", ":")).encode() + b"\x1e"
        found = sockets_of(body["userId"])
        list(pool.map(lambda socket: gateway.post_to_connection(ConnectionId=socket, Data=frame), found))
    return {"batchItemFailures": []}


def main():
    notification = {
        "userId": f"u{sockets}",
        "target": "permissionsChanged",
        "arguments": [{"role": "r" * 125}],
    }
    event = json.dumps({"Records": [{"body": json.dumps(notification)}] * notifications})
    for _ in range(WARM_UPS):
        handler(json.loads(event))
    cpu, start = time.process_time_ns(), time.perf_counter_ns()
    for _ in range(invocations):
        handler(json.loads(event))
    cost = {
        "cpuMicros": (time.process_time_ns() - cpu) // 1000,
        "wallMicros": (time.perf_counter_ns() - start) // 1000,
        "peakKiB": int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]),
    }
    print(json.dumps(cost))


main()
