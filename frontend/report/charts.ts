/** Which chart of the dashboard draws a figure of the report, and with what. */
import type { Component } from "svelte";
import Dots from "../src/charts/Dots.svelte";
import Fan, { type Across } from "../src/charts/Fan.svelte";
import Fans, { type FanPath } from "../src/charts/Fans.svelte";
import Multiples from "../src/charts/Multiples.svelte";
import type { NetworkEdge, NetworkNode } from "../src/charts/network";
import Ranges, { type RangeRow } from "../src/charts/Ranges.svelte";
import Ranking from "../src/charts/Ranking.svelte";
import Survival from "../src/charts/Survival.svelte";
import Wall, { type Stack } from "../src/charts/Wall.svelte";
import Waterfall, { type Step } from "../src/charts/Waterfall.svelte";
import { month as monthName, musd, rent } from "../src/lib/format";

interface Odds {
  value: number;
  low: number | null;
  high: number | null;
  mc_error: number;
}

/** What `deflator.report.sections` writes into the page for each figure. */
export type Chart =
  | { kind: "ranking"; rows: { id: string; label: string; share: Odds; when: string; muted: boolean }[] }
  | { kind: "survival"; curves: { id: string; label: string; values: number[] }[] }
  | { kind: "dots"; dots: number[] }
  | { kind: "fan"; quantiles: number[][]; samples: number[][]; across: { label: string; value: number; low: number | null; high: number | null }[] }
  | { kind: "wall"; stacks: Stack[]; together: number }
  | { kind: "fans"; paths: FanPath[] }
  | { kind: "ranges"; rows: RangeRow[] }
  | { kind: "waterfall"; steps: Step[] }
  | { kind: "multiples"; nodes: NetworkNode[]; edges: NetworkEdge[]; months: number[]; broken: Record<string, number[]> };

export interface Drawn {
  component: Component<never>;
  props: Record<string, unknown>;
}

const SERIES = 8;
const colour = (place: number): string => `var(--series-${(place % SERIES) + 1})`;
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "5 2", "1 4"];

/** Return the chart of a figure; `label` is what is read aloud in its place. */
export function chartOf(chart: Chart, label: string, asOf: string, months: number): Drawn {
  const drawn = (component: unknown, props: Record<string, unknown>): Drawn => ({
    component: component as Component<never>,
    props: { label, ...props },
  });
  switch (chart.kind) {
    case "ranking":
      return drawn(Ranking, {
        when: true,
        rows: chart.rows.map((row) => ({
          ...row,
          share: { value: row.share.value, error: row.share.mc_error, low: row.share.low ?? NaN, high: row.share.high ?? NaN },
        })),
      });
    case "survival":
      return drawn(Survival, {
        asOf,
        months,
        curves: chart.curves.map((curve, place) => ({ ...curve, colour: colour(place), dash: DASHES[place] ?? "" })),
      });
    case "dots":
      return drawn(Dots, { asOf, months, dots: chart.dots });
    case "fan": {
      const across: Across[] = chart.across.map((line, place) => ({
        label: line.label,
        value: line.value,
        ...(line.low === null || line.high === null ? {} : { low: line.low, high: line.high }),
        colour: colour(place + 1),
        dash: DASHES[place] ?? "",
      }));
      return drawn(Fan, { asOf, months, quantiles: chart.quantiles, samples: chart.samples, across, show: rent });
    }
    case "wall":
      return drawn(Wall, { asOf, stacks: chart.stacks, together: chart.together });
    case "fans":
      return drawn(Fans, { asOf, months, paths: chart.paths });
    case "ranges":
      return drawn(Ranges, { rows: chart.rows });
    case "waterfall":
      return drawn(Waterfall, { steps: chart.steps, show: musd });
    case "multiples": {
      const at = new Map(chart.months.map((month, place) => [month, place]));
      const broken = (id: string, month: number): number => chart.broken[id]?.[at.get(month) ?? -1] ?? 0;
      const panels = chart.months.map((month) => ({ month, title: monthName(asOf, month), subtitle: "" }));
      return drawn(Multiples, { nodes: chart.nodes, edges: chart.edges, panels, broken });
    }
  }
}
