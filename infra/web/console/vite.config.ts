import { defineConfig } from "vite";
import { page } from "../components/page.ts";

// The program `hubcast` takes the files of `dist` in when cargo builds it. Nothing keeps the files, so their names
// stay the same from build to build.
const names = { entryFileNames: "assets/[name].js", assetFileNames: "assets/[name][extname]" };

export default defineConfig({
  plugins: [page],
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, rolldownOptions: { output: names, checks: { pluginTimings: false } } },
});
