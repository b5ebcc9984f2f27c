import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { inlinedMessages, listSources } from "./sources.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The script and the style of a report: one file each, which `deflator report` inlines. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  plugins: [inlinedMessages(), svelte({ configFile: "../svelte.config.js" }), listSources(root)],
  build: {
    outDir: `${root}src/deflator/report/static`,
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    copyPublicDir: false,
    lib: { entry: "main.ts", formats: ["iife"], name: "deflatorReport", fileName: () => "report.js", cssFileName: "report" },
  },
});
