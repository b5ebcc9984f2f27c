/** The pages, in the order of the menu. A page that is not here does not exist for a reader. */
import type { Component } from "svelte";
import { readPages } from "../lib/languages";
import Now from "./Now.svelte";

export interface Page {
  id: string;
  /** Key of its name in the menu. */
  title: string;
  /** Key of the sentence under its heading. */
  lead: string;
  /** The first page is there at once; the others are read when they are turned to. */
  view: Component | (() => Promise<{ default: Component }>);
}

const page = (id: string, view: Page["view"]): Page => ({ id, title: `dashboard.page.${id}`, lead: `dashboard.lead.${id}`, view });

export const PAGES: Page[] = [
  page("now", Now),
  page("first", () => import("./First.svelte")),
  page("rent", () => import("./Rent.svelte")),
  page("cascade", () => import("./Cascade.svelte")),
  page("debt", () => import("./Debt.svelte")),
  page("losses", () => import("./Losses.svelte")),
  page("company", () => import("./Company.svelte")),
  page("reverse", () => import("./Reverse.svelte")),
  page("claims", () => import("./Claims.svelte")),
  page("portfolio", () => import("./Portfolio.svelte")),
  page("record", () => import("./Record.svelte")),
  page("book", () => import("./Book.svelte")),
  page("scenario", () => import("./Scenario.svelte")),
];

const read = new Map<string, Promise<Component>>();

/** Whether a page is there without being read first. */
export function isThere(page: Page): page is Page & { view: Component } {
  return page.view === Now;
}

/** Read a page, once, and the words that it may say. */
export function viewOf(page: Page): Promise<Component> {
  let view = read.get(page.id);
  if (!view) {
    view = Promise.all([(page.view as () => Promise<{ default: Component }>)(), readPages()]).then(([found]) => found.default);
    view.catch(() => read.delete(page.id));
    read.set(page.id, view);
  }
  return view;
}

/** Return the page of an address, and the first one when there is none of that name. */
export function pageOf(id: string): Page {
  return PAGES.find((page) => page.id === id) ?? (PAGES[0] as Page);
}
