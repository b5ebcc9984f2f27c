/** The table behind a fan of rents. */
import type { Column, Row } from "../charts/export";
import { month, rent } from "../lib/format";
import { t } from "../lib/i18n.svelte";
import type { Frame } from "../lib/live.svelte";
import { quantiles } from "../lib/results";

export const LEVELS = ["5 %", "25 %", "50 %", "75 %", "95 %"];

/** Columns and rows of the five quantiles of a monthly series. */
export function monthlyTable(frame: Frame | null, name: string, show: (value: number) => string): { columns: Column[]; rows: Row[] } {
  const columns: Column[] = [
    { key: "month", label: t("dashboard.column.month") },
    ...LEVELS.map((level) => ({ key: level, label: level, show, number: true })),
  ];
  const series = quantiles(frame, name);
  const rows = Array.from({ length: (frame?.header.months ?? -1) + 1 }, (_, at) => ({
    month: month(frame?.header.as_of ?? "", at),
    ...Object.fromEntries(LEVELS.map((level, index) => [level, series[index]?.[at] ?? NaN])),
  }));
  return { columns, rows };
}

export function rentTable(frame: Frame | null): { columns: Column[]; rows: Row[] } {
  return monthlyTable(frame, "rent_quantiles", rent);
}
