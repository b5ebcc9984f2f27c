/** Words that have to fit: in a picture nothing wraps by itself. */

/** How many Latin signs wide some words are; CJK signs are twice as wide as others. */
export function breadth(words: string): number {
  return [...words].reduce((sum, sign) => sum + ((sign.codePointAt(0) ?? 0) > 0x2e80 ? 1.9 : 1), 0);
}

/** Words cut to a breadth. */
export function cut(words: string, most: number): string {
  if (breadth(words) <= most) return words;
  let kept = "";
  for (const sign of words) {
    if (breadth(kept + sign) > most - 1) break;
    kept += sign;
  }
  return `${kept.trimEnd()}…`;
}

/** A name on one or two lines beside its mark: without what stands in brackets, the second line cut. */
export function lines(label: string, most: number): string[] {
  const bare = label.replace(/\s*[(:（].*$/, "").trim() || label;
  if (breadth(bare) <= most) return [bare];
  const words = bare.split(" ");
  let first = words.shift() ?? "";
  while (words.length && breadth(`${first} ${words[0]}`) <= most) first += ` ${words.shift()}`;
  return words.length ? [cut(first, most), cut(words.join(" "), most)] : [cut(first, most)];
}
