// The same message as a backend would send it, in the languages of backends.

import { HUB } from "./backend";
import type { Envelope, Message } from "../../components/envelope";

/** What is sent and to where. */
export interface Send {
  message: Message;
  group: string;
  queueUrl: string;
  endpoint: string;
}

/** A way to send it; `code` can be run as it stands. */
export interface Snippet {
  name: string;
  code: (send: Send) => string;
}

export const SNIPPETS: Snippet[] = [
  { name: "JSON", code: ({ message }) => JSON.stringify(message, null, 2) },
  { name: "AWS CLI", code: awsCli },
  { name: "curl", code: curl },
  { name: "C#", code: cSharp },
  { name: "Python", code: python },
  { name: "Java", code: java },
  { name: "Node", code: node },
  { name: "REST", code: rest },
  { name: "hubcast", code: commandLine },
];

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const indented = (text: string, by: number) => text.replaceAll("\n", `\n${" ".repeat(by)}`);

function awsCli({ message, group, queueUrl, endpoint }: Send): string {
  return `export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_DEFAULT_REGION=us-east-1
aws sqs send-message --endpoint-url ${endpoint} \\
  --queue-url ${queueUrl} \\
  --message-group-id ${quoted(group)} \\
  --message-deduplication-id "$(date +%s%N)" \\
  --message-body ${quoted(JSON.stringify(message))}`;
}

/** The deduplication id is the shell's, so the text of the request is closed and opened around it. */
function curl({ message, group, queueUrl, endpoint }: Send): string {
  const request = { QueueUrl: queueUrl, MessageGroupId: group, MessageDeduplicationId: "ID", MessageBody: JSON.stringify(message) };
  const text = quoted(JSON.stringify(request, null, 2)).replace('"ID"', `"'"$(date +%s%N)"'"`);
  return `curl --fail ${endpoint}/ --user local:local --aws-sigv4 aws:amz:us-east-1:sqs \\
  --header 'X-Amz-Target: AmazonSQS.SendMessage' \\
  --header 'Content-Type: application/x-amz-json-1.0' \\
  --data ${text}`;
}

function cSharp({ message, group, queueUrl, endpoint }: Send): string {
  return `// dotnet add package AWSSDK.SQS
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;

var config = new AmazonSQSConfig { ServiceURL = "${endpoint}", AuthenticationRegion = "us-east-1" };
using var sqs = new AmazonSQSClient(new BasicAWSCredentials("local", "local"), config);
await sqs.SendMessageAsync(new SendMessageRequest
{
    QueueUrl = "${queueUrl}",
    MessageGroupId = ${JSON.stringify(group)},
    MessageDeduplicationId = Guid.NewGuid().ToString(),
    MessageBody = """
        ${indented(JSON.stringify(message, null, 2), 8)}
        """,
});`;
}

function python({ message, group, queueUrl, endpoint }: Send): string {
  return `import json, uuid, boto3  # pip install boto3

sqs = boto3.client("sqs", endpoint_url="${endpoint}", region_name="us-east-1",
                   aws_access_key_id="local", aws_secret_access_key="local")
sqs.send_message(
    QueueUrl="${queueUrl}",
    MessageGroupId=${JSON.stringify(group)},
    MessageDeduplicationId=str(uuid.uuid4()),
    MessageBody=json.dumps(${pythonValue(message, 4)}),
)`;
}

function node({ message, group, queueUrl, endpoint }: Send): string {
  return `// npm install @aws-sdk/client-sqs
import { randomUUID } from "node:crypto";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const credentials = { accessKeyId: "local", secretAccessKey: "local" };
const sqs = new SQSClient({ endpoint: "${endpoint}", region: "us-east-1", credentials });
await sqs.send(new SendMessageCommand({
  QueueUrl: "${queueUrl}",
  MessageGroupId: ${JSON.stringify(group)},
  MessageDeduplicationId: randomUUID(),
  MessageBody: JSON.stringify(${indented(JSON.stringify(message, null, 2), 2)}),
}));`;
}

const REST_VERSION = "api-version=2024-12-01";
const NO_WORDS = `# The REST API has no words for this message: send it by SQS.
# It sends a call, closes, and changes groups, for one user, group or connection at a time, or for everyone.`;

function rest({ message, endpoint }: Send): string {
  const call = Array.isArray(message) ? undefined : restCall(message);
  if (!call) return NO_WORDS;
  const url = quoted(`${endpoint}/api/hubs/${call.path}${call.path.includes("?") ? "&" : "?"}${REST_VERSION}`);
  const data = call.body ? ` \\\n  -H 'Content-Type: application/json' -d ${quoted(call.body)}` : "";
  return `token=$(curl -s -X POST ${endpoint}/dev/rest-token)
curl -i -X ${call.method} ${url} \\
  -H "Authorization: Bearer $token"${data}`;
}

/** The call of REST that says the same; nothing where REST has no words for it. */
function restCall(envelope: Envelope): { method: string; path: string; body?: string } | undefined {
  const { hub = HUB, userId, groupName, connectionId, everyone, target, arguments: args, action, reason, ttlSeconds, ...more } = envelope;
  const { allowReconnect, ...unsaid } = more;
  const [hubPath, part] = [encodeURIComponent(hub.toLowerCase()), encodeURIComponent];
  const place = userId ? `/users/${part(userId)}` : groupName ? `/groups/${part(groupName)}` : connectionId ? `/connections/${part(connectionId)}` : "";
  if (Object.keys(unsaid).length > 0) return undefined;
  if (target) return { method: "POST", path: `${hubPath}${place}/:send`, body: JSON.stringify({ target, arguments: args ?? [] }) };
  if (action === "close" && !connectionId) {
    const query = new URLSearchParams({ allowReconnect: String(allowReconnect ?? false), ...(userId && { revoke: "true" }), ...(reason && { reason }) });
    return { method: "POST", path: `${hubPath}${place}/:closeConnections?${query}` };
  }
  if ((action === "add" || action === "remove") && userId && groupName) {
    const ttl = ttlSeconds === undefined ? "" : `?ttl=${ttlSeconds}`;
    return { method: action === "add" ? "PUT" : "DELETE", path: `${hubPath}/users/${part(userId)}/groups/${part(groupName)}${ttl}` };
  }
  return undefined;
}

/** Any message is a line of `--lines`. */
function commandLine({ message, group, endpoint }: Send): string {
  return `printf '%s\\n' ${quoted(JSON.stringify(message))} |
  hubcast send --local=${endpoint} --lines --message-group ${quoted(group)}`;
}

function pythonValue(value: unknown, indent: number): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = Array.isArray(value)
    ? value.map((each) => pythonValue(each, indent + 4))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${pythonValue(each, indent + 4)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const flat = `${open}${inner.join(", ")}${close}`;
  if (flat.length < 60 && !flat.includes("\n")) return flat;
  const pad = " ".repeat(indent);
  return `${open}\n${inner.map((each) => `${pad}    ${each},\n`).join("")}${pad}${close}`;
}

/** A text block reads escapes, so that a backslash of the JSON is written twice. */
function java({ message, group, queueUrl, endpoint }: Send): string {
  const body = JSON.stringify(message, null, 2).replaceAll("\\", "\\\\");
  return `// software.amazon.awssdk:sqs
import java.net.URI;
import java.util.UUID;
import software.amazon.awssdk.auth.credentials.*;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;

class Send {
    public static void main(String[] args) {
        var credentials = AwsBasicCredentials.create("local", "local");
        try (var sqs = SqsClient.builder()
                .endpointOverride(URI.create("${endpoint}"))
                .region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(credentials))
                .build()) {
            sqs.sendMessage(request -> request
                .queueUrl("${queueUrl}")
                .messageGroupId(${JSON.stringify(group)})
                .messageDeduplicationId(UUID.randomUUID().toString())
                .messageBody("""
                    ${indented(body, 20)}"""));
        }
    }
}`;
}
