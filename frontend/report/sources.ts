/** Messages from the page itself, and a list of what the script was built from. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Plugin } from "vite";

/** What shapes the build besides the modules in it. */
const CONFIGURED = ["frontend/package-lock.json", "frontend/svelte.config.js", "frontend/report/sources.ts", "frontend/report/vite.config.ts"];

/** The report holds the messages that its charts speak, in its own language, beside their data. */
export function inlinedMessages(): Plugin {
  const id = "virtual:messages";
  return {
    name: "deflator-inlined-messages",
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load: (source) =>
      source === `\0${id}` ? `export default JSON.parse(document.getElementById("charts").textContent).messages;` : undefined,
  };
}

/** Writes into the build the checksum of every source of it, so that a test without node can tell a stale build. */
export function listSources(root: string): Plugin {
  return {
    name: "deflator-list-sources",
    apply: "build",
    generateBundle() {
      const found = new Map<string, string>();
      for (const module of [...this.getModuleIds(), ...CONFIGURED.map((name) => join(root, name))]) {
        const path = module.split("?")[0] ?? "";
        if (path.startsWith("\0")) continue;
        const name = relative(root, path).split(sep).join("/");
        if (!name.startsWith("frontend/") || name.includes("node_modules")) continue;
        found.set(name, createHash("sha256").update(readFileSync(path)).digest("hex"));
      }
      const sources = Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
      this.emitFile({ type: "asset", fileName: "build.json", source: `${JSON.stringify({ sources }, null, 1)}\n` });
    },
  };
}
