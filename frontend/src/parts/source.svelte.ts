/** A figure of the book with where it comes from, and the one whose source is open. */

export interface Sourced {
  /** Where it stands: table, row and column of the book. */
  table: string;
  row: string;
  column: string;
  value: string | number | readonly string[] | null;
  unit?: string;
  grade: string;
  as_of?: string | null;
  low?: string | number | null;
  high?: string | number | null;
  /** Key of the document, and what it is. */
  source: string;
  title?: string | null;
  url?: string | null;
  date?: string | null;
  note?: string | null;
  meaning?: string | null;
}

const open = $state<{ figure: Sourced | null }>({ figure: null });

export function openSource(): Sourced | null {
  return open.figure;
}

export function showSource(figure: Sourced | null): void {
  open.figure = figure;
}

/** An address that a reader may be sent to; anything else is shown as plain words. */
export function safeAddress(url: string | null | undefined): string | null {
  return url && /^https?:\/\//i.test(url) ? url : null;
}
