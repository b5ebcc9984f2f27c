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

/** Marks the files that index.html asks for with a checksum, so that no browser keeps an old one. */
export function stamp(root: string, sources: string[]): Plugin {
  return {
    name: "deflator-stamp",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const page = bundle["index.html"];
      if (page?.type !== "asset") return;
      page.source = String(page.source).replace(/(href|src)="\/(assets\/[^"?]+)"/g, (whole, how, name) => {
        const item = bundle[name as string];
        if (!item) return whole;
        const content = item.type === "chunk" ? item.code : item.source;
        return `${how}="/${name}?v=${createHash("sha256").update(content).digest("hex").slice(0, 12)}"`;
      });
      this.emitFile({
        type: "asset",
        fileName: "build.json",
        source: `${JSON.stringify({ sources: sourceChecksum(root, sources) })}\n`,
      });
    },
  };
}
