import { defineConfig } from "vite";

// The program `hubcast` takes the files of `dist` in when it is built.
export default defineConfig({
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, rolldownOptions: { checks: { pluginTimings: false } } },
});
