// Services of AWS as producers, each as the emulator has them: what they write, and what the policy of the
// queue allows. The emulator knows no pipe from a queue to a queue.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { startStack } from "../harness/stack.js";
import { MiniStack } from "./ministack.js";

const QUEUE = "arn:aws:sqs:us-east-1:000000000000:hubcast-ingress";
const ROLE = "arn:aws:iam::000000000000:role/scheduler";

describe("the ingress queue of a deployment", () => {
  const services = MiniStack.at(process.env.HUBCAST_SERVICES);
  let stack, backend;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
  });
  after(() => stack.stop());

  const envelope = (userId) => JSON.stringify({ userId, target: "notify", arguments: ["news"] });

  /** A topic with the queue as a subscriber. */
  async function topic(name, attributes = {}) {
    const form = { Action: "CreateTopic", Name: name, Version: "2010-03-31" };
    const [, arn] = /<TopicArn>(.+?)<\/TopicArn>/.exec(await services.ask("sns", form));
    const subscribe = { Action: "Subscribe", Version: "2010-03-31", TopicArn: arn, Protocol: "sqs", Endpoint: QUEUE };
    const entries = Object.entries(attributes).flatMap(([key, value], at) => [
      [`Attributes.entry.${at + 1}.key`, key],
      [`Attributes.entry.${at + 1}.value`, value],
    ]);
    await services.ask("sns", { ...subscribe, ...Object.fromEntries(entries) });
    return arn;
  }

  const publish = (TopicArn, Message) => services.ask("sns", { Action: "Publish", Version: "2010-03-31", TopicArn, Message });

  /** A rule for a source with the queue as its target. */
  async function rule(source, target = {}) {
    const Name = source;
    await services.call("events", "AWSEvents.PutRule", { Name, EventPattern: JSON.stringify({ source: [source] }) });
    await services.call("events", "AWSEvents.PutTargets", { Rule: Name, Targets: [{ Id: "1", Arn: QUEUE, ...target }] });
  }

  const putEvent = (Source, Detail) =>
    services.call("events", "AWSEvents.PutEvents", { Entries: [{ Source, DetailType: "changed", Detail }] });

  const schedule = (name, Input) =>
    services.put("scheduler", `/schedules/${name}`, {
      ScheduleExpression: `at(${new Date(Date.now() - 1000).toISOString().slice(0, 19)})`,
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: QUEUE, RoleArn: ROLE, Input },
    });

  const WAYS = {
    async "a topic of SNS"(user) {
      await publish(await topic("allowed-wrapped"), envelope(user));
    },
    async "a topic with raw delivery"(user) {
      await publish(await topic("allowed-raw", { RawMessageDelivery: "true" }), envelope(user));
    },
    async "a rule of EventBridge"(user) {
      await rule("app.whole");
      await putEvent("app.whole", envelope(user));
    },
    async "a rule with the input path $.detail"(user) {
      await rule("app.detail", { InputPath: "$.detail" });
      await putEvent("app.detail", envelope(user));
    },
    async "a schedule"(user) {
      await schedule("once", envelope(user));
    },
    async "a plain sender"(user) {
      await backend.sendToIngress(envelope(user));
    },
  };

  for (const [who, send] of Object.entries(WAYS)) {
    it(`takes an envelope from ${who}`, async () => {
      const tab = await signedIn(stack, who);
      await send(who);
      assert.deepEqual(await tab.receives("notify"), [["news"]]);
      await tab.stop();
    });
  }

  it("takes nothing from a topic that IngressSources does not name", async () => {
    const tab = await signedIn(stack, "nobody");
    await publish(await topic("foreign"), envelope("nobody"));
    // By the same service, later.
    await publish(await topic("allowed-later"), envelope("nobody"));
    assert.deepEqual(await tab.receives("notify"), [["news"]]);
    await tab.stop();
  });

  it("keeps what is wrong among the dead letters of the notifications queue", async () => {
    await publish(await topic("allowed-wrong"), JSON.stringify({ usrId: "alice" }));
    const letter = await backend.deadLetter();
    assert.deepEqual([letter.body, letter.RejectReason], ['{"usrId":"alice"}', "UnknownProperty"]);
  });
});
