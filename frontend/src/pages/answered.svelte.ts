/** A page document as it is asked for: how far it is, what is wrong, and the last answer, which stays until the next. */
import { answer, Refused, type Fault, type Job, type Question } from "../lib/api";
import { t } from "../lib/i18n.svelte";

/** Begins a job that needs more than a question, such as a file. */
export type Begin<D> = (signal?: AbortSignal) => Promise<Job<D>>;

/** Dragging a slider asks many questions; a job is begun for the one at which the reader stops. */
const REST_MS = 450;

export class Answered<D> {
  document = $state.raw<D | null>(null);
  faults = $state.raw<Fault[]>([]);
  waiting = $state(false);
  cancelled = $state(false);
  done = $state(0);
  total = $state(0);
  secondsLeft = $state<number | null>(null);

  private asked = "";
  private how: Begin<D> | undefined;
  private job: AbortController | null = null;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly name: string) {}

  /** Ask, unless this is what was asked last. */
  ask(question: Question, args: Record<string, unknown> = {}, begin?: Begin<D>): void {
    const wanted = JSON.stringify([question, args]);
    if (wanted === this.asked) return;
    const first = this.asked === "";
    this.asked = wanted;
    this.how = begin;
    clearTimeout(this.resting);
    this.job?.abort();
    this.cancelled = false;
    this.waiting = true;
    this.resting = setTimeout(() => void this.begin(wanted, question, args), first ? 0 : REST_MS);
  }

  /** Stop the job; the last answer stays. */
  cancel(): void {
    clearTimeout(this.resting);
    this.job?.abort();
    this.waiting = false;
    this.cancelled = true;
  }

  /** Ask the same again, after a cancel or a fault. */
  again(): void {
    const [question, args] = JSON.parse(this.asked) as [Question, Record<string, unknown>];
    this.asked = "";
    this.ask(question, args, this.how);
  }

  /** Tell what is wrong before anything is asked. */
  refuse(faults: Fault[]): void {
    this.faults = faults;
  }

  /** The page is left: a job nobody waits for is stopped. */
  leave(): void {
    clearTimeout(this.resting);
    this.job?.abort();
  }

  private async begin(wanted: string, question: Question, args: Record<string, unknown>): Promise<void> {
    const job = new AbortController();
    this.job = job;
    this.done = this.total = 0;
    this.secondsLeft = null;
    try {
      const found = await answer<D>(this.name, question, args, {
        signal: job.signal,
        ...(this.how ? { begin: this.how } : {}),
        progress: (state) => {
          if (job !== this.job) return;
          this.done = state.done ?? 0;
          this.total = state.total ?? 0;
          this.secondsLeft = state.seconds_left ?? null;
        },
      });
      if (wanted !== this.asked) return;
      this.document = found;
      this.faults = [];
    } catch (error) {
      if (job.signal.aborted || wanted !== this.asked) return;
      this.faults = error instanceof Refused ? error.faults : [{ message: t("dashboard_pages.job.unreachable") }];
    } finally {
      if (job === this.job && wanted === this.asked) this.waiting = false;
    }
  }
}
