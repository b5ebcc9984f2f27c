/** Rows of rankings: the same figures for the chart and for the table behind it. */
import type { Column, Row } from "../charts/export";
import type { Ranked } from "../charts/Ranking.svelte";
import { error, month, points, share } from "../lib/format";
import { t } from "../lib/i18n.svelte";
import type { Frame, Kind } from "../lib/live.svelte";
import { none, outcomes, type Outcome, type Share } from "../lib/results";

export type Measure = "first" | "breaks";

export interface Compared {
  now: Frame | null;
  pinned: Frame | null;
  beside: Frame | null;
}

const shown = (share: Share): number => (Number.isFinite(share.value) ? share.value : 0);
/** What cannot be told apart from nothing is left out of a chart; its table has it. */
const LEAST_SHOWN = 0.001;

function byId(frame: Frame | null, kind: Kind): Map<string, Outcome> {
  return new Map(outcomes(frame, kind).map((one) => [one.id, one]));
}

export function ranked(frames: Compared, kind: Kind, measure: Measure, most: number, withNone: boolean): Ranked[] {
  const [was, next] = [byId(frames.pinned, kind), byId(frames.beside, kind)];
  const asOf = frames.now?.header.as_of ?? "";
  const weight = (one: Outcome): number =>
    Math.max(shown(one[measure]), shown(next.get(one.id)?.[measure] ?? one[measure]), was.get(one.id)?.[measure].value ?? 0);
  const rows: Ranked[] = outcomes(frames.now, kind)
    .filter((one) => weight(one) >= LEAST_SHOWN)
    .sort((a, b) => shown(b[measure]) - shown(a[measure]) || shown(b.breaks) - shown(a.breaks))
    .slice(0, most)
    .map((one) => ({
      id: one.id,
      label: one.label,
      share: one[measure],
      when: month(asOf, one.month),
      beside: next.get(one.id)?.[measure],
      ...(frames.pinned ? { pinned: was.get(one.id)?.[measure].value ?? NaN } : {}),
    }));
  if (withNone && measure === "first" && frames.now)
    rows.push({
      id: "none",
      label: t("dashboard.ranking.none"),
      share: none(frames.now, kind),
      muted: true,
      beside: frames.beside ? none(frames.beside, kind) : undefined,
      ...(frames.pinned ? { pinned: none(frames.pinned, kind).value } : {}),
    });
  return rows;
}

/** Columns and rows of the table behind a ranking: all of a kind, none left out. */
export function table(frames: Compared, kind: Kind): { columns: Column[]; rows: Row[] } {
  const [was, next] = [byId(frames.pinned, kind), byId(frames.beside, kind)];
  const asOf = frames.now?.header.as_of ?? "";
  const number = true;
  const columns: Column[] = [
    { key: "name", label: t("dashboard.column.name") },
    { key: "first", label: t("dashboard.column.first"), show: share, number },
    { key: "first_low", label: t("dashboard.column.low"), show: share, number },
    { key: "first_high", label: t("dashboard.column.high"), show: share, number },
    { key: "first_error", label: t("dashboard.column.error"), show: error, number },
    { key: "breaks", label: t("dashboard.column.breaks"), show: share, number },
    { key: "breaks_low", label: t("dashboard.column.low"), show: share, number },
    { key: "breaks_high", label: t("dashboard.column.high"), show: share, number },
    { key: "breaks_error", label: t("dashboard.column.error"), show: error, number },
    { key: "soft", label: t("dashboard.column.soft"), show: share, number },
    { key: "month", label: t("dashboard.column.when"), number },
    ...(frames.pinned ? [{ key: "change", label: t("dashboard.column.change_breaks"), show: points, number }] : []),
    ...(frames.beside ? [{ key: "beside", label: t("dashboard.column.beside"), show: share, number }] : []),
  ];
  const rows: Row[] = outcomes(frames.now, kind)
    .sort((a, b) => shown(b.first) - shown(a.first) || shown(b.breaks) - shown(a.breaks))
    .map((one) => ({
      name: one.label,
      first: one.first.value,
      first_low: one.first.low,
      first_high: one.first.high,
      first_error: one.first.error,
      breaks: one.breaks.value,
      breaks_low: one.breaks.low,
      breaks_high: one.breaks.high,
      breaks_error: one.breaks.error,
      soft: one.soft,
      month: Number.isFinite(one.month) ? month(asOf, one.month) : null,
      change: one.breaks.value - (was.get(one.id)?.breaks.value ?? NaN),
      beside: next.get(one.id)?.breaks.value ?? NaN,
    }));
  return { columns, rows };
}
