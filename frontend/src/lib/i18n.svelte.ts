/** Every word on the screen, from the same catalogue as the command line's. */
import catalogues from "virtual:messages";

export type Language = "en" | "zh";
export const LANGUAGES: { id: Language; name: string; tag: string }[] = [
  { id: "en", name: "English", tag: "en" },
  { id: "zh", name: "简体中文", tag: "zh-Hans" },
];

const spoken = $state<{ language: Language }>({ language: "en" });

export function language(): Language {
  return spoken.language;
}

export function speak(wanted: Language): void {
  spoken.language = wanted;
  if (typeof document !== "undefined")
    document.documentElement.lang = LANGUAGES.find((one) => one.id === wanted)?.tag ?? "en";
}

/** Whether the catalogue has a message; for names that a book or a service brings along. */
export function known(key: string): boolean {
  return catalogues[spoken.language]?.[key] !== undefined;
}

/** Return the message `key` with its `{named}` places filled. */
export function t(key: string, values: Record<string, string | number> = {}): string {
  const message = catalogues[spoken.language]?.[key];
  if (message === undefined) throw new Error(`no message ${key}`);
  return message.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole));
}
