"""A function as one would write it for Python, on the Runtime API: the publisher, or the answer to a ping.

    AWS_LAMBDA_RUNTIME_API=host:port python cold.py publisher|ping URL
"""

import json
import os
import sys
from http.client import HTTPConnection

PREFIX = "/2018-06-01/runtime/invocation"
kind, url = sys.argv[1:]


def publisher():
    import boto3

    table = boto3.client("dynamodb", endpoint_url=url)
    gateway = boto3.client("apigatewaymanagementapi", endpoint_url=f"{url}/prod")

    def handler(event):
        for record in event["Records"]:
            body = json.loads(record["body"])
            message = {"type": 1, "target": body["target"], "arguments": body["arguments"]}
            frame = json.dumps(message, separators=(",", ":")).encode() + b"\x1e"
            found = table.query(
                TableName="hubcast",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"USER#notifications#{body['userId']}"}},
            )
            for item in found["Items"]:
                gateway.post_to_connection(ConnectionId=item["sk"]["S"], Data=frame)
        return {"batchItemFailures": []}

    return handler


def ping():
    return lambda event: {"statusCode": 200, "body": '{"type":6}\x1e'}


def main():
    handler = {"publisher": publisher, "ping": ping}[kind]()
    api = HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", f"{PREFIX}/next")
        answer = api.getresponse()
        event = json.loads(answer.read())
        request = answer.headers["Lambda-Runtime-Aws-Request-Id"]
        api.request("POST", f"{PREFIX}/{request}/response", json.dumps(handler(event)))
        api.getresponse().read()


main()
