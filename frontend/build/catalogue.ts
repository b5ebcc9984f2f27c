/** Makes each catalogue under src/deflator/messages readable for the front end: `virtual:messages/en`, `en-pages`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import type { Plugin } from "vite";

/** Files of a catalogue that the front end speaks from. */
const SPOKEN = /^(dashboard.*|terms)\.toml$/;
/** Those of them that the first page does without. */
const LATER = /^dashboard_pages\.toml$/;

export function spoken(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => SPOKEN.test(name))
    .sort();
}

type Node = { [key: string]: unknown };

function flat(prefix: string, node: Node, into: Record<string, string>): void {
  for (const [key, value] of Object.entries(node)) {
    if (value !== null && typeof value === "object") flat(`${prefix}${key}.`, value as Node, into);
    else into[prefix + key] = String(value);
  }
}

/** Return messages of a language by their dotted key, as Python's `catalogue` does. */
export function messages(folder: string, language: string, later: boolean): Record<string, string> {
  const found: Record<string, string> = {};
  const place = join(folder, language);
  for (const name of spoken(place).filter((one) => LATER.test(one) === later))
    flat(`${name.slice(0, -".toml".length)}.`, parse(readFileSync(join(place, name), "utf8")) as Node, found);
  return found;
}

export function catalogues(folder: string, languages: string[]): Plugin {
  const whole = "virtual:messages";
  return {
    name: "deflator-catalogues",
    resolveId: (source) => (source === whole || source.startsWith(`${whole}/`) ? `\0${source}` : undefined),
    load(source) {
      // None is there at first: the page reads that of its reader.
      if (source === `\0${whole}`) return "export default {};";
      const [, language = "", pages] = /^\0virtual:messages\/(\w+)(-pages)?$/.exec(source) ?? [];
      if (!languages.includes(language)) return undefined;
      for (const file of spoken(join(folder, language))) this.addWatchFile(join(folder, language, file));
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(messages(folder, language, pages !== undefined)))});`;
    },
  };
}
