/** The pages, in the order of the menu. A page that is not here does not exist for a reader. */
import type { Component } from "svelte";
import Book from "./Book.svelte";
import Cascade from "./Cascade.svelte";
import Claims from "./Claims.svelte";
import Company from "./Company.svelte";
import Debt from "./Debt.svelte";
import First from "./First.svelte";
import Losses from "./Losses.svelte";
import Now from "./Now.svelte";
import Portfolio from "./Portfolio.svelte";
import Scenario from "./Scenario.svelte";

export interface Page {
  id: string;
  /** Key of its name in the menu. */
  title: string;
  /** Key of the sentence under its heading. */
  lead: string;
  view: Component;
}

const page = (id: string, view: Component): Page => ({ id, title: `dashboard.page.${id}`, lead: `dashboard.lead.${id}`, view });
const answer = (id: string, view: Component): Page => ({ id, title: `dashboard_pages.page.${id}`, lead: `dashboard_pages.lead.${id}`, view });

export const PAGES: Page[] = [
  page("now", Now),
  page("first", First),
  answer("cascade", Cascade),
  answer("debt", Debt),
  answer("losses", Losses),
  answer("company", Company),
  answer("claims", Claims),
  answer("portfolio", Portfolio),
  answer("book", Book),
  page("scenario", Scenario),
];

/** Return the page of an address, and the first one when there is none of that name. */
export function pageOf(id: string): Page {
  return PAGES.find((page) => page.id === id) ?? (PAGES[0] as Page);
}
