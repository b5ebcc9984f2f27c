/** Paths of charts. A point without a height breaks a line. */

type Along = (index: number) => number;

const short = (value: number): number => Math.round(value * 100) / 100;

function runs(length: number, known: (index: number) => boolean): [from: number, to: number][] {
  const found: [number, number][] = [];
  for (let index = 0; index < length; index += 1) {
    if (!known(index)) continue;
    const last = found.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  }
  return found;
}

/** A line through `length` points. */
export function line(length: number, x: Along, y: Along): string {
  const point = (index: number): string => `${short(x(index))},${short(y(index))}`;
  return runs(length, (index) => Number.isFinite(y(index)))
    .map(([from, to]) => `M${Array.from({ length: to - from + 1 }, (_, at) => point(from + at)).join("L")}`)
    .join("");
}

/** The area between two lines. */
export function band(length: number, x: Along, low: Along, high: Along): string {
  return runs(length, (index) => Number.isFinite(low(index)) && Number.isFinite(high(index)))
    .map(([from, to]) => {
      const forth = Array.from({ length: to - from + 1 }, (_, at) => `${short(x(from + at))},${short(high(from + at))}`);
      const back = Array.from({ length: to - from + 1 }, (_, at) => `${short(x(to - at))},${short(low(to - at))}`);
      return `M${forth.join("L")}L${back.join("L")}Z`;
    })
    .join("");
}

/** The part of a disc, clockwise from noon. */
export function slice(radius: number, part: number): string {
  if (part >= 1) return `M0,${-radius}A${radius},${radius} 0 1 1 0,${radius}A${radius},${radius} 0 1 1 0,${-radius}Z`;
  const angle = 2 * Math.PI * part;
  const [x, y] = [short(radius * Math.sin(angle)), short(-radius * Math.cos(angle))];
  return `M0,0V${-radius}A${radius},${radius} 0 ${part > 0.5 ? 1 : 0} 1 ${x},${y}Z`;
}
