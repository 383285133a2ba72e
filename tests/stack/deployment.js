// template.yaml deployed on MiniStack by `sam deploy`, with a front door and a recorder around it.

import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ACCESS_KEY } from "../harness/jwt.js";
import { Front, WEBHOOK } from "./front.js";
import { Issuer } from "./issuer.js";
import { CREDENTIALS, MiniStack } from "./ministack.js";
import { Recorder } from "./recorder.js";

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
export const FOLDER = root("target/stack");
const BUCKET = "code";
/** DynamoDB's own limit. */
const BATCH_MAX = 25;
export const STACK = "hubcast";
const KEY_PARAMETER = "/hubcast/access-keys";
/** The lists of issuers that functions read from parameters after a second deployment. */
const ISSUER_LISTS = { TokenIssuers: "/hubcast/token-issuers", RestIssuers: "/hubcast/rest-issuers" };

/** Runs a program of the environment that holds SAM. */
async function run(program, args, env = {}) {
  const { PATH, HOME } = process.env;
  const options = { cwd: FOLDER, env: { PATH, HOME, SAM_CLI_TELEMETRY: "0", ...env }, maxBuffer: 1 << 26 };
  try {
    return (await promisify(execFile)(root(`.venv/sam/bin/${program}`), args, options)).stdout;
  } catch (error) {
    throw new Error(`${program} failed: ${error.stdout}\n${error.stderr}`);
  }
}

export class Deployment {
  /** `parameters` are those of the template. */
  static async start(parameters) {
    const deployment = new Deployment();
    await rm(FOLDER, { recursive: true, force: true });
    await mkdir(FOLDER, { recursive: true });
    deployment.ministack = await MiniStack.start(FOLDER);
    deployment.recorder = new Recorder();
    deployment.front = new Front();
    try {
      await deployment.#deploy(parameters);
    } catch (error) {
      await deployment.stop();
      throw error;
    }
    return deployment;
  }

  async #deploy(parameters) {
    const { ministack, front } = this;
    const url = await front.start();
    const issuer = new Issuer(url);
    await this.#prepare();
    await ministack.makeBucket(BUCKET);
    const issuers = { TokenIssuers: JSON.stringify(issuer.settings), RestIssuers: JSON.stringify(issuer.restSettings) };
    this.parameters = { PublicUrl: url, UpstreamUrl: `${url}${WEBHOOK}`, ...issuers, ...parameters };
    await this.#sam(this.parameters);
    this.outputs = await this.#outputs();
    const { HttpApiId: httpApi, WebSocketApiId: webSocketApi, AccessKeyPlace: SecretId, TableName: table } = this.outputs;
    // The stories know the local stack's key.
    const SecretString = JSON.stringify({ primary: ACCESS_KEY });
    await ministack.call("secretsmanager", "secretsmanager.PutSecretValue", { SecretId, SecretString });
    this.table = table;
    this.webSocketUrl = `${ministack.url}/_aws/execute-api/${webSocketApi}/prod`;
    const reset = () => this.reset();
    const fail = ({ socket, status }) => (this.recorder.fault = status ? { socket, status } : undefined);
    const moveKeys = (keys) => this.#moveKeys(keys);
    const restoreTable = (name) => this.#restoreTable(name);
    const useTable = (name) => this.#useTable(name);
    front.deployment = { port: ministack.port, httpApi, webSocketApi, issuer, reset, fail, moveKeys, restoreTable, useTable };
  }

  /** Deploys once more, with these access keys and the lists of issuers in parameters; the secret is deleted. */
  async #moveKeys(keys) {
    const put = (Name, Type, Value) => this.ministack.call("ssm", "AmazonSSM.PutParameter", { Name, Type, Value });
    await put(KEY_PARAMETER, "SecureString", keys);
    this.parameters = { ...this.parameters, AccessKeyParameter: KEY_PARAMETER };
    for (const [list, name] of Object.entries(ISSUER_LISTS)) {
      await put(name, "String", this.parameters[list]);
      this.parameters = { ...this.parameters, [list]: "[]", [`${list}Parameter`]: name };
    }
    await this.#changeFunctions("keys");
    await this.#sam(this.parameters);
  }

  /** Makes a table with the rows of this moment, as a restore does; a restored table has no more settings than that. */
  async #restoreTable(TableName) {
    const key = (AttributeName, KeyType) => ({ AttributeName, KeyType });
    const KeySchema = [key("pk", "HASH"), key("sk", "RANGE")];
    const AttributeDefinitions = KeySchema.map(({ AttributeName }) => ({ AttributeName, AttributeType: "S" }));
    const made = { TableName, KeySchema, AttributeDefinitions, BillingMode: "PAY_PER_REQUEST" };
    await this.ministack.call("dynamodb", "DynamoDB_20120810.CreateTable", made);
    const { Items: items } = await this.ministack.call("dynamodb", "DynamoDB_20120810.Scan", { TableName: this.table });
    await this.#writeAll(TableName, items.map((Item) => ({ PutRequest: { Item } })));
  }

  /** Deploys once more, with this table. */
  async #useTable(name) {
    this.parameters = { ...this.parameters, ExistingTable: name };
    await this.#changeFunctions("rows");
    await this.#sam(this.parameters);
    this.table = name;
  }

  async #writeAll(table, requests) {
    for (let at = 0; at < requests.length; at += BATCH_MAX) {
      const RequestItems = { [table]: requests.slice(at, at + BATCH_MAX) };
      await this.ministack.call("dynamodb", "DynamoDB_20120810.BatchWriteItem", { RequestItems });
    }
  }

  /** A parameter of the template alone makes SAM publish no version (aws/serverless-application-model#3820). */
  async #changeFunctions(what) {
    const copy = JSON.parse(await readFile(`${FOLDER}/template.json`, "utf8"));
    for (const { Type: type, Properties: properties } of Object.values(copy.Resources)) {
      if (type === "AWS::Serverless::Function") properties.Description += `, with ${what} from elsewhere`;
    }
    await writeFile(`${FOLDER}/template.json`, JSON.stringify(copy));
  }

  /** Writes the copy that is deployed, and reads the original. */
  async #prepare() {
    const names = await readdir(root("functions"));
    const port = this.ministack.port;
    const endpoints = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await this.recorder.endpoint(name, port)])),
    );
    await run("python", [root("tests/stack/prepare.py"), JSON.stringify({ folder: FOLDER, endpoints })]);
    this.template = JSON.parse(await readFile(`${FOLDER}/original.json`, "utf8"));
  }

  #env() {
    return { ...CREDENTIALS, AWS_ENDPOINT_URL: this.ministack.url, SAM_CLI_POLL_DELAY: "0.5" };
  }

  async #sam(parameters) {
    const quoted = Object.entries(parameters).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    const where = ["--template-file", "template.json", "--stack-name", STACK, "--s3-bucket", BUCKET];
    const how = ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"];
    await run("sam", ["deploy", ...where, ...how, "--parameter-overrides", ...quoted], this.#env());
  }

  async #outputs() {
    const text = await run("sam", ["list", "stack-outputs", "--stack-name", STACK, "--output", "json"], this.#env());
    return Object.fromEntries(JSON.parse(text).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  }

  /** Empties the table and the queues. Warm functions remember that they wrote the CONFIG row. */
  async reset() {
    const { ministack, table, outputs } = this;
    const { Items: items } = await ministack.call("dynamodb", "DynamoDB_20120810.Scan", { TableName: table });
    const deletes = items.filter((item) => item.pk.S !== "CONFIG").map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } }));
    await this.#writeAll(table, deletes);
    for (const QueueUrl of [outputs.NotificationsQueueUrl, outputs.DeadLetterQueueUrl]) {
      await ministack.call("sqs", "AmazonSQS.PurgeQueue", { QueueUrl });
    }
  }

  /** What functions logged as an error. */
  async errors() {
    const logs = await Promise.all([...this.recorder.actions.keys()].map((name) => this.#log(name)));
    return logs.flat().filter((line) => line.includes('"level":"ERROR"'));
  }

  async #log(name) {
    // An answer holds 10,000 lines: without the pattern errors could be cut off.
    const query = { logGroupName: `/aws/lambda/${STACK}-${name}`, filterPattern: "ERROR" };
    const { events = [] } = await this.ministack.call("logs", "Logs_20140328.FilterLogEvents", query);
    return events.map(({ message }) => message);
  }

  async stop() {
    this.front.stop();
    this.recorder.stop();
    await this.ministack.stop();
    await rm(FOLDER, { recursive: true, force: true });
  }
}
