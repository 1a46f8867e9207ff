/** What many peers have alike is kept once: most of a network runs a handful of programs. Never written again once it is here. */
import type { Bytes } from '../core/duplex.js';
import { Recent } from '../core/recent.js';

/** Sets of values that are kept for comparing; what is used is kept by those who use it. */
const MAX_REMEMBERED = 256;
/** More is not worth comparing. */
const MAX_CHARS = 4096;

export const NO_METADATA: ReadonlyMap<string, Bytes> = new Map();
export const NO_TAGS: ReadonlyMap<string, number> = new Map();

export class Shared {
  private readonly lists = new Recent<readonly string[]>(MAX_REMEMBERED);
  private readonly maps = new Recent<ReadonlyMap<string, Bytes>>(MAX_REMEMBERED);

  /** One list for all lists that are equal. */
  list(list: readonly string[]): readonly string[] {
    const name = list.join('\n');
    return list.length === 0 || name.length > MAX_CHARS ? list : remembered(this.lists, name, list);
  }

  /** One map for all maps that are equal. */
  metadata(map: ReadonlyMap<string, Bytes>): ReadonlyMap<string, Bytes> {
    if (map.size === 0) return NO_METADATA;
    let chars = 0;
    for (const [key, { byteLength }] of map) chars += key.length + byteLength;
    if (chars > MAX_CHARS) return map;
    const parts = [...map].map(([key, value]) => `${String(key.length)} ${key}${packed(value)}`);
    return remembered(this.maps, parts.map((part) => `${String(part.length)} ${part}`).join(''), map);
  }
}

function remembered<T>(recent: Recent<T>, name: string, value: T): T {
  const known = recent.get(name);
  if (known !== undefined) return known;
  recent.set(name, value);
  return value;
}

/** Bytes as a string of one byte a character: half of what a buffer of their own takes. */
export function packed(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.byteLength; at += CALL)
    text += String.fromCharCode(...bytes.subarray(at, at + CALL));
  return text;
}
/** Arguments of one call. */
const CALL = 1024;

export function unpacked(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}
