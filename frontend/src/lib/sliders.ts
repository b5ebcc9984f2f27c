/**
 * Sliders: one number each, put on top of what the scenario says.
 *
 * A scale multiplies and a shift adds to every course of its driver that the scenario has, narrower ones included:
 * otherwise a slider for everyone would leave alone the very layers that the scenario speaks of. A level replaces.
 */
import type { ScenarioDocument, Setting, Settings, SliderEvidence } from "./api";
import type { Ask } from "./address";

export type How = "scale" | "shift" | "level";

export interface Slider {
  key: string;
  how: How;
  group: string;
  main: boolean;
  min: number;
  max: number;
  step: number;
  /** Where it changes nothing; null where that is not a number: what is pinned can be let go only. */
  neutral: number | null;
  /** Where it stands before it is pinned. */
  rest: number;
}

/** The sliders of a book, as the service offers them: six in sight, the rest in groups. */
export function slidersOf(offered: SliderEvidence[]): Slider[] {
  return offered.map(({ key, group, main, min, max, step, default: start, pinned }) => ({
    key,
    how: key.split(".").at(-1) as How,
    group,
    main,
    min,
    max,
    step,
    neutral: pinned ? null : (start ?? 0),
    rest: start ?? (min + max) / 2,
  }));
}

type Course = number | Record<string, number>;

/** Courses of a driver's operation that a scenario has, by the key of `--set`: narrower ones included. */
export function coursesOf(document: ScenarioDocument | null, key: string): Record<string, Course> {
  const driver = key.slice(0, key.lastIndexOf("."));
  const operation = key.slice(key.lastIndexOf(".") + 1);
  const found: Record<string, Course> = {};
  const drivers = (document?.drivers ?? {}) as Record<string, Record<string, Course>>;
  for (const [name, operations] of Object.entries(drivers)) {
    const course = operations?.[operation];
    if ((name === driver || name.startsWith(`${driver}.`)) && course !== undefined) found[`${name}.${operation}`] = course;
  }
  return found;
}

function moved(course: Course, slider: Slider, value: number, asOf: string): Course {
  if (slider.how === "level") return value;
  const one = (before: number): number => Number((slider.how === "scale" ? before * value : before + value).toPrecision(6));
  if (typeof course === "number") return one(course);
  const entries = Object.entries(course).map(([when, before]) => [when, one(before)] as const);
  const covered = asOf in course || "+0" in course;
  const first = covered ? [] : [[asOf, value] as const];
  return Object.fromEntries([...first, ...entries]);
}

/** The settings with a slider at a value; null takes it away. */
export function at(ask: Ask, slider: Slider, value: number | null, document: ScenarioDocument | null, asOf: string): Settings {
  const settings = { ...ask.settings };
  const courses = coursesOf(document, slider.key);
  delete settings[slider.key];
  for (const key of Object.keys(courses)) delete settings[key];
  if (value === null || value === slider.neutral) return settings;
  settings[slider.key] = value;
  for (const [key, course] of Object.entries(courses)) settings[key] = moved(course, slider, value, asOf);
  return settings;
}

/** Where a slider stands; null where it is not used, or where months or a narrower key were set by hand. */
export function valueOf(ask: Ask, slider: Slider, document: ScenarioDocument | null, asOf: string): number | null {
  const setting: Setting | undefined = ask.settings[slider.key];
  const course = coursesOf(document, slider.key)[slider.key];
  if (setting === undefined) return null;
  if (slider.how === "level") return typeof setting === "number" ? setting : null;
  const start = (one: Setting): number | undefined => (typeof one === "object" ? (one[asOf] ?? one["+0"]) : Number(one));
  const stands = start(setting);
  const before = course === undefined ? undefined : start(course);
  if (stands === undefined || Number.isNaN(stands)) return null;
  // A course that begins later says nothing of the first month: what stands there is the slider's own.
  if (before === undefined) return typeof setting === "number" || course !== undefined ? stands : null;
  const value = slider.how === "scale" ? (before === 0 ? NaN : stands / before) : stands - before;
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

/** Whether months were set by hand where the slider has one number for all. */
export function byHand(ask: Ask, slider: Slider, document: ScenarioDocument | null, asOf: string): boolean {
  return ask.settings[slider.key] !== undefined && valueOf(ask, slider, document, asOf) === null;
}
