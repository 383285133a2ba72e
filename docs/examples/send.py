"""Shows a text to a user: python send.py http://127.0.0.1:8080 alice "Your role has changed" """

import json
import sys
import uuid

import boto3

endpoint, user, text = sys.argv[1:]

sqs = boto3.client(
    "sqs",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="local",
    aws_secret_access_key="local",
)
sqs.send_message(
    QueueUrl=f"{endpoint}/000000000000/hubcast-notifications.fifo",
    MessageBody=json.dumps({"userId": user, "target": "notify", "arguments": [text]}),
    MessageGroupId=f"notifications:user:{user}",
    MessageDeduplicationId=str(uuid.uuid4()),
)
