/** How decaying tags grow and shrink: pure functions. @source go-libp2p, decaying tags (DEC-5), with expiry as it was meant (ODD-4) */
import type { DecayingValue } from './tagged-peers.js';

/** The value after a decay, `undefined` where nothing is left. */
export type Decay = (value: DecayingValue, now: number) => number | undefined;
/** The value after a bump. */
export type Bump = (value: number, delta: number) => number;

export const decayNone: Decay = ({ value }) => value;

export function decayFixed(by: number): Decay {
  return ({ value }) => positive(value - by);
}

export function decayLinear(coefficient: number): Decay {
  return ({ value }) => positive(Math.floor(value * coefficient));
}

/** Keeps its value until it was not bumped for so long. */
export function expireWhenInactive(afterMs: number): Decay {
  return ({ value, bumpedAt }, now) => (now - bumpedAt >= afterMs ? undefined : value);
}

export const bumpSum: Bump = (value, delta) => value + delta;

export function bumpSumBounded(min: number, max: number): Bump {
  return (value, delta) => Math.max(min, Math.min(max, value + delta));
}

export const bumpOverwrite: Bump = (_value, delta) => delta;

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}
