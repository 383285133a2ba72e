// A backend in Node: npm install @aws-sdk/client-sqs
//
// node notify.mjs role alice admin | log-out alice | licence acme pro | toast "Maintenance at ten."

import { createHash, randomUUID } from "node:crypto";

const USAGE = "usage: QUEUE_URL=.. node notify.mjs role USER ROLE | log-out USER | licence GROUP PLAN | toast TEXT";
const HUB = "notifications";
const QUEUE_URL = process.env.QUEUE_URL;

/** What must stay in order shares a group; names that SQS does not take go as their digest. */
function messageGroup(channel) {
  const name = `${HUB}:${channel}`;
  return /^[!-~]{1,128}$/.test(name) ? name : createHash("sha256").update(name).digest("hex");
}

async function send(channel, envelope) {
  // Loaded here, so that the usage line needs no SDK.
  const { SendMessageCommand, SQSClient } = await import("@aws-sdk/client-sqs");
  // Region, credentials and, for the local stack, the endpoint come from the environment, as for every AWS SDK.
  return new SQSClient({}).send(
    new SendMessageCommand({
      QueueUrl: QUEUE_URL,
      MessageGroupId: messageGroup(channel),
      // Two sends of the same text are two notifications; use an id of your own to send something once.
      MessageDeduplicationId: randomUUID(),
      MessageBody: JSON.stringify(envelope),
    }),
  );
}

const commands = {
  role: (user, role) => send(`user:${user}`, { userId: user, target: "permissionsChanged", arguments: [{ role }] }),

  /** In one message, so that the tabs are told before they are closed. */
  "log-out": (user) =>
    send(`user:${user}`, [
      { userId: user, target: "log_off_initiated" },
      { userId: user, action: "close", reason: "You have been signed out." },
    ]),

  licence: (group, plan) =>
    send(`group:${group}`, { groupName: group, target: "licenceChanged", arguments: [{ plan }] }),

  toast: (text) => send("hub", { everyone: true, target: "toast", arguments: [text] }),
};

const [name, ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name ?? "") ? commands[name] : undefined;
if (!QUEUE_URL || command?.length !== args.length) {
  console.error(USAGE);
  process.exit(2);
}
await command(...args);
