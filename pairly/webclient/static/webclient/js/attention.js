/** Whether somebody is at this window: it is in sight, and was touched lately. */

const LATELY_MILLISECONDS = 30_000;
const SIGNS = ["keydown", "pointerdown", "pointermove", "wheel"];

/** `onBack()`: somebody is here again after nobody was. */
export function createAttention({ onBack, now = Date.now }) {
  let touchedAt = now();

  for (const sign of SIGNS) addEventListener(sign, touched, { capture: true, passive: true });

  function isHere() {
    return !document.hidden && now() - touchedAt < LATELY_MILLISECONDS;
  }

  function touched() {
    const wasHere = isHere();
    touchedAt = now();
    if (!wasHere) onBack();
  }

  return { isHere };
}
