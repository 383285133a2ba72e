"""A backend in Python: pip install boto3

python notify.py role alice admin | log-out alice | licence acme pro | toast "Maintenance at ten."
"""

import hashlib
import json
import os
import re
import sys
import uuid

HUB = "notifications"
QUEUE_URL = os.environ.get("QUEUE_URL")
USAGE = "usage: QUEUE_URL=.. python notify.py role USER ROLE | log-out USER | licence GROUP PLAN | toast TEXT"


def message_group(channel):
    """What must stay in order shares a group; names that SQS does not take go as their digest."""
    name = f"{HUB}:{channel}"
    if re.fullmatch(r"[!-~]{1,128}", name):
        return name
    return hashlib.sha256(name.encode()).hexdigest()


def send(channel, envelope):
    sqs.send_message(
        QueueUrl=QUEUE_URL,
        MessageGroupId=message_group(channel),
        # Two sends of the same text are two notifications; use an id of your own to send something once.
        MessageDeduplicationId=str(uuid.uuid4()),
        MessageBody=json.dumps(envelope, ensure_ascii=False),
    )


def role_changed(user, role):
    send(f"user:{user}", {"userId": user, "target": "permissionsChanged", "arguments": [{"role": role}]})


def log_out(user):
    """In one message, so that the tabs are told before they are closed."""
    told = {"userId": user, "target": "log_off_initiated"}
    closed = {"userId": user, "action": "close", "reason": "You have been signed out."}
    send(f"user:{user}", [told, closed])


def licence_changed(group, plan):
    send(f"group:{group}", {"groupName": group, "target": "licenceChanged", "arguments": [{"plan": plan}]})


def toast(text):
    send("hub", {"everyone": True, "target": "toast", "arguments": [text]})


COMMANDS = {
    ("role", 2): role_changed,
    ("log-out", 1): log_out,
    ("licence", 2): licence_changed,
    ("toast", 1): toast,
}

if __name__ == "__main__":
    command, arguments = "".join(sys.argv[1:2]), sys.argv[2:]
    if not QUEUE_URL or (command, len(arguments)) not in COMMANDS:
        sys.exit(USAGE)
    import boto3  # here, so that the usage line needs no SDK

    # Region, credentials and, for the local stack, the endpoint come from the environment, as for every AWS SDK.
    sqs = boto3.client("sqs")
    COMMANDS[command, len(arguments)](*arguments)
