/** Draws the charts of a report from the data that stand in the page. */
import { mount } from "svelte";
import "../src/app.css";
import { speak, type Language } from "../src/lib/i18n.svelte";
import { chartOf, type Chart } from "./charts";
import "./report.css";

interface Data {
  language: Language;
  asOf: string;
  months: number;
  charts: Record<string, Chart>;
}

const data = JSON.parse(document.getElementById("charts")?.textContent ?? "{}") as Data;
speak(data.language);
for (const target of document.querySelectorAll<HTMLElement>("[data-chart-of]")) {
  const id = target.dataset.chartOf ?? "";
  const chart = data.charts[id];
  if (!chart) continue;
  const label = document.getElementById(`${id}-title`)?.textContent ?? id;
  const { component, props } = chartOf(chart, label, data.asOf, data.months);
  mount(component, { target, props: props as never });
}
document.documentElement.dataset.drawn = "yes";
