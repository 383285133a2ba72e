// Who is connected to the stack and what waits in its queues, as an operator sees it.

import { poll } from "./poll.js";

/** The counts right now, or as soon as they satisfy `wanted`. */
export function counts(stack, wanted = () => true) {
  const ask = async () => (await fetch(`${stack.url}/dev/counts`)).json();
  return poll(ask, wanted, (found) => `the counts never came to be what was wanted: ${JSON.stringify(found)}`);
}

/** Waits until these users hear everything, on so many connections in all. */
export function heard(stack, users, connections = users.length) {
  return counts(stack, ({ hubs: { notifications: hub } }) => {
    const had = users.map((user) => hub?.users[user] ?? 0);
    return !had.includes(0) && had.reduce((sum, count) => sum + count) >= connections;
  });
}

/** Waits until everything that was sent has been handled. */
export function quiet(stack) {
  return counts(stack, ({ queues }) => queues.notifications + queues.deliveries === 0);
}
