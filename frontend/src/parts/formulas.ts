/** Which figures of the book stand in a formula. */
import type { Sourced } from "./source.svelte";

const TENURE = ["contracts.units", "contracts.rent_usd_per_hour", "contracts.take_or_pay", "contracts.end"];
const COSTS = ["entities.fixed_cost_musd_per_year", "fleets.opex_usd_per_hour", "fleets.power_usd_per_mwh", "leases.rent_musd_per_year"];
const INCOME = ["entities.end_user_revenue_musd_per_year", ...TENURE];
const OWED = ["facilities.drawn_musd", "facilities.rate_or_spread", "facilities.maturity", "amortisation.principal_musd"];

/** Columns by formula; a break rests on all of them. */
const COLUMNS: Record<string, readonly string[]> = {
  cash: ["entities.cash_musd"],
  contracts: TENURE,
  units: ["fleets.units", "fleets.in_service_month", "equipment.used_price_usd"],
  orders: ["deliveries.units", "deliveries.unit_price_usd", "deliveries.committed"],
  sites: ["entities.build_to_complete_musd", "leases.mw", "leases.start"],
  franchise: ["entities.equity_value_musd"],
  capital: ["entities.loss_absorbing_capital_musd"],
  debt: ["facilities.drawn_musd"],
  equity: ["entities.equity_value_musd", "entities.cash_musd", "facilities.drawn_musd"],
  income: INCOME,
  ebitda: [...INCOME, ...COSTS],
  service: OWED,
  claims: ["holdings.share_or_musd"],
  lost: ["holdings.share_or_musd"],
  breaks: ["entities.cash_musd", "entities.minimum_liquidity_musd", ...INCOME, ...COSTS, ...OWED],
};

export function inputsOf(formula: string, inputs: readonly Sourced[]): Sourced[] {
  const columns = COLUMNS[formula] ?? [];
  return inputs.filter((one) => columns.includes(`${one.table}.${one.column}`));
}
