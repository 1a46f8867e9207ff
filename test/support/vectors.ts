import { readFileSync } from 'node:fs';
import { fromHex } from '../../src/core/bytes.js';
import type { Bytes } from '../../src/core/duplex.js';

/** A vector file, as its test describes it. Their origins are in `test/vectors/README.md`. */
export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** Every way that a decoder has to bear: pieces of 1, 2, 3 and 7 bytes, and all at once. */
export const CUTS = [1, 2, 3, 7, Infinity] as const;

export function cut(bytes: Bytes, size: number): Bytes[] {
  if (size === Infinity) return [bytes];
  const pieces: Bytes[] = [];
  for (let at = 0; at < bytes.byteLength; at += size) pieces.push(bytes.slice(at, at + size));
  return pieces;
}

export { fromHex };
/** The code of what `act` throws, or `undefined` if it does not. */
export function codeThrownBy(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
/** What it says, for errors that are to say what was wrong. */
export function messageThrownBy(act: () => unknown): string {
  try {
    act();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
