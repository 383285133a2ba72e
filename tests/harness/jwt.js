// JWTs as somebody might forge them, and the key that the local stack signs client tokens with.

import { createHmac, generateKeyPairSync, sign } from "node:crypto";

/** The access key of the Azure SignalR emulator, which is the local one. */
export const ACCESS_KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const signatures = {
  HS256: (text, key) => createHmac("sha256", key).update(text).digest("base64url"),
  RS256: (text, key) => sign("sha256", Buffer.from(text), key).toString("base64url"),
  none: () => "",
};

/** Signs any claims by any key; `header` may claim another algorithm than `alg`, which signs. */
export function jwt(claims, { alg, key, header = {} }) {
  const text = `${encoded({ typ: "JWT", alg, ...header })}.${encoded(claims)}`;
  return `${text}.${signatures[alg](text, key)}`;
}

/** A client token as the Azure management SDK makes it; without a user in `claims` (`nameid`) it is anonymous. */
export function clientToken(stack, hub, claims = {}) {
  const now = Math.floor(Date.now() / 1000);
  const own = { aud: `${stack.url}/client/?hub=${hub}`, iat: now, exp: now + 3600 };
  return jwt({ ...own, ...claims }, { alg: "HS256", key: ACCESS_KEY });
}

/** What a token says, unchecked. */
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** An RSA key that no issuer knows. */
export const foreignKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
