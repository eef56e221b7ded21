/** Tones of a telephone, made here: no file. Silent where the person has not touched the page yet,
 * since browsers allow no sound before. */

const TONES = {
  incoming: { notes: [659, 784, 988, 784], length: 0.16, pause: 1.6, volume: 0.14 },
  outgoing: { notes: [440], length: 1, pause: 3, volume: 0.06 },
};

let context = null;
let playing = null;
let timer = null;

/** `incoming`, `outgoing`, or null for silence. */
export function ring(name) {
  if (name === playing) return;
  playing = name;
  clearTimeout(timer);
  if (name && navigator.userActivation?.hasBeenActive !== false) play(TONES[name]);
  else context?.suspend();
}

function play(tone) {
  context ??= new AudioContext();
  context.resume();
  let at = context.currentTime + 0.05;
  for (const note of tone.notes) {
    sound(note, at, tone);
    at += tone.length;
  }
  timer = setTimeout(() => play(tone), (tone.notes.length * tone.length + tone.pause) * 1000);
}

function sound(note, at, { length, volume }) {
  const oscillator = new OscillatorNode(context, { type: "sine", frequency: note });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(volume, at + 0.02);
  gain.gain.setTargetAtTime(0, at + length * 0.8, 0.04);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + length * 1.5);
}
