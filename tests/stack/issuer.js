// A small OIDC issuer with the development endpoints of the local stack.

import { generateKeyPairSync } from "node:crypto";
import { jwt } from "../harness/jwt.js";

const AUDIENCE = "hubcast";
const KEY_ID = "stack";
const TTL_SECONDS = 3600;

export class Issuer {
  #pair = generateKeyPairSync("rsa", { modulusLength: 2048 });

  constructor(base) {
    this.url = `${base}/dev`;
    /** As TOKEN_ISSUERS has it. */
    this.settings = [{ issuer: this.url, audience: AUDIENCE, groupsClaim: "groups" }];
    /** As REST_ISSUERS has it. */
    this.restSettings = [{ issuer: this.url, audience: "hubcast-rest", roles: ["hubcast.rest"] }];
  }

  /** The answer to a request for one of its documents, or for a token. */
  answer(path, body) {
    if (path === "/dev/.well-known/openid-configuration") return { issuer: this.url, jwks_uri: `${this.url}/jwks` };
    if (path === "/dev/jwks") return { keys: [this.#jwk()] };
    if (path === "/dev/token") return { access_token: this.#token(JSON.parse(body)) };
    return undefined;
  }

  #jwk() {
    return { ...this.#pair.publicKey.export({ format: "jwk" }), kid: KEY_ID, alg: "RS256", use: "sig" };
  }

  // Times carry milliseconds, so that a log-in right after a log-out counts.
  #token({ sub, groups = [], ttlSeconds = TTL_SECONDS, audience = AUDIENCE, claims = {} }) {
    const now = Date.now() / 1000;
    const own = { iss: this.url, aud: audience, sub, oid: sub, groups, iat: now, nbf: Math.floor(now), exp: now + ttlSeconds };
    return jwt({ ...own, ...claims }, { alg: "RS256", key: this.#pair.privateKey, header: { kid: KEY_ID } });
  }
}
