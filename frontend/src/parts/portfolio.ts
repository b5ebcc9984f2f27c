/** What comes of a lender's own loans, as `POST /api/tape` answers. */
import type { Odds } from "../lib/documents";

export interface PortfolioLoan {
  loan: string;
  line: number;
  borrower: string;
  obligor: string;
  matched_by: string;
  status: string;
  reason: string | null;
  committed_musd: number;
  drawn_musd: number;
  exposure_now_musd: number;
  maturity: string;
  cut_at_horizon: boolean;
  draw_share_assumed: boolean;
  pd: number | null;
  pd_low: number | null;
  pd_high: number | null;
  pd_error: number | null;
  exposure_at_default_musd: number | null;
  lgd: number | null;
  expected_loss_musd: number | null;
  expected_loss_low: number | null;
  expected_loss_high: number | null;
  expected_loss_error: number | null;
  expected_loss_share: number | null;
  es95_musd: number | null;
  es99_musd: number | null;
  es99_contribution_musd: number | null;
  collateral_now_musd: number | null;
  advance_rate: number | null;
  advance_rate_at_target: number | null;
  advance_told: string | null;
  red_line_12: number | null;
  red_line_24: number | null;
  red_line_told: string | null;
  covenant: string | null;
  covenant_headroom_12: number | null;
  covenant_below_from: string | null;
}

export interface PortfolioDocument {
  document: "portfolio";
  meta: {
    book: { name: string; title: string; as_of: string; fingerprint: string };
    scenario: { name: string; title: string; fingerprint: string };
    paths: number;
    draws: number;
    seed: number;
    months: number;
    target_loss: number;
    disclaimer: string;
  };
  file: string;
  ignored_columns: string[];
  mapped_columns: Record<string, string>;
  portfolio: {
    loans: number;
    committed_musd: number;
    drawn_musd: number;
    exposure_now_musd: number;
    collateral_now_musd: number;
    expected_loss: Odds;
    es95_musd: number;
    es99_musd: number;
    es95_error: number;
    es99_error: number;
    quantiles: Record<string, number>;
    share_of_paths_with_loss: number;
  };
  loans: PortfolioLoan[];
  curves: { obligor: string; month: number; date: string; pd: number; pd_low: number | null; pd_high: number | null; pd_error: number; hazard: number }[];
  headroom: { obligor: string; facility: string; test: string; case: string; month: number; date: string; q05: number; q50: number; q95: number; share_below: number; share_owing: number }[];
  reconciliation: { part: string; loans: number; committed_musd: number; drawn_musd: number }[];
}
