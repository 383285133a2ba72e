// Every function may do what it did in the stories, and nothing else.
// MiniStack enforces IAM, so that what is missing makes stories fail; what is too much is found here.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

const { template, used, rows, denied, errors } = JSON.parse(readFileSync(process.env.HUBCAST_RECORDED, "utf8"));

/** Permissions that no story can use, and why they are there all the same. */
const NOT_SEEN = {
  "kms:Decrypt": "is used by the services themselves, when the access keys are under a key of one's own",
  "sqs:ReceiveMessage": "is used by Lambda's event source in the function's name",
  "sqs:DeleteMessage": "is used by Lambda's event source in the function's name",
  "sqs:GetQueueAttributes": "is used by Lambda's event source in the function's name",
  "upstream dynamodb:PutItem": "notes a connection that its endpoint refused: stories/webhook-refusals.test.js",
  "upstream dynamodb:DeleteItem": "takes such a note away, in the same stories",
};

/** Kinds of rows that no story here touches, and why a function may touch them. */
const ROWS_NOT_SEEN = {
  "rest GRANT#*": "holds the groups of a refreshed connection that have no room in its claims",
};

const list = (value) => (Array.isArray(value) ? value : [value]);

/** The statements of a policy, of all branches of its conditions. */
function statements(value) {
  if (value["Fn::If"]) return value["Fn::If"].slice(1).flatMap(statements);
  return value.Ref === "AWS::NoValue" ? [] : [value];
}

/** The actions of a statement; each verb of the management API counts for itself. */
function actionsOf({ Action: action, Resource: resource }) {
  if (action !== "execute-api:ManageConnections") return list(action);
  return list(resource).map((arn) => `${action} ${/\/prod\/(\w+)\/@connections\/\*$/.exec(arn["Fn::Sub"])[1]}`);
}

/** The kinds of rows that a statement allows, such as `TOKEN#*`. */
const kindsOf = ({ Condition: condition }) => condition?.["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] ?? [];

const functions = Object.values(template.Resources).filter(({ Type: type }) => type === "AWS::Serverless::Function");
const allowed = Object.fromEntries(
  functions.map(({ Metadata: { BuildProperties: build }, Properties: { Policies: policies } }) => [
    build.Binary,
    policies.flatMap(({ Statement: all }) => all).flatMap(statements),
  ]),
);

describe("the policy of every function", () => {
  it("allowed everything that it did", () => assert.deepEqual(denied, []));

  for (const [name, policy] of Object.entries(allowed)) {
    it(`names what ${name} did`, () => {
      const actions = new Set(policy.flatMap(actionsOf));
      assert.deepEqual(used[name].filter((action) => !actions.has(action)), []);
    });

    it(`names resources by their ARNs for everything that ${name} may do`, () => {
      // A plain text would be a pattern such as *.
      for (const { Resource: resource } of policy) assert.ok(list(resource).every((one) => typeof one === "object"));
    });
  }

  for (const [name, policy] of Object.entries(allowed).filter(([name]) => name !== "group-join")) {
    it(`names nothing that ${name} never did`, () => {
      const known = (action) => NOT_SEEN[action] ?? NOT_SEEN[`${name} ${action}`];
      const unused = policy.flatMap(actionsOf).filter((action) => !used[name].includes(action) && !known(action));
      assert.deepEqual(unused, []);
    });
  }

  // MiniStack does not look at leading keys.
  for (const [name, policy] of Object.entries(allowed)) {
    const kinds = policy.flatMap(kindsOf).sort();
    if (kinds.length === 0) continue;
    it(`names the kinds of rows that ${name} touched`, () => {
      const touched = rows[name].map((kind) => (kind === "CONFIG" ? kind : `${kind}#*`));
      assert.deepEqual(kinds.filter((kind) => touched.includes(kind) || !ROWS_NOT_SEEN[`${name} ${kind}`]), touched);
    });
  }

  // A frame that a client sends ends in 0x1E and reaches $default here, so that group-join does little.
  it("is the same for group-join and message, which share a handler", () => {
    assert.deepEqual(allowed["group-join"], allowed.message);
  });

  it("has no exception that is not needed", () => {
    const seen = new Set(Object.values(used).flat());
    assert.deepEqual(Object.keys(NOT_SEEN).filter((action) => seen.has(action)), []);
  });
});

describe("the functions", () => {
  it("logged no error while the stories were told", (t) => {
    // An authorizer has to fail with exactly this text, so that API Gateway answers 401; and one endpoint fails once.
    const meant = ['"message":"Unauthorized"', "the endpoint answered 503"];
    // One process stands for all services: on a busy machine it answers late, and no function can help it.
    const late = ["answering a frame took too long", "it does not answer"];
    const says = (texts) => (line) => texts.some((text) => line.includes(text));
    for (const line of errors.filter(says(late))) t.diagnostic(`the emulator was late: ${line}`);
    assert.deepEqual(errors.filter((line) => !says([...meant, ...late])(line)), []);
  });
});
