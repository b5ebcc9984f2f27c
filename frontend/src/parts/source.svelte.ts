/** Figures with where they come from, and the one whose card is open. */

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

/** A figure of the model: how it comes about, and the figures of the book that it is computed from. */
export interface Computed {
  name: string;
  /** The figure as it is shown. */
  value: string;
  formula: string;
  inputs: readonly Sourced[];
}

class Open {
  figure = $state.raw<Sourced | null>(null);
  computed = $state.raw<Computed | null>(null);
}
const open = new Open();

export function openSource(): Sourced | null {
  return open.figure;
}

export function openFormula(): Computed | null {
  return open.computed;
}

/** Open the source of a figure; the formula that led to it stays behind it. */
export function showSource(figure: Sourced | null): void {
  open.figure = figure;
}

export function showFormula(computed: Computed | null): void {
  open.computed = computed;
  open.figure = null;
}

/** An address that a reader may be sent to; anything else is shown as plain words. */
export function safeAddress(url: string | null | undefined): string | null {
  return url && /^https?:\/\//i.test(url) ? url : null;
}
