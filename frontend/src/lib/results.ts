/** What a live frame says of each firm, layer or cohort, by name instead of by place in an array. */
import { row, type Frame, type Kind } from "./live.svelte";
import { known, t } from "./i18n.svelte";

/** A share of paths: its Monte Carlo error is chance, low and high are ignorance; NaN where a preview has none. */
export interface Share {
  value: number;
  error: number;
  low: number;
  high: number;
}

export interface Outcome {
  id: string;
  label: string;
  layer: string;
  first: Share;
  breaks: Share;
  soft: number;
  /** Median month of the break over the paths on which it breaks; NaN when on none. */
  month: number;
  survival: Float32Array;
  /** Fifty quantiles of the month of the break over paths; 0 is no break by the horizon. */
  dots: Float32Array;
}

const IDS = { firm: "firms", layer: "layers", cohort: "cohorts" } as const;

/** Name of a layer in the reader's language. */
export function layerName(id: string): string {
  const key = `terms.layer.${id}`;
  return known(key) ? t(key) : id;
}

/** A unit in the reader's language, where there is one. */
export function unitName(unit: string | null | undefined): string {
  const key = `dashboard_pages.unit.${(unit ?? "").replace(/[ -]/g, "_")}`;
  return known(key) ? t(key) : (unit ?? "").replaceAll("_", " ");
}

/** A word or unit of a book in the reader's language, where there is one. */
export function bookWord(word: string): string {
  const keys = [`dashboard_pages.word.${word}`, `terms.test.${word}`, `terms.layer.${word}`, `terms.grade.${word}`];
  const key = keys.find(known);
  return key ? t(key) : unitName(word);
}

function shareAt(frame: Frame, name: string, index: number): Share {
  const at = (part: string): number => frame.arrays[`${name}${part}`]?.values[index] ?? NaN;
  return { value: at(""), error: at("_error"), low: at("_low"), high: at("_high") };
}

export function outcomes(frame: Frame | null, kind: Kind): Outcome[] {
  if (!frame) return [];
  const { header, arrays } = frame;
  return header[IDS[kind]].map((id, index) => ({
    id,
    label: kind === "layer" ? layerName(id) : (header.labels[id] ?? id),
    layer: kind === "layer" ? id : (header.layer_of[id] ?? ""),
    first: shareAt(frame, `${kind}_first`, index),
    breaks: shareAt(frame, `${kind}_break`, index),
    soft: arrays[`${kind}_soft`]?.values[index] ?? NaN,
    month: arrays[`${kind}_month`]?.values[index] ?? NaN,
    survival: row(arrays[`${kind}_survival`], index),
    dots: row(arrays[`${kind}_dots`], index),
  }));
}

/** Share of paths on which none of a kind breaks. */
export function none(frame: Frame | null, kind: Kind): Share {
  if (!frame) return { value: NaN, error: NaN, low: NaN, high: NaN };
  return shareAt(frame, `${kind}_first`, frame.header[IDS[kind]].length);
}

export interface Loss {
  id: string;
  label: string;
  mean: number;
  /** 5, 25, 50, 75 and 95 % quantiles. */
  quantiles: number[];
}

export function losses(frame: Frame | null): Loss[] {
  if (!frame) return [];
  const { header, arrays } = frame;
  const many = header.holders.length;
  return header.holders.map((id, index) => ({
    id,
    label: header.labels[id] ?? id,
    mean: arrays.loss_mean?.values[index] ?? NaN,
    quantiles: [0, 1, 2, 3, 4].map((level) => arrays.loss_quantiles?.values[level * many + index] ?? NaN),
  }));
}

/** The five quantiles of a monthly series. */
export function quantiles(frame: Frame | null, name: string): Float32Array[] {
  return frame ? [0, 1, 2, 3, 4].map((level) => row(frame.arrays[name], level)) : [];
}

/** The largest Monte Carlo error among the shares on the screen. */
export function worstError(frame: Frame | null): number {
  if (!frame) return NaN;
  let worst = 0;
  for (const name of ["firm_first_error", "layer_first_error", "firm_break_error", "layer_break_error"])
    for (const error of frame.arrays[name]?.values ?? []) if (error > worst) worst = error;
  return worst;
}

/** What a figure from a frame rests on, for the file beside an export. */
export function facts(frame: Frame | null): Record<string, unknown> {
  if (!frame) return {};
  const { book, scenario, fingerprint, paths, draws, as_of, months, stage, disclaimer } = frame.header;
  return { book, scenario, fingerprint, paths, draws, as_of, months, stage, disclaimer };
}
