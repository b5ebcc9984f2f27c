/** Takes a chart away as a picture or a table, each with what it rests on. */

export interface Column {
  key: string;
  label: string;
  /** How a cell is shown; the CSV keeps the bare figure. */
  show?: (value: never) => string;
  /** Figures are set flush right. */
  number?: boolean;
}

export type Cell = string | number | boolean | null | undefined;
export type Row = Record<string, Cell>;

/** Saves bytes under a name, through the browser. */
export function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A cell as CSV: quoted where needed, and never a formula in a spreadsheet. */
function cell(value: Cell): string {
  if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
  if (typeof value === "number") return String(Number(value.toPrecision(7)));
  let plain = String(value);
  if (/^[=+\-@\t\r]/.test(plain)) plain = `'${plain}`;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

export function csv(columns: Column[], rows: Row[]): Blob {
  const lines = [columns.map((one) => cell(one.key)).join(",")];
  for (const row of rows) lines.push(columns.map((one) => cell(row[one.key])).join(","));
  return new Blob([`\uFEFF${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" });
}

export function metadata(facts: Record<string, unknown>): Blob {
  return new Blob([`${JSON.stringify(facts, null, 2)}\n`], { type: "application/json" });
}

/** Properties that give a copied SVG the looks it has on the page. */
const LOOKS = [
  "fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linecap",
  "stroke-linejoin", "opacity", "font-family", "font-size", "font-weight", "font-variant-numeric", "text-anchor",
  "dominant-baseline", "letter-spacing", "visibility", "display", "paint-order",
];

/** Return a copy of the SVG that looks the same without the page's style sheet. */
export function standalone(svg: SVGSVGElement, title: string): SVGSVGElement {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll<SVGElement>("*")];
  const copies = [copy, ...copy.querySelectorAll<SVGElement>("*")];
  originals.forEach((original, index) => {
    const looks = getComputedStyle(original);
    const target = copies[index] as SVGElement;
    for (const name of LOOKS) {
      const value = looks.getPropertyValue(name);
      if (value) target.style.setProperty(name, value);
    }
    target.removeAttribute("class");
  });
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  if (!copy.hasAttribute("viewBox")) copy.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  const name = document.createElementNS("http://www.w3.org/2000/svg", "title");
  name.textContent = title;
  copy.prepend(name, ground);
  return copy;
}

export function svgFile(svg: SVGSVGElement, title: string): Blob {
  return new Blob([new XMLSerializer().serializeToString(standalone(svg, title))], { type: "image/svg+xml" });
}

/** Twice the size on the screen, so that a slide shows it sharp. */
const SHARPNESS = 2;

export async function pngFile(svg: SVGSVGElement, title: string): Promise<Blob> {
  const copy = standalone(svg, title);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  const { width, height } = svg.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * SHARPNESS);
  canvas.height = Math.round(height * SHARPNESS);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the browser made no picture"))), "image/png"),
  );
}
