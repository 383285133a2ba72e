#!/usr/bin/env python3
"""Runs checkov over the templates, and compares what it finds with the exceptions here.

A finding that is no exception fails, and so does an exception that nothing needs any more.
Run by the environment that holds checkov.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ["template.yaml", "infra/cloud/front-door.yaml", "infra/cloud/observability.yaml", "infra/cloud/pipeline.yaml"]

# Check, beginning of the resource, and why it does not hold.
EXCEPTIONS = [
    ("CKV_AWS_119", "AWS::DynamoDB::Table.", "a key of one's own is a parameter (KmsKeyArn); by default it is AWS's, which costs nothing"),
    ("CKV_AWS_116", "AWS::Serverless::Function.", "queues have dead-letter queues of their own; only the canary is invoked asynchronously, and its next flight asks again"),
    ("CKV_AWS_115", "AWS::Serverless::Function.", "reserved concurrency is taken from the account; MessageReservedConcurrency gives it to frames, who need it"),
    ("CKV_AWS_95", "AWS::ApiGatewayV2::Stage.", "checkov does not read Fn::If: AccessLogs has http by default, and all for sockets"),
    ("CKV_AWS_86", "AWS::CloudFront::Distribution.", "access logs go by AWS::Logs::Delivery, without queries and addresses"),
    ("CKV_AWS_174", "AWS::CloudFront::Distribution.", "checkov does not read Fn::If: TLSv1.2_2021 with a domain; CloudFront's own host leaves no choice"),
]


def findings():
    """Check and resource of all that checkov finds."""
    files = [word for template in TEMPLATES for word in ("--file", template)]
    command = [Path(sys.executable).parent / "checkov", "--framework", "cloudformation", "--output", "json", "--quiet"]
    # Findings are no failure of the program; everything that it needs is installed.
    how = ["--soft-fail", "--skip-download", *files]
    answer = subprocess.run([*command, *how], cwd=ROOT, check=True, capture_output=True, text=True)
    reports = json.loads(answer.stdout)
    for report in reports if isinstance(reports, list) else [reports]:
        if report["summary"]["parsing_errors"]:
            raise SystemExit(f"checkov cannot read {report['results']['parsing_errors']}")
        yield from ((it["check_id"], it["resource"], it["check_name"]) for it in report["results"]["failed_checks"])


def excused(check, resource):
    return [it for it in EXCEPTIONS if it[0] == check and resource.startswith(it[1])]


def main():
    found, needed, wrong = list(findings()), set(), []
    for check, resource, name in found:
        excuses = excused(check, resource)
        needed.update(excuses)
        wrong += [] if excuses else [f"{check} {resource}: {name}"]
    wrong += [f"{check} {resource}: nothing needs this exception" for check, resource, why in EXCEPTIONS if (check, resource, why) not in needed]
    print(*wrong, sep="\n", file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
