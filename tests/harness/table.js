// The channel table, seen by the AWS SDK as an operator sees it.

import { DynamoDBClient, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";

const client = (stack) =>
  new DynamoDBClient({
    endpoint: stack.url,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });

const text = (value) => value.S ?? value.N ?? value.SS ?? value;

/** The rows of the table right now, or as soon as they satisfy `wanted`. */
export async function rows(stack, wanted = () => true, patience = 20_000) {
  const dynamodb = client(stack);
  const until = Date.now() + patience;
  for (;;) {
    const { Items: items = [] } = await dynamodb.send(new ScanCommand({ TableName: stack.table, ConsistentRead: true }));
    const found = items.map((item) =>
      Object.fromEntries(Object.entries(item).map(([name, value]) => [name, text(value)])),
    );
    if (wanted(found)) return found;
    if (Date.now() > until) throw new Error(`the table never came to hold what was wanted: ${JSON.stringify(found)}`);
  }
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
  const { Items: items = [] } = await dynamodb.send(new ScanCommand({ TableName: stack.table, ConsistentRead: true }));
  for (const item of items) {
    const changed = change(item);
    if (changed) await dynamodb.send(new PutItemCommand({ TableName: stack.table, Item: changed }));
  }
}
