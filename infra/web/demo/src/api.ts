// The document of the REST API, to read and to try.

import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import { follow, scheme } from "../../components/scheme";
import "./api.css";

/** Swagger UI has dark colours of its own, under this class. */
const colour = () => document.documentElement.classList.toggle("dark-mode", scheme() === "dark");
colour();
follow(colour);

interface Call {
  url: string;
  headers: Record<string, string>;
}

/** Each request that somebody tries gets a token of the development issuer, unless it has one. */
async function authorized(call: Call): Promise<Call> {
  if (call.headers["Authorization"] || call.url.endsWith("/openapi.json")) return call;
  const answer = await fetch("/dev/rest-token", { method: "POST" });
  return { ...call, headers: { ...call.headers, Authorization: `Bearer ${await answer.text()}` } };
}

SwaggerUI({
  url: "/api/openapi.json",
  domNode: document.getElementById("api"),
  // Nothing is asked of other hosts.
  validatorUrl: null,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  requestInterceptor: authorized,
});
