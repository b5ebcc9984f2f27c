/** Months along a chart: a tick at each January and, where there is room, in mid-year. */
import { month } from "../lib/format";
import type { AxisTick } from "./Axis.svelte";

const ROOM_FOR_HALVES_PX = 16;

/** Ticks of an axis that is so many pixels long. */
export function monthTicks(asOf: string, months: number, pixels: number): AxisTick[] {
  const perMonth = pixels / Math.max(1, months);
  const ticks: AxisTick[] = [];
  for (let at = 0; at <= months; at += 1) {
    const [year, number] = month(asOf, at).split("-");
    if (number === "01") ticks.push({ at: at * perMonth, label: year ?? "", strong: true });
    else if (number === "07" && perMonth >= ROOM_FOR_HALVES_PX) ticks.push({ at: at * perMonth, label: `${year}-07`, strong: true });
  }
  return ticks;
}
