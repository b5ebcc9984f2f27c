/** What the scenarios say that are asked: all that they change, with what they extend, as the service resolves it. */
import { get, post, type Fault, type ScenarioDocument, type Settings } from "./api";

/** A scenario as the service read it: the file to keep, what it says in full, and everything that is wrong with it. */
export interface Checked {
  yaml: string | null;
  document: ScenarioDocument | null;
  fingerprint: string | null;
  faults: Fault[];
}

const fetched = new Map<string, Promise<Checked>>();

export function check(of: { scenario?: string | ScenarioDocument; yaml?: string; settings?: Settings; book: string }): Promise<Checked> {
  return post<Checked>("/api/scenarios/check", of);
}

/** Forget scenarios that may have been saved anew. */
export function forget(): void {
  fetched.clear();
}

/** The document of a scenario, or null while it cannot be known. */
export function documentOf(scenario: string | ScenarioDocument, book: string): Promise<ScenarioDocument | null> {
  const key = JSON.stringify([scenario, book]);
  let known = fetched.get(key);
  if (!known) {
    known = typeof scenario === "string" ? get<Checked>(`/api/scenarios/${encodeURIComponent(scenario)}`) : check({ scenario, book });
    known.catch(() => fetched.delete(key));
    fetched.set(key, known);
  }
  return known.then(
    (found) => found.document,
    () => null,
  );
}
