// What the head and the end of every page have in common, put in when a page is built.

import type { HtmlTagDescriptor, Plugin } from "vite";

const HEAD: HtmlTagDescriptor[] = [
  { tag: "meta", attrs: { charset: "utf-8" }, injectTo: "head-prepend" },
  { tag: "meta", attrs: { name: "viewport", content: "width=device-width, initial-scale=1" }, injectTo: "head-prepend" },
  { tag: "meta", attrs: { name: "color-scheme", content: "light dark" }, injectTo: "head-prepend" },
  { tag: "link", attrs: { rel: "icon", href: "/icon.svg", type: "image/svg+xml" }, injectTo: "head" },
];
const END: HtmlTagDescriptor = { tag: "noscript", children: "This page is a program: it needs JavaScript.", injectTo: "body" };

export const page: Plugin = { name: "hubcast-page", transformIndexHtml: () => [...HEAD, END] };
