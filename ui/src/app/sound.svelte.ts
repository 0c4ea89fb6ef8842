// The optional sounds of new alarms, by severity: soft tones made by the browser, off by default.

import type { Severity } from '../api/alarms';
import { remembered, remember } from './remember';

export type SoundName = 'none' | 'soft' | 'double' | 'urgent';
export const SOUNDS: { name: SoundName; label: string }[] = [
  { name: 'none', label: 'No sound' },
  { name: 'soft', label: 'One tone' },
  { name: 'double', label: 'Two tones' },
  { name: 'urgent', label: 'Three times two tones' },
];
/** [hertz, seconds from the start] */
const TONES: Record<SoundName, [number, number][]> = {
  none: [],
  soft: [[660, 0.02]],
  double: [
    [660, 0.02],
    [880, 0.2],
  ],
  urgent: [0, 0.5, 1].flatMap((at): [number, number][] => [
    [880, at + 0.02],
    [1175, at + 0.2],
  ]),
};
type Choices = Record<Severity, SoundName>;
const USUAL: Choices = { info: 'none', low: 'none', medium: 'soft', high: 'double', critical: 'urgent' };

function choicesOf(text: string | null): Choices {
  try {
    const stored = JSON.parse(text ?? '{}') as Partial<Choices>;
    const choices = { ...USUAL };
    for (const severity of Object.keys(USUAL) as Severity[]) {
      const name = stored[severity];
      if (SOUNDS.some((sound) => sound.name === name) && name !== undefined) choices[severity] = name;
    }
    return choices;
  } catch {
    return USUAL;
  }
}

export const sound = $state({
  isOn: remembered('sound') === 'on',
  choices: choicesOf(remembered('sounds')),
});
let audio: AudioContext | null = null;

function tone(context: AudioContext, hertz: number, startS: number): void {
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  oscillator.frequency.value = hertz;
  volume.gain.setValueAtTime(0, startS);
  volume.gain.linearRampToValueAtTime(0.18, startS + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, startS + 0.35);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(startS);
  oscillator.stop(startS + 0.4);
}

export function play(name: SoundName): void {
  const tones = TONES[name];
  if (tones.length === 0) return;
  audio ??= new AudioContext();
  // Browsers keep sound back until the page was clicked once; then this is heard.
  void audio.resume();
  for (const [hertz, startS] of tones) tone(audio, hertz, audio.currentTime + startS);
}

/** The sound of a new alarm, if it is to have one. */
export function chime(severity: Severity, isQuiet: boolean): void {
  if (sound.isOn && !isQuiet) play(sound.choices[severity]);
}

export function setSound(isOn: boolean): void {
  sound.isOn = isOn;
  remember('sound', isOn ? 'on' : 'off');
  if (isOn) play('double');
}

export function chooseSound(severity: Severity, name: SoundName): void {
  sound.choices = { ...sound.choices, [severity]: name };
  remember('sounds', JSON.stringify(sound.choices));
  play(name);
}
