// Starts the local stack of hubcast for tests of an app, as another program does: by its flags, its first line and
// its exit code.

import { Program } from "./program.js";
import { Stack } from "./stack.js";

export { Stack } from "./stack.js";

/** A stack of its own, on a free port; or the stack at `url`, which somebody else started and stops. */
export async function startHubcast({ program, flags = [], url = process.env.HUBCAST_URL } = {}) {
  if (url) return new Stack(url.replace(/\/$/, ""));
  const started = new Program(program ?? process.env.HUBCAST_LOCAL ?? "hubcast-local", ["--port", "0", ...flags]);
  return new Stack(await started.url, started);
}
