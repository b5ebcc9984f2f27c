/** Figures as a reader of either language writes them, with no more digits than they support. */
import { language, t } from "./i18n.svelte";

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
  // Beside "<" and ">" a dash without space reads as an arrow.
  return `${a.replace(" %", "")}${/[<>]/.test(a + b) ? " – " : "–"}${b}`;
}

/** The sign of a figure that says how it differs. */
export function sign(value: number): string {
  return value > 0 ? "+" : value < 0 ? "−" : "";
}

/** Difference of two shares in percentage points, with its sign. */
export function points(value: number): string {
  if (!Number.isFinite(value)) return NOT_KNOWN;
  const rounded = Math.round(value * 100);
  return `${sign(rounded)}${Math.abs(rounded)}`;
}

/** Monte Carlo error of a share: a number of percentage points, as a percent of it would be another thing. */
export function error(value: number): string {
  return Number.isFinite(value) ? `±${t("dashboard.unit.points", { value: (value * 100).toFixed(1) })}` : NOT_KNOWN;
}

/** Money in USD millions, as millions or billions. */
export function musd(value: number): string {
  if (!Number.isFinite(value)) return NOT_KNOWN;
  if (value === 0) return "0";
  const minus = value < 0 ? "−" : "";
  const size = Math.abs(value);
  const short = (scaled: number): string => numbers({ maximumSignificantDigits: size >= 100 ? 3 : 2 }).format(scaled);
  // A Chinese reader counts in 万 and 亿: ten thousand, and a hundred million.
  if (language() === "zh") return `${minus}${size >= 100 ? `${short(size / 100)} 亿` : `${short(size * 100)} 万`}美元`;
  if (size >= 1000) return `${minus}$${short(size / 1000)} bn`;
  return `${minus}$${size >= 1 ? `${short(size)} m` : `${short(size * 1000)} k`}`;
}

/** Rent in USD per unit-hour, where the unit stands beside. */
export function rent(value: number): string {
  if (!Number.isFinite(value)) return NOT_KNOWN;
  return `${value < 0 ? "−" : ""}${numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(Math.abs(value))}`;
}

/** Rent with its currency, where it stands alone. */
export function usd(value: number): string {
  return language() === "zh" ? `${rent(value)} 美元` : `$${rent(value)}`;
}

export function count(value: number): string {
  return Number.isFinite(value) ? numbers({ maximumFractionDigits: 0 }).format(value).replace("-", "−") : NOT_KNOWN;
}

export function figure(value: number, digits = 3): string {
  return Number.isFinite(value) ? numbers({ maximumSignificantDigits: digits }).format(value).replace("-", "−") : NOT_KNOWN;
}

/** A word as a title begins. */
export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

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
