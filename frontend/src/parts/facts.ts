/** What a figure rests on, for the file that goes with it when it is taken away. */
import type { Meta } from "../lib/documents";

export function factsOf(document: { document: string; meta: Meta }, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { document: document.document, ...document.meta, ...more };
}
