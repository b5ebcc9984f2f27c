/** The whole state of the page as the fragment of its address, with a version of its own. */
import type { ScenarioDocument, Setting, Settings } from "./api";

/** Raised when a fragment written by an older page would be read otherwise. */
export const VERSION = 1;

/** A scenario with the changes made to it. */
export interface Ask {
  scenario: string | ScenarioDocument;
  settings: Settings;
}

export interface View {
  page: string;
  book: string;
  now: Ask;
  /** What differences are measured from. */
  pinned: Ask | null;
  /** What stands beside it on the same charts. */
  beside: Ask | null;
  /** Choices within pages: the entity, the month, the path, a filter. */
  choices: Record<string, string>;
  language: string;
  theme: string;
}

const ASKS = ["now", "pinned", "beside"] as const;

function written(ask: Ask, prefix: string, into: URLSearchParams): void {
  into.set(prefix, typeof ask.scenario === "string" ? ask.scenario : JSON.stringify(ask.scenario));
  for (const [key, value] of Object.entries(ask.settings)) into.set(`${prefix}.${key}`, JSON.stringify(value));
}

function read(prefix: string, from: URLSearchParams): Ask | null {
  const scenario = from.get(prefix);
  if (scenario === null) return null;
  const settings: Settings = {};
  for (const [key, value] of from)
    if (key.startsWith(`${prefix}.`)) settings[key.slice(prefix.length + 1)] = JSON.parse(value) as Setting;
  return { scenario: scenario.startsWith("{") ? (JSON.parse(scenario) as ScenarioDocument) : scenario, settings };
}

export function toFragment(view: View): string {
  const fields = new URLSearchParams({ v: String(VERSION), book: view.book });
  for (const name of ASKS) {
    const ask = view[name];
    if (ask) written(ask, name, fields);
  }
  for (const [key, value] of Object.entries(view.choices)) if (value) fields.set(`at.${key}`, value);
  fields.set("lang", view.language);
  if (view.theme) fields.set("theme", view.theme);
  // Colons, braces, quotes and commas may stand in a fragment, and are easier to read than their codes.
  const readable = fields.toString().replace(/%(3A|7B|7D|22|2C|3B|5B|5D)/g, (code) => decodeURIComponent(code));
  return `#/${view.page}?${readable}`;
}

/** What a fragment says; `stale` when it was written for another version, `broken` when it cannot be read. */
export interface Read {
  view: Partial<View>;
  stale: string | null;
  broken: boolean;
}

export function fromFragment(fragment: string): Read {
  const [, page = "", rest = ""] = /^#\/([\w-]*)(?:\?(.*))?$/s.exec(fragment) ?? [];
  const fields = new URLSearchParams(rest);
  const version = fields.get("v");
  const view: Partial<View> = { choices: {} };
  if (page) view.page = page;
  if (rest === "") return { view, stale: null, broken: false };
  const stale = version === String(VERSION) ? null : (version ?? "?");
  try {
    const book = fields.get("book");
    if (book) view.book = book;
    for (const name of ASKS) {
      const ask = read(name, fields);
      if (ask) view[name] = ask;
    }
  } catch {
    return { view: page ? { page, choices: {} } : { choices: {} }, stale, broken: true };
  }
  for (const [key, value] of fields) if (key.startsWith("at.")) view.choices![key.slice(3)] = value;
  const [language, theme] = [fields.get("lang"), fields.get("theme")];
  if (language) view.language = language;
  if (theme) view.theme = theme;
  return { view, stale, broken: false };
}
