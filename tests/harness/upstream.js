// A backend that hears of clients: it reads the upstream queue and answers by envelopes.

import { DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { Backend } from "./backend.js";
import { Condition } from "./client.js";

/** Reads the upstream queue until it is stopped; remembers every event, in the order of arrival. */
export class UpstreamBackend extends Condition {
  #reading;
  #isStopped = false;

  /** `answer` is asked for the outcome of every call: `{result}`, `{error}`, or nothing at all. */
  constructor(stack, answer = () => undefined) {
    super();
    this.stack = stack;
    this.backend = new Backend(stack);
    this.answer = answer;
    this.events = [];
    this.#reading = this.#read();
  }

  async #read() {
    const QueueUrl = this.stack.queue("upstream");
    const query = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, MessageSystemAttributeNames: ["All"] };
    while (!this.#isStopped) {
      const { Messages: messages = [] } = await this.backend.sqs.send(new ReceiveMessageCommand(query));
      for (const { ReceiptHandle, Body, Attributes } of messages) {
        await this.#take({ ...JSON.parse(Body), body: Body, group: Attributes.MessageGroupId, deduplicationId: Attributes.MessageDeduplicationId });
        await this.backend.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  }

  async #take(event) {
    this.events.push(event);
    this.notify();
    const outcome = event.invocationId && this.answer(event);
    if (outcome) await this.complete(event, outcome);
  }

  /** Answers a call. */
  complete({ hub, connectionId, invocationId }, outcome) {
    return this.backend.send({ hub, connectionId, invocationId, ...outcome });
  }

  /** What was heard of a connection so far. */
  of(connectionId) {
    return this.events.filter((event) => event.connectionId === connectionId);
  }

  /** Waits for the first event that is like this. */
  async first(isIt, what) {
    await this.until(() => this.events.some(isIt), what);
    return this.events.find(isIt);
  }

  /** Waits until `count` events of a connection were heard; answers all of them. */
  async hears(connectionId, count) {
    await this.until(() => this.of(connectionId).length >= count, `${count} event(s) of ${connectionId}`);
    return this.of(connectionId);
  }

  async stop() {
    this.#isStopped = true;
    await this.#reading;
  }
}
