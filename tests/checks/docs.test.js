// Every command of the documents is run: here, or by the test that ./commands.js names; or it is marked in one of
// three ways, each of which says to the reader what to expect.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { KEEP_ALIVE_MILLISECONDS, SERVER_TIMEOUT_MILLISECONDS } from "@hubcast/client";
import { blocks, commands, text } from "../harness/docs.js";
import { fault } from "./answers.js";
import { ELSEWHERE, HERE, PAGES_ELSEWHERE } from "./commands.js";
import { Makefile } from "./makefile.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const guides = readdirSync(`${ROOT}/docs`).filter((name) => name.endsWith(".md"));
const PAGES = [
  "README.md",
  ...guides.map((name) => `docs/${name}`),
  "docs/adr/README.md",
  "docs/examples/README.md",
  "infra/web/client-js/README.md",
  "infra/testing/node/README.md",
  "infra/testing/python/README.md",
  "SECURITY.md",
  "tests/stack/README.md",
];
const MARK = /needs? an AWS account|takes long: not part of `?make test`?|run by no test/;

const makefile = new Makefile(text("Makefile"));

/** Whether `make test`, which CI runs, does what the command does. */
const isInCi = (command) => /^make [a-z]+$/.test(command) && makefile.covers("test", command.slice("make ".length));

const found = PAGES.flatMap((page) => commands(text(page)).map((command) => ({ page, ...command })));
/** Commands for which somebody has to answer. */
const unmarked = found.filter(({ page, language, command, context }) => {
  const isOfPage = language === "sh" && page in PAGES_ELSEWHERE;
  return !MARK.test(context) && !isOfPage && !isInCi(command);
});

test("every command of the documents is run by a test or marked", () => {
  assert.ok(found.length > 100, `${found.length} commands were found`);
  const loose = unmarked.filter(({ command }) => !HERE.includes(command) && !(command in ELSEWHERE));
  assert.deepEqual(loose.map(({ page, command }) => `${page}: ${command}`), [], "run it, name its test in commands.js, or mark it");
});

test("those who answer for commands are there, and know them", () => {
  const wrong = Object.entries({ ...ELSEWHERE, ...PAGES_ELSEWHERE }).map(([command, answer]) => [command, fault(answer, makefile)]);
  assert.deepEqual(wrong.filter(([, why]) => why).map(([command, why]) => `${command}: ${why}`), []);
});

test("no test is named for a command that no document has, or that is marked", () => {
  const needed = new Set(unmarked.map(({ command }) => command));
  assert.deepEqual([...HERE, ...Object.keys(ELSEWHERE)].filter((command) => !needed.has(command)), []);
});

test("CI runs what `make test` reaches", () => {
  assert.match(text(".ci/run"), /^exec make test$/m);
  for (const verb of ["lint", "clippy", "unit", "stories", "infra", "stack", "browser"]) assert.ok(isInCi(`make ${verb}`), verb);
});

test("commands stand in blocks of sh or console, or between backticks", () => {
  const others = PAGES.flatMap((page) => blocks(text(page)).filter(({ language }) => !["sh", "console"].includes(language)));
  const hidden = others.flatMap(({ body }) => body.split("\n").filter((line) => commands(`\`${line.trim()}\``).length > 0));
  assert.deepEqual(hidden, []);
});

describe("as the documents say it,", () => {
  const run = (command) => promisify(execFile)("sh", ["-c", command], { cwd: ROOT, env: { ...process.env, MAKEFLAGS: "--no-print-directory" } });

  test("`make` lists the verbs, of which the guide for contributors leaves none out", async () => {
    const { stdout } = await run("make");
    const verbs = [...stdout.matchAll(/^ {2}make (\S+)/gm)].map(([, verb]) => verb);
    assert.ok(verbs.length > 20, stdout);
    const guide = text("docs/CONTRIBUTING.md");
    assert.deepEqual(verbs.filter((verb) => verb !== "help" && !new RegExp(`\`(make )?${verb}[\` ]`).test(guide)), []);
  });

  test("`make cost` prints the table, and the calculator any other case", async () => {
    const { stdout } = await run("make cost");
    const printed = stdout.slice(stdout.indexOf("|")).trim().split("\n\n");
    assert.equal(printed.length, 4);
    for (const each of printed) assert.ok(text("docs/OPERATIONS.md").includes(each), each);
    const other = HERE.find((command) => command.startsWith("node infra/cloud/cost/cost.mjs"));
    assert.match((await run(other)).stdout, /^hubcast +\d+$/m);
  });

  test("`make dotnet` says so where there is no .NET SDK, and succeeds", async () => {
    const { stdout } = await run("make dotnet DOTNET=/nowhere/dotnet");
    assert.equal(stdout, "skipped: no .NET SDK\n");
  });

  test("`make dotnet` builds, tests by the local stack, and packs where there is one", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "dotnet-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const sdk = `${folder}/dotnet`;
    writeFileSync(sdk, `#!/bin/sh\n[ "$1" = --version ] || echo "$PWD $HUBCAST_LOCAL $1" >> ${folder}/calls\n`, { mode: 0o755 });
    await run(`make dotnet DOTNET=${sdk} PROGRAMS=true`);
    const packages = join(ROOT, "infra/dotnet");
    const calls = readFileSync(`${folder}/calls`, "utf8").trim().split("\n").map((line) => line.split(" "));
    assert.deepEqual(calls.map(([at, , verb]) => [at, verb]), ["build", "test", "pack"].map((verb) => [packages, verb]));
    assert.equal(calls[1][1], join(ROOT, "target/debug/hubcast-local"));
  });

  test("`make dotnet` fails when a test fails", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "dotnet-"));
    t.after(() => rmSync(folder, { recursive: true }));
    writeFileSync(`${folder}/dotnet`, `#!/bin/sh\n[ "$1" != test ]\n`, { mode: 0o755 });
    await assert.rejects(run(`make dotnet DOTNET=${folder}/dotnet PROGRAMS=true`));
  });

  test("`make configuration` writes the page that is there", async () => {
    const before = text("docs/CONFIGURATION.md");
    await run("make configuration");
    assert.equal(text("docs/CONFIGURATION.md"), before);
  });

  test("`make capacity` writes the page that is there, and the calculator knows any other case", async () => {
    const before = text("docs/CAPACITY.md");
    await run("make capacity");
    assert.equal(text("docs/CAPACITY.md"), before);
    const other = HERE.find((command) => command.startsWith("node infra/cloud/cost/capacity.mjs"));
    assert.match((await run(other)).stdout, /^sockets +75,000$/m);
  });

  test("`make inline` leaves the front door's template as it is", async () => {
    const before = text("infra/cloud/front-door.yaml");
    await run("make inline");
    assert.equal(text("infra/cloud/front-door.yaml"), before);
  });
});

test("every keep-alive of the documents and examples is the client package's", () => {
  const pages = [...PAGES, "docs/examples/angular/src/app/notification.service.ts"];
  const settings = /(keepAliveIntervalInMilliseconds = |serverTimeoutInMilliseconds = |withKeepAliveInterval\(|withServerTimeout\()([\d_]+)/g;
  const told = pages.flatMap((page) => [...text(page).matchAll(settings)].map(([, name, value]) => ({ page, name, value })));
  assert.ok(told.length >= 10, `${told.length}`);
  for (const { page, name, value } of told) {
    const wanted = /keepAlive/i.test(name) ? KEEP_ALIVE_MILLISECONDS : SERVER_TIMEOUT_MILLISECONDS;
    assert.equal(Number(value.replaceAll("_", "")), wanted, `${page}: ${name}`);
  }
  assert.ok(2 * KEEP_ALIVE_MILLISECONDS < SERVER_TIMEOUT_MILLISECONDS, "the guide says so");
  assert.ok(SERVER_TIMEOUT_MILLISECONDS < 600_000, "so does API Gateway's idle limit");
});

test("every example that builds a connection sets its keep-alive", () => {
  // A test lasts for seconds, against a local stack.
  const builders = PAGES.filter((page) => page !== "docs/TESTING.md").flatMap((page) => text(page).split("```").filter((_, at) => at % 2 === 1).map((block) => ({ page, block })))
    .filter(({ block }) => /new HubConnectionBuilder\(\)/.test(block));
  assert.ok(builders.length >= 2);
  for (const { page, block } of builders) assert.match(block, /keepAliveIntervalInMilliseconds[^]*serverTimeoutInMilliseconds/, page);
});

test("links within the documents lead somewhere", () => {
  const slug = (heading) => heading.toLowerCase().replaceAll("`", "").replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  const anchors = (page) => [...text(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => `#${slug(heading)}`);
  const links = PAGES.flatMap((page) => [...text(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => ({ page, link })));
  assert.ok(links.length > 100);
  const broken = links.filter(({ page, link }) => {
    if (/^https?:/.test(link)) return false;
    const [, file, anchor] = link.match(/^([^#]*)(#.*)?$/);
    const target = file ? join(dirname(page), file) : page;
    return !existsSync(`${ROOT}/${target}`) || (anchor && !anchors(target).includes(anchor));
  });
  assert.deepEqual(broken, []);
});

test("files and folders that the documents name are there", () => {
  const named = /`((?:shared|functions|infra|tests|docs)\/[\w./-]+)`/g;
  const paths = PAGES.flatMap((page) => [...text(page).matchAll(named)].map(([, path]) => ({ page, path })));
  assert.ok(paths.length > 100, `${paths.length} paths were found`);
  // Tests make what is in artefacts.
  const missing = paths.filter(({ path }) => !path.startsWith("tests/artefacts/") && !existsSync(`${ROOT}/${path}`));
  assert.deepEqual(missing, []);
});
