import { defineConfig } from "vite";
import { page } from "../components/page.ts";

// By `npx vite` the page comes fresh from its sources, and everything else from the stack of `make run`.
const STACK = "http://127.0.0.1:8080";
const proxied = { target: STACK, ws: true };

export default defineConfig({
  plugins: [page],
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, chunkSizeWarningLimit: 2000, rolldownOptions: { input: ["index.html", "api.html"], checks: { pluginTimings: false } } },
  server: { proxy: { "/hubs": proxied, "/client": proxied, "/dev": proxied, "/api/": proxied, "/aws": { target: STACK, rewrite: () => "/" } } },
});
