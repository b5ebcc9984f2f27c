/** Text in drawings: how wide it is, and how to shorten it. */

let pen: CanvasRenderingContext2D | null | undefined;
const widths = new Map<string, number>();
const FONT_PX = 11.5;
const MOST_KEPT = 5000;

/** Width of a text in a chart, in pixels. */
export function width(text: string, size = FONT_PX, weight = 400): number {
  const key = `${size} ${weight} ${text}`;
  const before = widths.get(key);
  if (before !== undefined) return before;
  if (pen === undefined) pen = document.createElement("canvas").getContext("2d");
  const family = getComputedStyle(document.documentElement).getPropertyValue("--sans") || "sans-serif";
  if (pen) pen.font = `${weight} ${size}px ${family}`;
  const found = pen ? pen.measureText(text).width : text.length * size * 0.55;
  if (widths.size > MOST_KEPT) widths.clear();
  widths.set(key, found);
  return found;
}

/** A name without what stands in brackets behind it. */
export const brief = (name: string): string => name.replace(/ [(（][^()（）]*[)）]$/, "");

/** The text without what stands in brackets, then cut with an ellipsis, where it is wider than `most` pixels. */
export function fit(name: string, most: number, size = FONT_PX, weight = 400): string {
  if (width(name, size, weight) <= most) return name;
  const text = brief(name);
  if (width(text, size, weight) <= most) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (width(`${text.slice(0, middle).trimEnd()}…`, size, weight) <= most) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low).trimEnd()}…`;
}

/** Heights for labels that would stand on each other: each as near to its own as `gap` allows, within bounds. */
export function apart(wanted: number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = [...wanted];
  let floor = top;
  for (const index of order) {
    placed[index] = Math.max(wanted[index]!, floor);
    floor = placed[index]! + gap;
  }
  let ceiling = bottom;
  for (const index of order.reverse()) {
    placed[index] = Math.min(placed[index]!, ceiling);
    ceiling = placed[index]! - gap;
  }
  return placed;
}
