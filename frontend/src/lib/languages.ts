/** The catalogue of a language is read when the first reader asks for it. */
import catalogues from "virtual:messages";
import { fromFragment } from "./address";
import { LANGUAGES, speak, type Language } from "./i18n.svelte";

const READ: Record<Language, () => Promise<{ default: Record<string, string> }>> = {
  en: () => import("virtual:messages/en"),
  zh: () => import("virtual:messages/zh"),
};

export async function turnTo(wanted: Language): Promise<void> {
  catalogues[wanted] ??= (await READ[wanted]()).default;
  speak(wanted);
}

/** The language that the address asks for, else the browser's, else the first. */
export function preferred(): Language {
  const asked = fromFragment(location.hash).view.language;
  const wished = navigator.language.toLowerCase();
  const found = LANGUAGES.find((one) => one.id === asked) ?? LANGUAGES.find((one) => wished.startsWith(one.id));
  return found?.id ?? "en";
}
