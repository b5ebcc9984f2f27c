/** What the service answers over HTTP. The page talks to the address it came from and to no other. */

import { language } from "./i18n.svelte";

export interface Fault {
  file?: string | null;
  row?: number | null;
  column?: string | null;
  field?: string | null;
  message: string;
  hint?: string | null;
}

export interface BookSummary {
  name: string;
  title: string;
  as_of: string;
  months: number;
  fingerprint: string;
  kept: boolean;
  /** Whether it comes with what happened afterwards. */
  outcomes: boolean;
}

export interface ScenarioSummary {
  name: string;
  title: string;
  author: string;
  date: string;
  description: string;
  /** Whether it comes with the program. */
  shipped?: boolean;
}

export interface Driver {
  driver: string;
  operation: string;
  meaning: string;
  unit: string;
  default: number | null;
  min: number;
  max: number;
  between: "step" | "ramp" | "pulse";
  narrow: string[];
  /** Whether it may be moved for everyone at once. */
  general?: boolean;
}

export interface Channel {
  name: string;
  label: string;
  mechanisms: string[];
}

export interface Entity {
  id: string;
  label: string;
  layer: string;
  kind: string;
  members: number;
}

export interface Parameter {
  name: string;
  value: number;
  low: number | null;
  high: number | null;
  unit: string;
  grade: string;
  source: string;
  meaning: string;
}

export interface SliderEvidence {
  key: string;
  group: string;
  main: boolean;
  /** Whether it pins a level: then there is no value at which it changes nothing. */
  pinned: boolean;
  unit: string;
  min: number;
  max: number;
  step: number;
  default: number | null;
  evidence: string;
  grade: string;
  source: string;
}

export interface Start {
  version: string;
  schema: number;
  languages: string[];
  disclaimer: string;
  books: BookSummary[];
  scenarios: ScenarioSummary[];
  runs: { run: string; [key: string]: unknown }[];
  defaults: { book: string; scenario: string; paths: number; draws: number; seed: number };
  drivers: Driver[];
  channels: Channel[];
  entities: Entity[];
  parameters: Parameter[];
  sliders: SliderEvidence[];
}

/** A value of `--set`: a scalar, or what holds from which month. */
export type Setting = number | string | boolean | Record<string, number>;
export type Settings = Record<string, Setting>;
export type ScenarioDocument = Record<string, unknown>;

/** What the engine is asked; the same words over HTTP and live. */
export interface Question {
  book: string;
  scenario: string | ScenarioDocument;
  settings: Settings;
  paths?: number;
  draws?: number;
  seed?: number;
  chance?: boolean;
}

export interface Job<D> {
  job: string;
  status: "queued" | "running" | "done" | "failed" | "cancelled";
  done?: number;
  total?: number;
  seconds_left?: number | null;
  document?: D;
  faults?: Fault[];
}

/** The service refused, and says where and why. */
export class Refused extends Error {
  constructor(
    readonly faults: Fault[],
    readonly status: number,
  ) {
    super(faults.map((fault) => fault.message).join("; "));
  }
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = new Headers(init.headers);
  headers.set("accept-language", language());
  const reply = await fetch(path, { ...init, headers });
  const kind = reply.headers.get("content-type") ?? "";
  const content: unknown = kind.includes("json") ? await reply.json() : { faults: [{ message: await reply.text() }] };
  if (!reply.ok) throw new Refused((content as { faults?: Fault[] }).faults ?? [{ message: reply.statusText }], reply.status);
  return content as T;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal ? { signal } : {});
}

export function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const form = body instanceof FormData;
  return ask<T>(path, {
    method: "POST",
    body: form ? body : JSON.stringify(body),
    ...(form ? {} : { headers: { "content-type": "application/json" } }),
    ...(signal ? { signal } : {}),
  });
}

export function remove(path: string): Promise<unknown> {
  return ask<unknown>(path, { method: "DELETE" });
}

const WAIT_FIRST_MS = 80;
const WAIT_MOST_MS = 1000;

/**
 * Ask for a page document and wait for it; `progress` hears how far it is. An abort cancels the job. `begin` asks for
 * what needs more than a question, such as a file.
 */
export async function answer<D>(
  document: string,
  question: Question,
  args: Record<string, unknown> = {},
  options: { progress?: (job: Job<D>) => void; signal?: AbortSignal; begin?: (signal?: AbortSignal) => Promise<Job<D>> } = {},
): Promise<D> {
  const { progress, signal, begin } = options;
  const body = { document, question, arguments: { lang: language(), ...args } };
  let job = begin ? await begin(signal) : await post<Job<D>>("/api/answers", body, signal);
  let wait = WAIT_FIRST_MS;
  const cancel = () => void remove(`/api/answers/${job.job}`).catch(() => undefined);
  try {
    while (job.status === "queued" || job.status === "running") {
      progress?.(job);
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(wait * 1.5, WAIT_MOST_MS);
      signal?.throwIfAborted();
      job = await get<Job<D>>(`/api/answers/${job.job}`, signal);
    }
  } catch (error) {
    if (signal?.aborted) cancel();
    throw error;
  }
  if (job.status !== "done" || job.document === undefined)
    throw new Refused(job.faults ?? [{ message: job.status }], 409);
  return job.document;
}
