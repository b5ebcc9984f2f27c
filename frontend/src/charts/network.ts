/** Where entities stand in the picture of the network: a column for each layer, and few crossings between columns. */

export interface NetworkNode {
  id: string;
  label: string;
  layer: string;
  exposure_musd: number;
}

export interface NetworkEdge {
  from: string;
  to: string;
  kind: string;
  musd: number;
  label?: string;
}

export interface Placed extends NetworkNode {
  x: number;
  y: number;
  radius: number;
}

export interface Drawn extends NetworkEdge {
  path: string;
  width: number;
}

export interface Layout {
  columns: { layer: string; x: number }[];
  nodes: Placed[];
  edges: Drawn[];
  height: number;
}

/** The chain, from those who pay for compute to those who lend on it. */
export const LAYERS = ["world", "application", "lab", "hyperscaler", "neocloud", "landlord", "vendor", "lender"];

const SWEEPS = 12;
const LARGEST_EDGE = 9;

/** Sum edges of one kind between the same two entities; the thickest come last, so that thin ones are drawn below. */
export function bundled(edges: readonly NetworkEdge[]): NetworkEdge[] {
  const found = new Map<string, NetworkEdge>();
  for (const edge of edges) {
    const key = `${edge.kind} ${edge.from} ${edge.to}`;
    const old = found.get(key);
    found.set(key, old ? { ...old, musd: old.musd + edge.musd } : { ...edge });
  }
  return [...found.values()].sort((a, b) => a.musd - b.musd);
}

function columnsOf(nodes: readonly NetworkNode[]): string[] {
  const present = new Set(nodes.map((node) => node.layer));
  const others = [...present].filter((layer) => !LAYERS.includes(layer)).sort();
  return [...LAYERS.filter((layer) => present.has(layer)), ...others];
}

/** Order every column by the mean place of its neighbours, weighted by exposure, a few times over. */
function ordered(nodes: readonly NetworkNode[], edges: readonly NetworkEdge[], layers: string[]): NetworkNode[][] {
  const columns = layers.map((layer) =>
    nodes.filter((node) => node.layer === layer).sort((a, b) => b.exposure_musd - a.exposure_musd),
  );
  const near = new Map<string, [string, number][]>();
  const add = (a: string, b: string, weight: number) => near.set(a, [...(near.get(a) ?? []), [b, weight]]);
  for (const { from, to, musd } of edges) {
    const weight = Math.sqrt(Math.max(musd, 0));
    add(from, to, weight);
    add(to, from, weight);
  }
  const place = new Map<string, number>();
  const note = (column: NetworkNode[]) =>
    column.forEach((node, index) => place.set(node.id, (index + 0.5) / column.length));
  columns.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1)
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const wanted = new Map(
        column.map((node) => {
          const known = (near.get(node.id) ?? []).filter(([other]) => place.has(other));
          const total = known.reduce((sum, [, weight]) => sum + weight, 0);
          const mean = known.reduce((sum, [other, weight]) => sum + weight * (place.get(other) ?? 0), 0) / total;
          return [node.id, total > 0 ? mean : (place.get(node.id) ?? 0)];
        }),
      );
      column.sort((a, b) => (wanted.get(a.id) ?? 0) - (wanted.get(b.id) ?? 0));
      note(column);
    }
  return columns;
}

/** A curve between two entities; within one column it bows to the right of it. */
function curve(a: Placed, b: Placed, bow: number): string {
  if (a.id === b.id) return "";
  if (a.x === b.x) return `M${a.x},${a.y}C${a.x + bow},${a.y} ${b.x + bow},${b.y} ${b.x},${b.y}`;
  const middle = (a.x + b.x) / 2;
  return `M${a.x},${a.y}C${middle},${a.y} ${middle},${b.y} ${b.x},${b.y}`;
}

/** Place entities and draw their edges in a picture of this width; `row` is the height of an entity. */
export function layout(
  nodes: readonly NetworkNode[],
  edges: readonly NetworkEdge[],
  { width, row, top, radius }: { width: number; row: number; top: number; radius: number },
): Layout {
  const layers = columnsOf(nodes);
  const known = new Set(nodes.map((node) => node.id));
  const sums = bundled(edges.filter((edge) => known.has(edge.from) && known.has(edge.to)));
  const columns = ordered(nodes, sums, layers);
  const rows = Math.max(1, ...columns.map((column) => column.length));
  const height = top + rows * row;
  const step = width / Math.max(1, layers.length);
  const most = Math.max(1, ...nodes.map((node) => node.exposure_musd));
  const placed = columns.flatMap((column, index) =>
    column.map((node, position) => ({
      ...node,
      x: index * step + radius + 2,
      y: top + ((position + 0.5) * (height - top)) / column.length,
      radius: radius * (0.5 + 0.5 * Math.sqrt(Math.max(node.exposure_musd, 0) / most)),
    })),
  );
  const at = new Map(placed.map((node) => [node.id, node]));
  const thickest = Math.max(1, ...sums.map((edge) => edge.musd));
  const drawn = sums.map((edge) => ({
    ...edge,
    path: curve(at.get(edge.from) as Placed, at.get(edge.to) as Placed, step * 0.45),
    width: 0.6 + (LARGEST_EDGE - 0.6) * Math.sqrt(edge.musd / thickest) * (radius / 10),
  }));
  return { columns: layers.map((layer, index) => ({ layer, x: index * step })), nodes: placed, edges: drawn, height };
}
