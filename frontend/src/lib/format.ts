/** Figures as a reader of either language writes them, with no more digits than they support. */
import { language } from "./i18n.svelte";

const made = new Map<string, Intl.NumberFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${language()} ${JSON.stringify(options)}`;
  let format = made.get(key);
  if (!format) made.set(key, (format = new Intl.NumberFormat(language() === "zh" ? "zh-CN" : "en-GB", options)));
  return format;
}

export const NOT_KNOWN = "–";

/** Share of paths: whole percents, and "<1 %" or ">99 %" near the ends, as the command line prints them. */
export function share(value: number): string {
  if (!Number.isFinite(value)) return NOT_KNOWN;
  const percent = value * 100;
  if (percent <= 0) return "0 %";
  if (percent >= 100) return "100 %";
  if (percent < 1) return "<1 %";
  if (percent > 99) return ">99 %";
  return `${Math.round(percent)} %`;
}

/** Range of a share over what is not known. */
export function range(low: number, high: number): string {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return NOT_KNOWN;
  const [a, b] = [share(low), share(high)];
  if (a === b) return a;
  return `${a.replace(" %", "")}–${b}`;
}

/** Difference of two shares in percentage points, with its sign. */
export function points(value: number): string {
  if (!Number.isFinite(value)) return NOT_KNOWN;
  const rounded = Math.round(value * 100);
  if (rounded === 0) return "0";
  return `${rounded > 0 ? "+" : "−"}${Math.abs(rounded)}`;
}

/** Money in USD millions, as millions or billions. */
export function musd(value: number): string {
  if (!Number.isFinite(value)) return NOT_KNOWN;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (language() === "zh") {
    // 亿 is how a Chinese reader counts: 100 million.
    if (size >= 100) return `${numbers({ maximumSignificantDigits: 3 }).format(value / 100)} 亿美元`;
    return `${numbers({ maximumSignificantDigits: 2 }).format(value)} 百万美元`;
  }
  if (size >= 1000) return `${numbers({ maximumSignificantDigits: 3 }).format(value / 1000)} bn $`;
  return `${numbers({ maximumSignificantDigits: size >= 100 ? 3 : 2 }).format(value)} m $`;
}

/** Rent in USD per unit-hour. */
export function rent(value: number): string {
  if (!Number.isFinite(value)) return NOT_KNOWN;
  return numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);
}

export function count(value: number): string {
  return Number.isFinite(value) ? numbers({ maximumFractionDigits: 0 }).format(value) : NOT_KNOWN;
}

export function figure(value: number, digits = 3): string {
  return Number.isFinite(value) ? numbers({ maximumSignificantDigits: digits }).format(value) : NOT_KNOWN;
}

export function seconds(value: number): string {
  return value < 1 ? `${Math.round(value * 1000)} ms` : `${figure(value, 2)} s`;
}

/** The month that lies `after` months behind `asOf` ("2026-02"), as "2026-07". */
export function month(asOf: string, after: number): string {
  if (!Number.isFinite(after)) return NOT_KNOWN;
  const [year, first] = asOf.split("-").map(Number) as [number, number];
  const index = year * 12 + first - 1 + Math.round(after);
  return `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}`;
}
