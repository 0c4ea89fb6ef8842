// Pictures of one clip, fetched ahead of the player and decoded just before they are shown.
//
// In: which picture is shown. Out: it, as soon as it is there. JPEGs are kept up to a bound in bytes; only a few are
// kept decoded, since each takes megabytes then.

const AT_ONCE = 4;
const FETCH_AHEAD = 60;
const DECODE_AHEAD = 6;
const DECODE_BEHIND = 2;
const MAX_KEPT_BYTES = 96_000_000;

export class Pictures {
  #jpegs = new Map<number, Blob>();
  #bitmaps = new Map<number, ImageBitmap | 'coming'>();
  #fetching = new Set<number>();
  #failed = new Set<number>();
  #shown = 0;
  #bytes = 0;
  readonly #stop = new AbortController();

  constructor(
    private readonly urlOf: (number: number) => string,
    private count: number,
    /** A picture came, or one is known not to. */
    private readonly onready: (number: number) => void,
  ) {}

  /** More pictures may have been recorded. */
  grow(count: number): void {
    this.count = count;
    this.#fill();
  }

  /** The player is here now: what follows is fetched. */
  show(number: number): void {
    this.#shown = number;
    for (const [one, bitmap] of this.#bitmaps) {
      if (this.#isNear(one)) continue;
      if (bitmap !== 'coming') bitmap.close();
      this.#bitmaps.delete(one);
    }
    this.#fill();
  }

  get(number: number): ImageBitmap | null {
    const bitmap = this.#bitmaps.get(number);
    return bitmap === undefined || bitmap === 'coming' ? null : bitmap;
  }

  hasFailed(number: number): boolean {
    return this.#failed.has(number);
  }

  close(): void {
    this.#stop.abort();
    for (const bitmap of this.#bitmaps.values()) if (bitmap !== 'coming') bitmap.close();
    this.#bitmaps.clear();
    this.#jpegs.clear();
  }

  #isNear(number: number): boolean {
    return number >= this.#shown - DECODE_BEHIND && number <= this.#shown + DECODE_AHEAD;
  }

  #fill(): void {
    if (this.#stop.signal.aborted) return;
    const last = Math.min(this.count - 1, this.#shown + FETCH_AHEAD);
    const near = [this.#shown, this.#shown - 1, this.#shown - 2];
    for (let number = this.#shown + 1; number <= last; number += 1) near.push(number);
    for (const number of near) {
      if (number < 0 || number > last || this.#failed.has(number)) continue;
      const jpeg = this.#jpegs.get(number);
      if (jpeg === undefined) {
        if (this.#fetching.size < AT_ONCE && !this.#fetching.has(number)) void this.#fetch(number);
      } else if (this.#isNear(number) && !this.#bitmaps.has(number)) void this.#decode(number, jpeg);
    }
  }

  async #fetch(number: number): Promise<void> {
    this.#fetching.add(number);
    try {
      const answer = await fetch(this.urlOf(number), { signal: this.#stop.signal });
      if (!answer.ok) throw new Error(`answer ${answer.status}`);
      const jpeg = await answer.blob();
      this.#jpegs.set(number, jpeg);
      this.#bytes += jpeg.size;
      this.#forgetFarthest();
    } catch {
      if (this.#stop.signal.aborted) return;
      this.#failed.add(number);
      this.onready(number);
    } finally {
      this.#fetching.delete(number);
    }
    this.#fill();
  }

  async #decode(number: number, jpeg: Blob): Promise<void> {
    this.#bitmaps.set(number, 'coming');
    try {
      const bitmap = await createImageBitmap(jpeg);
      if (this.#stop.signal.aborted || !this.#isNear(number)) {
        bitmap.close();
        this.#bitmaps.delete(number);
        return;
      }
      this.#bitmaps.set(number, bitmap);
    } catch {
      this.#bitmaps.delete(number);
      this.#failed.add(number);
    }
    this.onready(number);
  }

  #forgetFarthest(): void {
    while (this.#bytes > MAX_KEPT_BYTES) {
      const far = [...this.#jpegs.keys()].reduce((a, b) =>
        Math.abs(a - this.#shown) > Math.abs(b - this.#shown) ? a : b,
      );
      this.#bytes -= this.#jpegs.get(far)?.size ?? 0;
      this.#jpegs.delete(far);
    }
  }
}
