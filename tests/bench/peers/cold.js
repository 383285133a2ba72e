// A function as one would write it for Node 20, on the Runtime API: the publisher, or the answer to a ping.
//
//   AWS_LAMBDA_RUNTIME_API=host:port node cold.js publisher|ping URL

import { request } from "node:http";

const [, , kind, url] = process.argv;
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

function call(method, target, body) {
  return new Promise((resolve, reject) => {
    const asked = request(target, { method }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve({ id: answer.headers["lambda-runtime-aws-request-id"], text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

async function publisher() {
  const { ApiGatewayManagementApiClient, PostToConnectionCommand } = await import("@aws-sdk/client-apigatewaymanagementapi");
  const { DynamoDBClient, QueryCommand } = await import("@aws-sdk/client-dynamodb");
  const table = new DynamoDBClient({ endpoint: url });
  const gateway = new ApiGatewayManagementApiClient({ endpoint: `${url}/prod` });
  return async (event) => {
    for (const record of event.Records) {
      const { userId, target, arguments: args } = JSON.parse(record.body);
      const frame = Buffer.from(`${JSON.stringify({ type: 1, target, arguments: args })}\u001e`);
      const found = await table.send(new QueryCommand({
        TableName: "hubcast",
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": { S: `USER#notifications#${userId}` } },
      }));
      await Promise.all(found.Items.map((item) =>
        gateway.send(new PostToConnectionCommand({ ConnectionId: item.sk.S, Data: frame }))));
    }
    return { batchItemFailures: [] };
  };
}

const ping = async () => async () => ({ statusCode: 200, body: '{"type":6}\u001e' });

const handler = await { publisher, ping }[kind]();
while (true) {
  const { id, text } = await call("GET", `${api}/next`);
  await call("POST", `${api}/${id}/response`, JSON.stringify(await handler(JSON.parse(text))));
}
