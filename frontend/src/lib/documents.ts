/**
 * The page documents of `deflator.report.documents`, as JSON. The dashboard asks for them with
 * `POST /api/answers`; the report holds them inlined.
 *
 * Money is in USD m, rents in USD per unit-hour, months are counted from the as-of month (`meta.dates[month]` is the
 * calendar month). A series by month has T + 1 elements, month 0 first. null stands for what is not known.
 * Ids and codes are translated by the page; sentences come in the language of the argument `lang`.
 */

export interface Odds {
  value: number;
  /** Range over what is not known; null where a run cannot tell. */
  low: number | null;
  high: number | null;
  /** Monte Carlo error. */
  mc_error: number;
}

/** A series of `Odds`, one list for each field. */
export interface Bands {
  value: number[];
  low: (number | null)[];
  high: (number | null)[];
  mc_error: number[];
}

export interface Meta {
  book: { name: string; title: string; as_of: string; horizon: string; fingerprint: string; reference_equipment: string };
  scenario: { name: string; title: string; author: string; date: string; description: string; fingerprint: string };
  paths: number;
  draws: number;
  ignorance: boolean;
  chance: boolean;
  seed: number;
  months: number;
  /** Calendar month of every month 0 to T, YYYY-MM. */
  dates: string[];
  version: string;
  disclaimer: string;
}

export interface Head<Name extends string> {
  document: Name;
  arguments: Record<string, unknown>;
  meta: Meta;
}

/** Sentences of codes that a document names, in the language asked for. */
export interface Words {
  trigger: Record<string, string>;
  cause: Record<string, string>;
}

export type Kind = "layer" | "firm" | "cohort";
export type Layer =
  | "application" | "lab" | "hyperscaler" | "neocloud" | "landlord" | "lender" | "vendor" | "world";

// ---------------------------------------------------------------------------------------------------------- first

/** An outcome of "who breaks first"; `name` is `none` for nobody, last in its list. */
export interface FirstOutcome {
  name: string;
  label: string | null;
  first: Odds;
  break: number | null;
  with_soft: number | null;
  /** Quartiles of the month of first breaks. */
  months: [number, number, number] | null;
  /** Share of first breaks by trigger. */
  triggers: Record<string, number>;
  cause: string | null;
  share_assumed: number | null;
}

export interface SurvivalCurve {
  kind: Kind;
  name: string;
  label: string;
  breaks: number;
  paths: number;
  /** Share that has not broken, by month. */
  share: number[];
  low: number[] | null;
  high: number[] | null;
  mc_error: number[];
  /** Odds of a break by the horizon. */
  break: Odds;
  /** Fifty quantiles of the break month; 0 = does not break. */
  dots: number[];
}

/** Which of two breaks earlier: matrices [row][column], null where too few paths are known. */
export interface Order {
  names: string[];
  labels: string[];
  paths: number[][];
  earlier: (number | null)[][];
  low: (number | null)[][];
  high: (number | null)[][];
  mc_error: (number | null)[][];
}

export interface Reading {
  kind: Kind;
  threshold: number | null;
  soft: boolean;
  split: boolean;
  leader: string;
  p_first: number;
  p_first_low: number | null;
  p_first_high: number | null;
  agrees: boolean;
  [other: string]: unknown;
}

export interface HolderQuantiles {
  holder: string;
  name: string | null;
  mean_musd: number;
  q05: number;
  q50: number;
  q95: number;
}

export interface FirstDocument extends Head<"first"> {
  paths_counted: number;
  paths_failed: number;
  layer_of: Record<string, Layer>;
  first: Partial<Record<Kind, FirstOutcome[]>>;
  survival: SurvivalCurve[];
  order: Partial<Record<Kind, Order>>;
  yardsticks: Record<string, unknown>[];
  robust: boolean;
  robustness: Reading[];
  share_assumed: Partial<Record<Kind, number | null>>;
  losses: HolderQuantiles[];
  words: Words;
}

// ---------------------------------------------------------------------------------------------------------- rents

/** Quantiles by month as columns. */
export interface Fan {
  month: number[];
  q05: number[];
  q25: number[];
  q50: number[];
  q75: number[];
  q95: number[];
}

export interface CostLine {
  entity: string;
  figure: "avoidable" | "cash" | "full" | "contract";
  /** USD per reference unit-hour. */
  rent_usd_per_hour: number;
  low: number;
  high: number;
}

export interface UnitCost {
  /** `all` is every owner, weighted by units. */
  owner: string;
  equipment: string;
  month: number;
  /** units, avoidable, cash, full, contract, spot, free_entry, meter, contract_margin. */
  figures: Record<string, number | null>;
  ranges: Record<string, [number, number]>;
}

export interface RedLine {
  kind: "entity" | "liquidity" | "covenant" | "layer";
  label: string;
  entity: string | null;
  /** Months of pinned rent by whose end it breaks: 12 or 24. */
  months: number;
  /** `solved`, or why there is none: never, always, rises, bands, gone, beyond, alone, unmeasured. */
  status: string;
  rent_usd_per_hour: number | null;
  mc_error: number | null;
  likely_low: number | null;
  likely_high: number | null;
  low: number | null;
  high: number | null;
  bracket_low: number | null;
  bracket_high: number | null;
  headroom_usd_per_hour: number | null;
  headroom_share: number | null;
  share_at_lowest: number | null;
  share_at_highest: number | null;
  monotone: boolean | null;
  largest_rise: number | null;
  reason: string | null;
}

export interface RedLines {
  pinned_from: string;
  spot_usd_per_hour: number;
  rents_tried: number[];
  paths: number;
  draws: number;
  lines: RedLine[];
  costs: CostLine[];
}

export interface RentsDocument extends Head<"rents"> {
  equipment: string;
  fan: Fan;
  funding: Fan;
  /** Always the paths with the lowest numbers; `rent[sample][month]`. */
  samples: { paths: number[]; rent: number[][]; funding: number[][] };
  costs: CostLine[];
  units: UnitCost[];
  history: { month: string; equipment: string; series: string; usd_per_hour: number }[];
  labels: Record<string, string>;
  /** null when asked for with `lines: false`. */
  lines: RedLines | null;
}

export interface RedLinesDocument extends Head<"redlines">, RedLines {
  labels: Record<string, string>;
}

// -------------------------------------------------------------------------------------------------------- cascade

export type EdgeKind = "contract" | "lease" | "debt" | "guarantee";

export interface CascadeNode {
  id: string;
  label: string;
  layer: Layer;
  /** What it owes or is bound to pay in a year; of lenders, their capital. */
  exposure_musd: number;
  members: number;
  parent: string | null;
  can_break: boolean;
}

/** From who pays (buyer, tenant, borrower, guarantor) to who is paid. */
export interface CascadeEdge {
  from: string;
  to: string;
  kind: EdgeKind;
  /** USD m a year of contracts and leases; drawn principal of debt; what a guarantee covers. */
  musd: number;
  /** Contract, lease or facility. */
  label: string;
  /** Whether it runs (is drawn) at the as-of month. */
  runs: boolean;
  start: string;
  end: string;
}

export interface HeadroomBands {
  q05: (number | null)[];
  median: (number | null)[];
  q95: (number | null)[];
}

export interface CascadeDocument extends Head<"cascade"> {
  paths: number;
  draws: number;
  kinds: EdgeKind[];
  nodes: CascadeNode[];
  edges: CascadeEdge[];
  average: {
    /** By node that can break: share of it broken by the end of each month. */
    broken: Record<string, Bands>;
    /** Cash over the buffer at which it acts (of a lender: share of capital left), over paths on which it stands. */
    headroom: Record<string, HeadroomBands>;
  };
  path: {
    path: number;
    draw: number;
    chosen: { path: number; breaking: number; searched: number } | null;
    /** Entity whose middle path this is; null when the path was asked for. */
    chosen_for: string | null;
    rent: number[];
    breaks: { entity: string; month: number; trigger: string; share: number; causes: Record<string, number> }[];
    missed: { month: number; from: string; to: string; category: string; due_musd: number; missed_musd: number }[];
    /** Only entities of which something breaks. */
    broken: Record<string, number[]>;
    headroom: Record<string, (number | null)[]>;
  };
  words: Words;
}

// ----------------------------------------------------------------------------------------------------------- debt

export type Flow =
  | "balance" | "drawn" | "repaid" | "written_off" | "converted" | "due" | "refinanced" | "refinanced_early"
  | "extended" | "called";

/** `by_month` has T + 2 elements: month 0 is empty, the last is what falls due after the horizon. */
export interface WallFacility {
  facility: string;
  borrower: string;
  kind: string;
  maturity: string;
  principal_musd: number;
  /** Share by holder. */
  holders: Record<string, number>;
  by_month: number[];
  low: number[] | null;
  high: number[] | null;
}

/** Headroom: of a covenant the distance from its threshold over the threshold; of a firm cash over its buffer. */
export interface Room {
  name: string;
  entity: string;
  facility: string | null;
  /** A covenant's test; `cash` of a firm, `capital` of a lender. */
  test: string;
  threshold: number;
  q05: (number | null)[];
  median: (number | null)[];
  q95: (number | null)[];
  in_force: number[];
  /** Share of paths on which it is below zero (a firm: below one). */
  short: Bands;
}

export interface DebtDocument extends Head<"debt"> {
  unit: "musd";
  paths: number;
  draws: number;
  labels: Record<string, string>;
  flows: Flow[];
  /** By the terms of the book, of debt drawn at month 0: sums to the principal. */
  wall: {
    facilities: WallFacility[];
    by_holder: Record<string, number[]>;
    by_borrower: Record<string, number[]>;
    principal_musd: number;
  };
  /** What becomes of it on paths. due = refinanced + extended + converted + called, in every month. */
  outcome: {
    all: Record<Flow, Bands>;
    by_holder: Record<string, Record<Flow, number[]>>;
    by_borrower: Record<string, Record<Flow, number[]>>;
  };
  covenants: Room[];
  firms: Room[];
}

// --------------------------------------------------------------------------------------------------------- losses

export interface LossHolder {
  /** `all` is the sum over holders, first. */
  holder: string;
  label: string | null;
  mean: Odds;
  quantiles: { q05: number; q50: number; q95: number };
  /** Drawn debt on which it has a claim at month 0; loans made later can lose more. */
  claims_musd: number;
  share_of_claims: number | null;
}

export interface Division {
  outcome: "system_loss" | "loss" | "break";
  entity: string | null;
  unit: "musd" | "share";
  first_round: Odds;
  all_on: Odds;
  total: Odds;
  amplification: number | null;
  amplification_error: number | null;
  /** Largest first; values sum to the total. */
  parts: { channel: string; value: Odds; margin: number }[];
}

export interface LossesDocument extends Head<"losses"> {
  unit: "musd";
  holders: LossHolder[];
  labels: Record<string, string>;
  /** Losses of all, first round to all channels; null when asked for with `channels: false`. */
  waterfall: Division | null;
}

export interface AttributionDocument extends Head<"attribution"> {
  channels: string[];
  channels_off: string[];
  exact: boolean;
  orders: number | null;
  sets_played: number;
  paths: number;
  draws: number;
  labels: Record<string, string>;
  attributions: Division[];
}

// ------------------------------------------------------------------------------------------------------ companies

export interface CompanyRow {
  entity: string;
  label: string;
  layer: Layer;
  parent: string | null;
  members: number;
  cash_musd: number;
  debt_musd: number;
  equity_musd: number | null;
  capital_musd: number | null;
  revenue_musd_per_year: number | null;
  can_break: boolean;
  first: Odds | null;
  break: Odds | null;
  months: [number, number, number] | null;
  share_assumed: number | null;
}

export interface CompaniesDocument extends Head<"companies"> {
  companies: CompanyRow[];
}

/** One figure of the balance sheet by month; means of the parts sum to the mean of the equity. */
export interface Course {
  start: Odds;
  mean: number[];
  q05: number[];
  median: number[];
  q95: number[];
}

export interface Input {
  table: string;
  row: string;
  column: string;
  value: string | number | string[];
  unit: string;
  grade: "reported" | "derived" | "assumed" | "disputed" | "unknown";
  as_of: string;
  low: number | string | null;
  high: number | string | null;
  source: string;
  title: string;
  url: string | null;
  note: string | null;
}

export interface StoryEvent {
  month: number;
  date: string;
  kind: string;
  musd: number;
  values: Record<string, unknown>;
  essential: boolean;
  sentence: string;
}

export interface Story {
  entity: string;
  name: string;
  layer: Layer;
  path: number;
  draw: number;
  broke: boolean;
  month: number;
  date: string;
  trigger: string;
  trigger_sentence: string;
  headroom: number | null;
  shortfall_musd: number;
  /** Largest first; `shortfall_musd` sums to the shortfall. */
  causes: { cause: string; label: string; first_musd: number; last_musd: number; worse_musd: number; shortfall_musd: number }[];
  events: StoryEvent[];
  course: Record<string, number | string | null>[];
  sources: Record<string, string | number>[];
  chosen: { path: number; breaking: number; searched: number } | null;
}

/** A row of a table of the book, with the columns that name the company in `roles`. */
export type BookRow = { row: string; roles?: string[] } & Record<string, unknown>;

export interface CompanyDocument extends Head<"company"> {
  entity: string;
  label: string;
  layer: Layer;
  parent: string | null;
  /** Whose balance sheet is shown: the parent's for a captive entity. */
  account: string | null;
  members: number;
  ticker: string | null;
  labels: Record<string, string>;
  balance: { unit: "musd"; paths: number; parts: string[]; figures: Record<string, Course> } | null;
  first: Odds | null;
  break: Odds | null;
  months: [number, number, number] | null;
  share_assumed: number | null;
  survival: { share: number[]; low: number[] | null; high: number[] | null; mc_error: number[] } | null;
  contracts: BookRow[];
  leases: BookRow[];
  facilities: BookRow[];
  fleets: BookRow[];
  deliveries: BookRow[];
  covenants: BookRow[];
  holdings: { row: string; holder: string; owes: string; instrument: "debt" | "equity"; of: string; musd: number }[];
  inputs: Input[];
  /** null for one that cannot break; `broke` false tells the path on which it comes nearest to a break. */
  story: Story | null;
}

// ------------------------------------------------------------------------------------------------------ questions

export interface ClaimRow {
  id: string;
  mechanism: string;
  kind: "figure" | "evidence" | "dynamic" | "untestable";
  statement: string;
  scenario: string;
  verdict: "supported" | "contradicted" | "conditional" | "not_testable";
  essay_low: number | null;
  essay_high: number | null;
  value: number | null;
  low: number | null;
  high: number | null;
  unit: string;
  share: number | null;
  share_low: number | null;
  share_high: number | null;
  share_error: number | null;
  told: number | null;
  condition: string | null;
  correlation: number | null;
  null: string;
  statistic: string;
  supported_at: number | null;
  contradicted_at: number | null;
  why: string;
  source: string | null;
}

export interface ClaimsDocument extends Head<"claims"> {
  paths: number;
  draws: number;
  verdicts: Record<ClaimRow["verdict"], number>;
  claims: ClaimRow[];
}

export interface ReverseMove {
  name: string;
  unit: string;
  driver: boolean;
  number: number;
  median: number;
  score: number;
  share: number;
  source: string;
}

export interface ReverseDocument extends Head<"reverse"> {
  target: string;
  by: string;
  asked: number;
  at_medians: Odds;
  dimensions: number;
  searched: string[];
  left_out: number;
  paths: number;
  trials: number;
  start: string;
  solutions: {
    distance: number;
    tail_of_distance: number;
    tail_beyond_plane: number;
    reached: number;
    checked: Odds;
    fresh: number;
    outcome: string;
    reason: string;
    moves: ReverseMove[];
  }[];
}

export interface SensitivityDocument extends Head<"sensitivity"> {
  answer: {
    target: string;
    unit: string;
    value: number;
    mc_error: number;
    low: number;
    high: number;
    draws: number;
    paths: number;
    failed: number;
    unknown_figures: number;
    unknown_factors: number;
    known: {
      factor: string;
      figure: Record<string, unknown>;
      figures: number;
      worth: number;
      worth_error: number;
      explained: number;
      rises: boolean;
      p_value: number;
    }[];
    parts: { factor: string; figures: number; first: number; first_error: number; total: number; total_error: number }[];
    no_indices: string;
    [other: string]: unknown;
  };
}

export interface EntryDocument extends Head<"entry"> {
  thing: string;
  kind: string;
  price_unit: string;
  horizon: string;
  paths: number;
  draws: number;
  entries: Record<string, number | string | null>[];
  best_by_median: string | null;
  best_by_regret: string;
  waiting: Record<string, unknown>;
}

// ----------------------------------------------------------------------------------------------------- the record

/** A score with what other samples of as many firms would have given. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

export type Fate = "caught" | "missed" | "false_alarm" | "passed" | "unseen";

export interface BacktestDocument extends Head<"backtest"> {
  answer: {
    as_of: string;
    /** Last month that is scored. */
    until: number;
    paths: number;
    draws: number;
    firms: {
      entity: string;
      name: string;
      event: string;
      month: number;
      foretold: Odds;
      median_month: number | null;
      merton: number | null;
      black_cox: number | null;
      verdict: Fate;
    }[];
    horizons: {
      months: number;
      firms: number;
      broke: number;
      brier: Interval;
      log: Interval;
      auc: Interval | null;
      skills: { against: string; firms: number; brier: Interval | null; log: Interval | null }[];
    }[];
    calibration: { low: number; high: number; firms: number; foretold: number; broke: number; range_low: number; range_high: number }[];
    timing: { firms: number; left_out: number; error: Interval; distance: Interval; covered: Interval } | null;
    refused: string[];
  };
}

// ------------------------------------------------------------------------------------------------- book and limits

export type Grades = Record<Input["grade"], number>;

export interface BookDocument extends Head<"book"> {
  description: string;
  licence: string | null;
  compiled_by: string | null;
  tables: { table: string; rows: number; figures: number; by_grade: Grades; columns: number }[];
  figures: number;
  by_grade: Grades;
  sources: { source: string; title: string; url: string | null; date: string; kind: string; figures: number }[];
  reconciliation: {
    target: string;
    entity: string;
    measure: string;
    basis: string;
    standing: string;
    book_value: number;
    target_value: number;
    unit: string;
    residual: number;
    tolerance: number;
    passed: boolean;
    reason: string | null;
  }[];
}

export interface LimitsDocument extends Head<"limits"> {
  method: { id: string; text: string }[];
  limits: { id: string; text: string }[];
  channels: { name: string; on: boolean }[];
  parameters: { name: string; value: number; low: number; high: number; distribution: string }[];
  versions: Record<string, string>;
}

export interface Documents {
  first: FirstDocument;
  rents: RentsDocument;
  redlines: RedLinesDocument;
  cascade: CascadeDocument;
  debt: DebtDocument;
  losses: LossesDocument;
  attribution: AttributionDocument;
  companies: CompaniesDocument;
  company: CompanyDocument;
  claims: ClaimsDocument;
  reverse: ReverseDocument;
  sensitivity: SensitivityDocument;
  entry: EntryDocument;
  backtest: BacktestDocument;
  book: BookDocument;
  limits: LimitsDocument;
}
