// Who is connected to the stack and what waits in its queues, as an operator sees it.

/** The counts right now, or as soon as they satisfy `wanted`. */
export async function counts(stack, wanted = () => true, patience = 20_000) {
  const until = Date.now() + patience;
  for (;;) {
    const found = await (await fetch(`${stack.url}/dev/counts`)).json();
    if (wanted(found)) return found;
    if (Date.now() > until) throw new Error(`the counts never came to be what was wanted: ${JSON.stringify(found)}`);
  }
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
