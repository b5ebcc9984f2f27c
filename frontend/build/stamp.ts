/** Writes into the build what it was made from, so that a test without node can tell a stale build. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Plugin } from "vite";

function files(place: string): string[] {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place).flatMap((name) => files(join(place, name)));
}

/** Return one checksum over the names and contents of all sources. */
export function sourceChecksum(root: string, sources: string[]): string {
  const named = sources
    .flatMap((source) => files(join(root, source)))
    .map((path) => [relative(root, path).split(sep).join("/"), path] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const sum = createHash("sha256");
  for (const [name, path] of named) {
    const content = createHash("sha256").update(readFileSync(path)).digest("hex");
    sum.update(`${name}\n${content}\n`);
  }
  return sum.digest("hex");
}

/** Writes the checksum of the sources beside the build. */
export function stamp(root: string, sources: string[]): Plugin {
  return {
    name: "deflator-stamp",
    apply: "build",
    generateBundle() {
      this.emitFile({
        type: "asset",
        fileName: "build.json",
        source: `${JSON.stringify({ sources: sourceChecksum(root, sources) })}\n`,
      });
    },
  };
}
