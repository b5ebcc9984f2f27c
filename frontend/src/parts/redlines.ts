/** What a red line is of, in the reader's words. */
import type { RedLine } from "../lib/documents";
import { t } from "../lib/i18n.svelte";
import { layerName } from "../lib/results";

/** Facility, test and whose terms these are, from the label of a covenant: "facility test" or "facility test (case)". */
export function covenantName(label: string): string {
  const [facility = "", test = "", other] = label.split(" ");
  return t(other ? "dashboard.rent.covenant_not_filed" : "dashboard.rent.covenant_of", { facility, test: t(`terms.test.${test}`) });
}

/** Name of what breaks: a layer, an entity, or a covenant with who owes. */
export function redLineName(line: RedLine, labels: Readonly<Record<string, string>>): string {
  if (line.kind === "layer") return layerName(line.label);
  const whose = labels[line.entity ?? ""] ?? line.entity ?? "";
  return line.kind === "covenant" ? `${whose} · ${covenantName(line.label)}` : whose;
}
