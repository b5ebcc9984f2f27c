/** The pages, in the order of the menu. A page that is not here does not exist for a reader. */
import type { Component } from "svelte";
import Now from "./Now.svelte";

export interface Page {
  id: string;
  /** Key of its name in the menu. */
  title: string;
  /** Key of the sentence under its heading. */
  lead: string;
  view: Component;
}

export const PAGES: Page[] = [{ id: "now", title: "dashboard.page.now", lead: "dashboard.lead.now", view: Now }];

/** Return the page of an address, and the first one when there is none of that name. */
export function pageOf(id: string): Page {
  return PAGES.find((page) => page.id === id) ?? (PAGES[0] as Page);
}
