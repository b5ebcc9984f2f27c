/** Catalogues are read when their words are first needed: those of a language, and those of pages that are read later. */
import catalogues from "virtual:messages";
import { fromFragment } from "./address";
import { LANGUAGES, language, speak, type Language } from "./i18n.svelte";

type Read = () => Promise<{ default: Record<string, string> }>;

const READ: Record<Language, [first: Read, later: Read]> = {
  en: [() => import("virtual:messages/en"), () => import("virtual:messages/en-pages")],
  zh: [() => import("virtual:messages/zh"), () => import("virtual:messages/zh-pages")],
};
let parts = 1;

/** Speak a language, once its words are there. */
export async function turnTo(wanted: Language): Promise<void> {
  const found = await Promise.all(READ[wanted].slice(0, parts).map((read) => read()));
  catalogues[wanted] = Object.assign({}, ...found.map((one) => one.default));
  speak(wanted);
}

/** Read what pages besides the first one say. */
export async function readPages(): Promise<void> {
  parts = 2;
  await turnTo(language());
}

/** The language that the address asks for, else the browser's, else the first. */
export function preferred(): Language {
  const asked = fromFragment(location.hash).view.language;
  const wished = navigator.language.toLowerCase();
  const found = LANGUAGES.find((one) => one.id === asked) ?? LANGUAGES.find((one) => wished.startsWith(one.id));
  return found?.id ?? "en";
}
