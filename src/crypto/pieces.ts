/** What a message is held in that comes piece by piece: copies, or arrays that nobody else has. */
import type { Bytes } from './contract.js';

/** Crumbs are joined up to here: an array for each would take a hundred times what it holds. */
const JOIN_BELOW_BYTES = 2048;

export function joined(pieces: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    all.set(piece, offset);
    offset += piece.byteLength;
  }
  return all;
}

/** Adds a piece, in order, to the last one if both are small. */
export function addPiece(pieces: Bytes[], piece: Bytes): void {
  const last = pieces.at(-1);
  if (last === undefined || last.byteLength + piece.byteLength > JOIN_BELOW_BYTES) pieces.push(piece);
  else pieces[pieces.length - 1] = joined([last, piece]);
}
