// Invokes the canary, as its schedule would.

import { authorization } from "./ministack.js";

/** The answer of Lambda: its status, the kind of error if the function failed, and what the function said. */
export async function fly() {
  const url = `${process.env.HUBCAST_SERVICES}/2015-03-31/functions/hubcast-canary:live/invocations`;
  const answer = await fetch(url, { method: "POST", headers: authorization("lambda"), body: '{"source":"aws.events"}' });
  return { status: answer.status, failed: answer.headers.get("x-amz-function-error"), said: await answer.text() };
}
