/** Months along a chart: a tick at each January and, where there is room, in mid-year. */
import { month } from "../lib/format";

export interface Tick {
  at: number;
  label: string;
  strong: boolean;
}

const ROOM_FOR_HALVES_PX = 16;

export function monthTicks(asOf: string, months: number, pixels: number): Tick[] {
  const perMonth = pixels / Math.max(1, months);
  const ticks: Tick[] = [];
  for (let at = 0; at <= months; at += 1) {
    const [year, number] = month(asOf, at).split("-");
    if (number === "01") ticks.push({ at, label: year ?? "", strong: true });
    else if (number === "07" && perMonth >= ROOM_FOR_HALVES_PX) ticks.push({ at, label: `${year}-07`, strong: false });
  }
  return ticks;
}
