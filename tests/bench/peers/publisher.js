// The publisher as one would write it for Node 20: AWS SDK v3, kept connections, Promise.all.
//
//   node publisher.js URL SOCKETS NOTIFICATIONS INVOCATIONS

import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import { readFileSync } from "node:fs";

const [url, sockets, notifications, invocations] = process.argv.slice(2);
const WARM_UPS = 5;

const settings = {
  region: "eu-west-1",
  credentials: { accessKeyId: "ASIAIOSFODNN7EXAMPLE", secretAccessKey: "secret", sessionToken: "t".repeat(900) },
  requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true, maxSockets: 50 }) }),
};
const table = new DynamoDBClient({ ...settings, endpoint: url });
const gateway = new ApiGatewayManagementApiClient({ ...settings, endpoint: `${url}/prod` });

async function socketsOf(user) {
  const found = [];
  let start;
  do {
    const page = await table.send(new QueryCommand({
      TableName: "hubcast",
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: `USER#notifications#${user}` } },
      ExclusiveStartKey: start,
    }));
    found.push(...page.Items.map((item) => item.sk.S));
    start = page.LastEvaluatedKey;
  } while (start);
  return found;
}

async function handler(event) {
  for (const record of event.Records) {
    const { userId, target, arguments: args } = JSON.parse(record.body);
    const frame = Buffer.from(`${JSON.stringify({ type: 1, target, arguments: args })}\u001e`);
    const found = await socketsOf(userId);
    await Promise.all(found.map((ConnectionId) =>
      gateway.send(new PostToConnectionCommand({ ConnectionId, Data: frame }))));
  }
  return { batchItemFailures: [] };
}

const body = JSON.stringify({ userId: `u${sockets}`, target: "permissionsChanged", arguments: [{ role: "r".repeat(125) }] });
const event = JSON.stringify({ Records: Array.from({ length: Number(notifications) }, () => ({ body })) });
for (let n = 0; n < WARM_UPS; n++) await handler(JSON.parse(event));
const [cpu, start] = [process.cpuUsage(), performance.now()];
for (let n = 0; n < Number(invocations); n++) await handler(JSON.parse(event));
const { user, system } = process.cpuUsage(cpu);
const wallMicros = Math.round((performance.now() - start) * 1000);
const [, peakKiB] = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"));
console.log(JSON.stringify({ cpuMicros: user + system, wallMicros, peakKiB: Number(peakKiB) }));
process.exit(0);
