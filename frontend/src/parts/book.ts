/** Tables of a book as the service gives them: rows, and where each figure comes from. */

export interface BookColumn {
  name: string;
  /** Its heading in the reader's language. */
  label: string;
  unit: string;
  meaning: string;
  type: string;
}

export interface BookProvenance {
  grade: string;
  as_of: string;
  low: number | string | null;
  high: number | string | null;
  source: string;
  note: string;
}

export interface BookTableRows {
  columns: BookColumn[];
  rows: { row: string; values: Record<string, number | string | boolean | null>; provenance: Record<string, BookProvenance> }[];
}

export interface BookSource {
  source: string;
  title: string;
  url: string;
  date: string;
  kind: string;
}
