/** The state of the dashboard: one record, all of it in the address, with undo and redo of what is asked. */
import type { Entity, Question, ScenarioDocument, Setting, Settings, SliderEvidence, Start } from "./api";
import { fromFragment, toFragment, type Ask, type View } from "./address";
import { LANGUAGES, language, type Language } from "./i18n.svelte";
import { turnTo } from "./languages";
import { Live, type Paint } from "./live.svelte";
import { documentOf } from "./scenarios.svelte";

declare global {
  interface Window {
    __deflator: { paints: Paint[] };
  }
}

export type Theme = "" | "light" | "dark";

const MOST_REMEMBERED = 200;
const LEAST_BETWEEN_MS = 200;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

class Dashboard {
  /** What the service offers; null until it has answered. */
  start = $state.raw<Start | null>(null);
  page = $state("now");
  book = $state("");
  now = $state.raw<Ask>({ scenario: "base", settings: {} });
  pinned = $state.raw<Ask | null>(null);
  beside = $state.raw<Ask | null>(null);
  choices = $state<Record<string, string>>({});
  theme = $state<Theme>("");
  /** Version of a stale address that was opened, to warn of it. */
  stale = $state<string | null>(null);
  broken = $state(false);

  /** What the scenario that is asked says itself, with what it extends. */
  document = $state.raw<ScenarioDocument | null>(null);

  private past = $state.raw<Ask[]>([]);
  private future = $state.raw<Ask[]>([]);
  private draggedFrom: Ask | null = null;
  private shown = "";
  private written = -Infinity;
  private writing: ReturnType<typeof setTimeout> | undefined;

  readonly live: Live;
  readonly pinnedLive = new Live();
  readonly besideLive = new Live();

  canUndo = $derived(this.past.length > 0);
  canRedo = $derived(this.future.length > 0);
  changed = $derived(Object.keys(this.now.settings).length);
  entities = $derived(new Map<string, Entity>((this.start?.entities ?? []).map((one) => [one.id, one])));
  evidence = $derived(new Map<string, SliderEvidence>((this.start?.sliders ?? []).map((one) => [one.key, one])));
  /** The question as it stands: what documents of pages are asked with. */
  question = $derived<Question>(this.questionOf(this.now));

  constructor() {
    window.__deflator = { paints: [] };
    this.live = new Live(window.__deflator.paints);
  }

  readonly asOf = $derived(this.start?.books.find((one) => one.name === this.book)?.as_of ?? "");

  questionOf(ask: Ask): Question {
    return { book: this.book, scenario: ask.scenario, settings: ask.settings };
  }

  /** Begin with what the service offers and what the address says. */
  begin(start: Start): void {
    this.start = start;
    this.book = start.defaults.book;
    this.now = { scenario: start.defaults.scenario, settings: {} };
    this.open(location.hash);
    window.addEventListener("hashchange", () => {
      if (location.hash !== this.shown) this.open(location.hash);
    });
    this.run();
  }

  private open(fragment: string): void {
    const { view, stale, broken } = fromFragment(fragment);
    this.stale = stale;
    this.broken = broken;
    const asked = { now: this.now, book: this.book, pinned: this.pinned, beside: this.beside };
    if (view.page) this.page = view.page;
    if (view.book) this.book = view.book;
    if (view.now) this.now = view.now;
    if (view.now) this.pinned = view.pinned ?? null;
    if (view.now) this.beside = view.beside ?? null;
    this.choices = view.choices ?? {};
    if (LANGUAGES.some((one) => one.id === view.language)) void turnTo(view.language as Language);
    if (view.theme === "light" || view.theme === "dark") this.theme = view.theme;
    if (!same(asked, { now: this.now, book: this.book, pinned: this.pinned, beside: this.beside })) this.run();
  }

  view(): View {
    return {
      page: this.page,
      book: this.book,
      now: this.now,
      pinned: this.pinned,
      beside: this.beside,
      choices: { ...this.choices },
      language: language(),
      theme: this.theme,
    };
  }

  /**
   * Write the state into the address; a page that is turned is a step that the browser can go back. Browsers drop what
   * is written too often, and it takes them longer than a picture: a slider that is dragged writes when it rests.
   */
  show(): void {
    const fragment = toFragment(this.view());
    clearTimeout(this.writing);
    if (fragment === this.shown) return;
    const turned = this.shown !== "" && !this.shown.startsWith(`#/${this.page}?`);
    const early = this.draggedFrom ? LEAST_BETWEEN_MS : this.written + LEAST_BETWEEN_MS - performance.now();
    if (turned || early <= 0) this.write(fragment, turned);
    else this.writing = setTimeout(() => this.write(fragment, false), early);
  }

  private write(fragment: string, turned: boolean): void {
    this.shown = fragment;
    this.written = performance.now();
    history[turned ? "pushState" : "replaceState"](null, "", fragment);
  }

  link(): string {
    return `${location.origin}${location.pathname}${toFragment(this.view())}`;
  }

  go(page: string, choices: Record<string, string> = {}): void {
    this.choices = { ...this.choices, ...choices };
    this.page = page;
  }

  choose(key: string, value: string): void {
    this.choices = { ...this.choices, [key]: value };
  }

  /** Ask all that is on the screen. */
  run(inputAt?: number): void {
    this.live.ask(this.questionOf(this.now), inputAt);
    void this.readScenario();
    if (this.pinned) this.pinnedLive.ask(this.questionOf(this.pinned), undefined, "full");
    if (this.beside) this.besideLive.ask(this.questionOf(this.beside), undefined, "full");
  }

  private replace(ask: Ask, inputAt?: number): void {
    const other = !same(ask.scenario, this.now.scenario);
    this.now = ask;
    this.live.ask(this.questionOf(ask), inputAt);
    if (other) void this.readScenario();
  }

  private async readScenario(): Promise<void> {
    const { scenario } = this.now;
    const document = await documentOf(scenario, this.book);
    if (same(scenario, this.now.scenario)) this.document = document;
  }

  private remember(ask: Ask): void {
    this.past = [...this.past.slice(-MOST_REMEMBERED + 1), ask];
    this.future = [];
  }

  /** Change what is asked, as one step that can be undone. */
  change(ask: Ask, inputAt?: number): void {
    if (same(ask, this.now)) return;
    this.remember(this.draggedFrom ?? this.now);
    this.draggedFrom = null;
    this.replace(ask, inputAt);
  }

  /** Set one driver, switch or parameter; `undefined` takes it back to what the scenario says. */
  set(key: string, value: Setting | undefined, inputAt?: number): void {
    this.change(this.with(key, value), inputAt);
  }

  /** Change settings while a slider is dragged: the whole drag is one step of undo, closed by `drop`. */
  drag(settings: Settings, inputAt: number): void {
    this.draggedFrom ??= this.now;
    const ask = { scenario: this.now.scenario, settings };
    if (!same(ask, this.now)) this.replace(ask, inputAt);
  }

  drop(): void {
    if (this.draggedFrom && !same(this.draggedFrom, this.now)) this.remember(this.draggedFrom);
    this.draggedFrom = null;
  }

  private with(key: string, value: Setting | undefined): Ask {
    const settings = { ...this.now.settings };
    if (value === undefined) delete settings[key];
    else settings[key] = value;
    return { scenario: this.now.scenario, settings };
  }

  undo(): void {
    const last = this.past.at(-1);
    if (!last) return;
    this.past = this.past.slice(0, -1);
    this.future = [this.now, ...this.future];
    this.replace(last);
  }

  redo(): void {
    const [next, ...rest] = this.future;
    if (!next) return;
    this.future = rest;
    this.past = [...this.past, this.now];
    this.replace(next);
  }

  /** Measure differences from what is asked now. */
  pin(ask: Ask | null = this.now): void {
    this.pinned = ask;
    if (ask) this.pinnedLive.ask(this.questionOf(ask), undefined, "full");
  }

  /** Put another scenario beside it on the same charts. */
  put(ask: Ask | null): void {
    this.beside = ask;
    if (ask) this.besideLive.ask(this.questionOf(ask), undefined, "full");
  }

  useBook(name: string): void {
    this.book = name;
    this.past = this.future = [];
    this.run();
  }
}

export const dashboard = new Dashboard();

/** Title of a scenario, as the service or its author says. */
export function titleOf(name: string): string {
  return dashboard.start?.scenarios.find((one) => one.name === name)?.title ?? name;
}

/** Title of what is asked, as the reader calls it. */
export function scenarioTitle(ask: Ask): string {
  if (typeof ask.scenario !== "string") return String(ask.scenario.title ?? ask.scenario.name ?? "");
  return ask.scenario.split("+").map(titleOf).join(" + ");
}
