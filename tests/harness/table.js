// The channel table, seen by the AWS SDK as an operator sees it.

import { DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { poll } from "./poll.js";

const client = (stack) =>
  new DynamoDBClient({
    endpoint: stack.url,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

const text = (value) => value.S ?? value.N ?? value.SS ?? value;

/** The rows of the table right now, or as soon as they satisfy `wanted`. */
export function rows(stack, wanted = () => true) {
  const dynamodb = client(stack);
  const row = (item) => Object.fromEntries(Object.entries(item).map(([name, value]) => [name, text(value)]));
  const ask = async () => (await scan(dynamodb, stack)).map(row);
  return poll(ask, wanted, (found) => `the table never came to hold what was wanted: ${JSON.stringify(found)}`);
}

/** All items right now, in the SDK's own form. */
async function scan(dynamodb, stack) {
  const { Items: items = [] } = await dynamodb.send(new ScanCommand({ TableName: stack.table, ConsistentRead: true }));
  return items;
}

/**
 * Waits until clients hear everything. A client is started as soon as it reads the handshake's answer,
 * which must come before anything else, so its channels are written a moment later.
 */
export async function settled(stack, ...tabs) {
  const isReady = (all) => (tab) => all.some(({ state, connectionId }) => state === "ready" && connectionId === tab.id);
  await rows(stack, (all) => tabs.every(isReady(all)));
}

/** Puts a copy of a row, changed by `change`, in the SDK's own form. */
export async function copyRows(stack, change) {
  const dynamodb = client(stack);
  for (const item of await scan(dynamodb, stack)) {
    const changed = change(item);
    if (changed) await dynamodb.send(new PutItemCommand({ TableName: stack.table, Item: changed }));
  }
}
