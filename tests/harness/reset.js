// The end of a TCP connection without a word.

/**
 * Ends a connection by a reset.
 * Node 20 never closes a socket that is reset while it ends, and then spins for ever at the exit of the process.
 */
export function reset(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
