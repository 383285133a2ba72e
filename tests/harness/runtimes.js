// Other people's languages: whether they are here, and how they run. Without its runtime a test is skipped.

import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PROGRAMS } from "./stack.js";

const run = promisify(execFile);

/** `make` installs boto3 and names the Python that has it; everything else is the reader's own. */
export const PYTHON = process.env.PYTHON ?? "python3";

/**
 * The environment of a reader who follows a document: `cargo` starts what is built already, and `hubcast` is installed.
 */
export const READER = {
  ...process.env,
  HUBCAST_PROGRAMS: PROGRAMS,
  CARGO: "cargo",
  // Not what the verb was given that runs the tests.
  MAKEFLAGS: "",
  PATH: [fileURLToPath(new URL("../stand-ins/bin", import.meta.url)), PROGRAMS, process.env.PATH].join(":"),
};

export const noBoto3 = !process.env.PYTHON && lacks("boto3", PYTHON, "-c", "import boto3");
export const noAwsCli = lacks("the AWS CLI", "aws", "--version");
export const noJq = lacks("jq", "jq", "--version");
export const noCurl = lacks("curl", "curl", "--version");
export const noJdk = lacks("a JDK", "javac", "--version");

/** Why a test that needs a program is skipped; false when it is not. */
function lacks(what, program, ...args) {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return false;
  } catch {
    return `${what} is not installed`;
  }
}

/**
 * Compiles a class and runs its main: over the AWS SDK where AWS_SDK_CLASSPATH names its jars, and over
 * stand-ins of its few types where it does not.
 */
export async function runJava(file, args, options) {
  const sdk = process.env.AWS_SDK_CLASSPATH;
  const standIns = fileURLToPath(new URL("../stand-ins/java", import.meta.url));
  const classes = await mkdtemp(join(tmpdir(), "hubcast-java-"));
  try {
    const types = sdk ? ["-cp", sdk] : ["-sourcepath", standIns];
    await run("javac", [...types, "-Xlint:all", "-Werror", "-d", classes, file]);
    const path = [classes, sdk].filter(Boolean).join(":");
    return await run("java", ["-cp", path, basename(file, ".java"), ...args], options);
  } finally {
    await rm(classes, { recursive: true });
  }
}
