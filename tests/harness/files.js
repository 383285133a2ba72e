// How many files a process may have open: each socket is one, here and in the stack, which inherits the limit.

/** What a process of a story has open besides its sockets: programs, pipes, modules. */
const OTHERS = 200;

/** Fails at once, and says what to do, when so many sockets at a time are more than the limit allows. */
export function allowSockets(count, limit = openFiles()) {
  const needed = count + OTHERS;
  if (limit >= needed) return;
  throw new Error(`${count} sockets take ${needed} open files, and the limit is ${limit}: run ulimit -n ${needed} first`);
}

/** The limit of this process; Node raises the soft limit to the hard one when it starts. */
function openFiles() {
  process.report.excludeNetwork = true;
  const { soft } = process.report.getReport().userLimits.open_files;
  return soft === "unlimited" ? Infinity : Number(soft);
}
