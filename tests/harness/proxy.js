// A network between a browser and the stack that can fail.

import { connect, createServer } from "node:net";
import { reset } from "./reset.js";

/** Starts it; `url` stands for the stack's. */
export async function startProxy(stack) {
  const open = new Set();
  const server = createServer((near) => {
    const far = connect(Number(new URL(stack.url).port), "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Drops everything that is connected, without a word. */
    cut() {
      for (const socket of open) reset(socket);
    },
    stop() {
      this.cut();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
