// Frames per second over the last seconds, from arrival times.

const WINDOW_MS = 5_000;

export class Rate {
  #times: number[] = [];

  record(nowMs: number): void {
    this.#times.push(nowMs);
    this.#times = this.#times.filter((time) => nowMs - time <= WINDOW_MS);
  }

  /** null until two frames are known, or when the last is older than the window. */
  fps(nowMs: number): number | null {
    const times = this.#times.filter((time) => nowMs - time <= WINDOW_MS);
    const first = times[0];
    const last = times.at(-1);
    if (first === undefined || last === undefined || last === first) return null;
    return ((times.length - 1) * 1000) / (last - first);
  }
}
