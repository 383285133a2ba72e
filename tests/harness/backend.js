// A backend: sends envelopes to SQS and looks into the dead-letter queue, by the AWS SDK.

import { createHash, randomUUID } from "node:crypto";
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { poll } from "./poll.js";

/** A text as SQS takes it for a message group: as it is, or its digest. */
function groupId(text) {
  if (/^[!-~]{1,128}$/.test(text)) return text;
  return createHash("sha256").update(text).digest("hex");
}

export class Backend {
  constructor(stack, hub = "notifications") {
    this.stack = stack;
    this.hub = hub;
    this.sqs = new SQSClient({
      endpoint: stack.url,
      region: "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
    });
  }

  /** The MessageGroupId that an envelope should have, so that what must stay in order does. */
  group(envelope) {
    const { hub = this.hub, connectionId, userId, groupName } = Array.isArray(envelope) ? envelope[0] : envelope;
    if (connectionId) return groupId(`${hub}:connection:${connectionId}`);
    if (userId) return groupId(`${hub}:user:${userId}`);
    if (groupName) return groupId(`${hub}:group:${groupName}`);
    return `${hub}:hub`;
  }

  /** Enqueues an envelope. */
  send(envelope, { group = this.group(envelope), deduplicationId = randomUUID() } = {}) {
    return this.sendBody(JSON.stringify(envelope), { group, deduplicationId });
  }

  /** Enqueues any text. */
  sendBody(body, { group = `${this.hub}:hub`, deduplicationId = randomUUID(), attributes = {} } = {}) {
    const attribute = ([name, StringValue]) => [name, { DataType: "String", StringValue }];
    return this.sqs.send(
      new SendMessageCommand({
        QueueUrl: this.stack.queueUrl,
        MessageGroupId: group,
        MessageDeduplicationId: deduplicationId,
        MessageBody: body,
        MessageAttributes: Object.fromEntries(Object.entries(attributes).map(attribute)),
      }),
    );
  }

  /** Enqueues any text where services of AWS do. */
  sendToIngress(body, attributes = {}) {
    const attribute = ([name, StringValue]) => [name, { DataType: "String", StringValue }];
    return this.sqs.send(
      new SendMessageCommand({
        QueueUrl: this.stack.ingressUrl,
        MessageBody: body,
        MessageAttributes: Object.fromEntries(Object.entries(attributes).map(attribute)),
      }),
    );
  }

  /**
   * Waits until whatever was sent in a message group before has reached these clients or never will:
   * a later message of the group is handled after it.
   */
  async fence(group, ...clients) {
    const before = clients.map((client) => client.received("fence").length);
    const ids = await Promise.all(clients.map((client) => client.ownId()));
    await this.send(ids.map((connectionId) => ({ hub: this.hub, connectionId, target: "fence" })), { group });
    await Promise.all(clients.map((client, at) => client.receives("fence", before[at] + 1)));
  }

  /** Enqueues up to ten envelopes by one request, each as a message of its own; `group` may tell them apart. */
  async sendBatch(envelopes, { group = this.group(envelopes[0]) } = {}) {
    const entry = (envelope, at) => ({
      Id: String(at),
      MessageGroupId: typeof group === "function" ? group(envelope) : group,
      MessageDeduplicationId: randomUUID(),
      MessageBody: JSON.stringify(envelope),
    });
    const batch = { QueueUrl: this.stack.queueUrl, Entries: envelopes.map(entry) };
    const { Failed: failed = [] } = await this.sqs.send(new SendMessageBatchCommand(batch));
    if (failed.length > 0) throw new Error(`not enqueued: ${JSON.stringify(failed)}`);
  }

  /** Takes the next dead letter: its body and its attributes as plain texts. */
  async deadLetter() {
    const query = { QueueUrl: this.stack.dlqUrl, WaitTimeSeconds: 20 };
    const all = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] };
    const ask = () => this.sqs.send(new ReceiveMessageCommand({ ...query, ...all }));
    const { Messages: [letter] } = await poll(ask, ({ Messages: letters = [] }) => letters.length > 0, () => "no dead letter came");
    const { ReceiptHandle, Body: body, MessageAttributes: attributes = {} } = letter;
    await this.sqs.send(new DeleteMessageCommand({ QueueUrl: this.stack.dlqUrl, ReceiptHandle }));
    const plain = Object.entries(attributes).map(([name, { StringValue }]) => [name, StringValue]);
    return { body, ...Object.fromEntries(plain) };
  }

  /** How many messages a queue holds, received or not. */
  async depth(queueUrl = this.stack.queueUrl) {
    const { Attributes: counts } = await this.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ["All"] }),
    );
    return Number(counts.ApproximateNumberOfMessages) + Number(counts.ApproximateNumberOfMessagesNotVisible);
  }

  /** Waits until everything that was sent has been handled. */
  async quiet(queueUrl = this.stack.queueUrl) {
    await poll(() => this.depth(queueUrl), (depth) => depth === 0, () => "the queue is never empty");
  }
}
