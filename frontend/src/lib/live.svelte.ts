/** Live runs over one WebSocket: the latest question wins, and what is painted is the latest answer to it. */
import type { Fault, Question } from "./api";
import { language } from "./i18n.svelte";

export type Stage = "preview" | "refining" | "full";
export type Kind = "firm" | "layer" | "cohort";
export type Fidelity = "preview" | "full";

/** What stands in front of the numbers of a frame. */
export interface Header {
  id: number;
  stage: Stage;
  paths: number;
  draws: number;
  seconds: number;
  engine_seconds: number;
  as_of: string;
  months: number;
  book: string;
  scenario: string;
  fingerprint: string;
  /** Name of the kept run of the same question. */
  run: string;
  disclaimer: string;
  firms: string[];
  layers: string[];
  cohorts: string[];
  holders: string[];
  labels: Record<string, string>;
  layer_of: Record<string, string>;
  arrays: { name: string; shape: number[] }[];
  faults?: Fault[];
}

export interface Table {
  shape: number[];
  values: Float32Array;
}

export interface Frame {
  header: Header;
  arrays: Record<string, Table>;
}

/** Read a binary frame: length, JSON header, padding to four bytes, then float32 arrays back to back. */
export function decode(buffer: ArrayBuffer): Frame {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))) as Header;
  let at = Math.ceil((4 + length) / 4) * 4;
  const arrays: Record<string, Table> = {};
  for (const { name, shape } of header.arrays ?? []) {
    const size = shape.reduce((product, side) => product * side, 1);
    arrays[name] = { shape, values: new Float32Array(buffer, at, size) };
    at += size * 4;
  }
  return { header, arrays };
}

/** Row `index` of a two-dimensional table, without a copy. */
export function row(table: Table | undefined, index: number): Float32Array {
  if (!table) return new Float32Array(0);
  const width = table.shape[1] ?? 1;
  return table.values.subarray(index * width, (index + 1) * width);
}

/** How long one input took until its picture stood; read by bench/web_latency.py. */
export interface Paint {
  id: number;
  input_ms: number;
  paint_ms: number;
  engine_ms: number;
}

export type Connection = "connecting" | "open" | "lost";

const RETRY_FIRST_MS = 250;
const RETRY_MOST_MS = 4000;
const FULL_AFTER_MS = 250;
/** How long the picture of one question may be in coming before the next one is sent all the same. */
const PATIENCE_MS = 150;

/**
 * One live view: sends the latest question, keeps the latest frame, asks for full fidelity when idle.
 *
 * A question that comes while another is under way waits here until that one is drawn, and is replaced by any newer
 * one. Engine and browser work on the same processors: in turns they answer a hand sooner than both at once, and what
 * is asked next is then the newest there is.
 */
export class Live {
  frame = $state.raw<Frame | null>(null);
  faults = $state.raw<Fault[]>([]);
  connection = $state<Connection>("connecting");
  waiting = $state(false);
  /** Whether the frame on the screen answers the question as it stands, at full fidelity. */
  settled = $derived(!this.waiting && this.frame?.header.stage === "full");

  private socket: WebSocket | null = null;
  private id = 0;
  private question: Question | null = null;
  private asked = new Map<number, number>();
  private sent = 0;
  private taken = 0;
  private held: Fidelity | null = null;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private drawing = 0;
  private full: ReturnType<typeof setTimeout> | undefined;
  private retry = RETRY_FIRST_MS;
  private closed = false;

  constructor(private readonly paints?: Paint[]) {}

  /** Ask the engine; `inputAt` is the time of the input event that caused it. */
  ask(question: Question, inputAt = performance.now(), fidelity: Fidelity = "preview"): void {
    this.question = question;
    this.id += 1;
    this.asked.set(this.id, inputAt);
    this.waiting = true;
    clearTimeout(this.full);
    if (this.patience === undefined) this.send(fidelity);
    else this.held = fidelity;
    if (fidelity === "preview") this.full = setTimeout(() => this.refine(), FULL_AFTER_MS);
  }

  /** Stop a run that is refining; what is on the screen stays. */
  cancel(): void {
    clearTimeout(this.full);
    this.held = null;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ cancel: this.id }));
    this.waiting = false;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.full);
    clearTimeout(this.patience);
    cancelAnimationFrame(this.drawing);
    this.socket?.close();
  }

  private refine(): void {
    const input = this.asked.get(this.id);
    this.id += 1;
    // What was not answered in the meantime is answered by this one.
    if (input !== undefined) this.asked.set(this.id, input);
    this.send("full");
  }

  private send(fidelity: Fidelity): void {
    if (!this.question) return;
    this.held = null;
    clearTimeout(this.patience);
    this.sent = this.id;
    this.patience = setTimeout(() => this.release(), PATIENCE_MS);
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ id: this.id, question: this.question, fidelity }));
    else this.connect();
  }

  /** Wait no longer for the question under way; the one that was held is sent. */
  private release(): void {
    clearTimeout(this.patience);
    this.patience = undefined;
    if (this.held) this.send(this.held);
  }

  private connect(): void {
    if (this.closed || (this.socket && this.socket.readyState <= WebSocket.OPEN)) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/live?lang=${language()}`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.connection = "open";
      this.retry = RETRY_FIRST_MS;
      if (this.question) this.refineOrAsk();
    };
    socket.onmessage = (event) => {
      if (event.data instanceof ArrayBuffer) this.take(decode(event.data));
    };
    socket.onclose = () => {
      if (this.closed) return;
      this.connection = "lost";
      setTimeout(() => this.connect(), this.retry);
      this.retry = Math.min(this.retry * 2, RETRY_MOST_MS);
    };
  }

  /** After a connection is made: the question as it stands, a preview first when nothing is on the screen. */
  private refineOrAsk(): void {
    this.send("preview");
    clearTimeout(this.full);
    this.full = setTimeout(() => this.refine(), FULL_AFTER_MS);
  }

  private take(frame: Frame): void {
    const { id, faults, stage, engine_seconds } = frame.header;
    if (id > this.id || id < this.taken) return;
    this.taken = id;
    this.faults = faults ?? [];
    if (faults?.length) {
      this.waiting = false;
      clearTimeout(this.full);
    } else {
      this.frame = frame;
      if (id === this.id && stage === "full") this.waiting = false;
    }
    cancelAnimationFrame(this.drawing);
    this.drawing = requestAnimationFrame(() => this.paint(id, engine_seconds));
  }

  private paint(id: number, engine_seconds: number): void {
    // Moves of a hand are heard right before an animation frame: what is held now is as new as it gets.
    if (id >= this.sent) this.release();
    const input = this.asked.get(id);
    for (const old of this.asked.keys()) if (old <= id) this.asked.delete(old);
    if (input !== undefined && this.paints)
      afterPaint(() => this.paints?.push({ id, input_ms: input, paint_ms: performance.now(), engine_ms: engine_seconds * 1000 }));
  }
}

/** Call back once the browser has painted what this task changed. */
function afterPaint(then: () => void): void {
  const channel = new MessageChannel();
  channel.port1.onmessage = then;
  // Posted within an animation frame, it is heard right after that frame is painted.
  channel.port2.postMessage(0);
}
