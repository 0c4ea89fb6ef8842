// The optional sound of a new alarm: two soft tones made by the browser, off by default.

import { remembered, remember } from './remember';

export const sound = $state({ isOn: remembered('sound') === 'on' });
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

export function chime(): void {
  if (!sound.isOn) return;
  audio ??= new AudioContext();
  // Browsers keep sound back until the page was clicked once; then this is heard.
  void audio.resume();
  tone(audio, 660, audio.currentTime + 0.02);
  tone(audio, 880, audio.currentTime + 0.2);
}

export function setSound(isOn: boolean): void {
  sound.isOn = isOn;
  remember('sound', isOn ? 'on' : 'off');
  if (isOn) chime();
}
