// Client tokens as the Azure management SDK makes them, with the access key of the local stack.

import { createHmac } from "node:crypto";

/** The Azure emulator's key. */
const ACCESS_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

/** A client token for a hub; without a user in `claims` (`nameid`) it is anonymous. */
export function clientToken(stack, hub, claims = {}) {
  const now = Math.floor(Date.now() / 1000);
  const payload = { aud: `${stack.url}/client/?hub=${hub}`, iat: now, exp: now + 3600, ...claims };
  const signed = [{ alg: "HS256", typ: "JWT" }, payload].map(encoded).join(".");
  return `${signed}.${createHmac("sha256", ACCESS_KEY).update(signed).digest("base64url")}`;
}

function encoded(value) {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
