// Plays a clip: which picture is shown, and when the next one is.
//
// In: the clip, and what the person does. Out: the number of the picture to show. Goes on only when the next picture
// is there: a slow line makes it wait, not skip.

import { frameUrl, type Clip } from '../api/clips';
import { Pictures } from './pictures';
import { alarmFrame, endOf, frameAt, placesOf } from './timeline';

export const SPEEDS = [0.25, 0.5, 1, 2, 4] as const;

export class Player {
  clip = $state.raw<Clip>(null as unknown as Clip);
  /** Number of the picture that is shown, or waited for. */
  index = $state(0);
  isPlaying = $state(false);
  speed = $state(1);
  /** Counts pictures that came: whoever draws looks again. */
  ready = $state(0);

  readonly pictures: Pictures;
  #places: number[] = [];
  #place = 0;
  #lastMs: number | null = null;
  #timer = 0;

  constructor(eventId: string, clip: Clip) {
    this.pictures = new Pictures(
      (number) => frameUrl(eventId, number),
      clip.frames.length,
      () => (this.ready += 1),
    );
    this.take(clip);
    this.seek(this.alarmIndex);
  }

  get alarmIndex(): number {
    return alarmFrame(this.clip.frames, this.clip.alarm_at);
  }

  get lastIndex(): number {
    return Math.max(0, this.clip.frames.length - 1);
  }

  /** The same clip, which may have grown. */
  take(clip: Clip): void {
    this.clip = clip;
    this.#places = placesOf(clip.frames);
    this.pictures.grow(clip.frames.length);
  }

  seek(index: number): void {
    this.index = Math.max(0, Math.min(this.lastIndex, index));
    this.#place = this.#places[this.index] ?? 0;
    this.pictures.show(this.index);
  }

  step(by: number): void {
    this.pause();
    this.seek(this.index + by);
  }

  toggle(): void {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play(): void {
    if (this.index >= this.lastIndex) this.seek(0);
    this.isPlaying = true;
    this.#lastMs = null;
    this.#timer = requestAnimationFrame(this.#tick);
  }

  pause(): void {
    this.isPlaying = false;
    cancelAnimationFrame(this.#timer);
  }

  close(): void {
    this.pause();
    this.pictures.close();
  }

  #isThere(index: number): boolean {
    return this.pictures.get(index) !== null || this.pictures.hasFailed(index);
  }

  #tick = (nowMs: number): void => {
    if (!this.isPlaying) return;
    const passed = this.#lastMs === null ? 0 : nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    const wanted = this.#place + passed * this.speed;
    const next = frameAt(this.#places, wanted);
    if (this.#isThere(this.index) && (next === this.index || this.#isThere(next))) {
      this.#place = wanted;
      if (next !== this.index) {
        this.index = next;
        this.pictures.show(next);
      }
      if (wanted >= endOf(this.#places)) {
        this.pause();
        return;
      }
    }
    this.#timer = requestAnimationFrame(this.#tick);
  };
}
