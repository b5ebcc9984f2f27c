/** The pages, in the order of the menu. A page that is not here does not exist for a reader. */
import type { Component } from "svelte";
import Book from "./Book.svelte";
import Cascade from "./Cascade.svelte";
import Claims from "./Claims.svelte";
import Company from "./Company.svelte";
import Debt from "./Debt.svelte";
import Losses from "./Losses.svelte";
import Now from "./Now.svelte";

export interface Page {
  id: string;
  /** Key of its name in the menu. */
  title: string;
  /** Key of the sentence under its heading. */
  lead: string;
  view: Component;
}

export const PAGES: Page[] = [
  { id: "now", title: "dashboard.page.now", lead: "dashboard.lead.now", view: Now },
  { id: "cascade", title: "dashboard_pages.page.cascade", lead: "dashboard_pages.lead.cascade", view: Cascade },
  { id: "debt", title: "dashboard_pages.page.debt", lead: "dashboard_pages.lead.debt", view: Debt },
  { id: "losses", title: "dashboard_pages.page.losses", lead: "dashboard_pages.lead.losses", view: Losses },
  { id: "company", title: "dashboard_pages.page.company", lead: "dashboard_pages.lead.company", view: Company },
  { id: "claims", title: "dashboard_pages.page.claims", lead: "dashboard_pages.lead.claims", view: Claims },
  { id: "book", title: "dashboard_pages.page.book", lead: "dashboard_pages.lead.book", view: Book },
];

/** Return the page of an address, and the first one when there is none of that name. */
export function pageOf(id: string): Page {
  return PAGES.find((page) => page.id === id) ?? (PAGES[0] as Page);
}
