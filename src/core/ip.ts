/** IP addresses between text and bytes, strictly; IPv6 text as RFC 5952 wants it. `undefined` means: no address. */
import type { Bytes } from './duplex.js';

const DECIMAL = /^(0|[1-9]\d{0,2})$/;

export function parseIp4(text: string): Bytes | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (let at = 0; at < 4; at += 1) {
    const part = parts[at] ?? '';
    if (!DECIMAL.test(part) || Number(part) > 255) return undefined;
    bytes[at] = Number(part);
  }
  return bytes;
}

export function printIp4(bytes: Uint8Array): string {
  return bytes.join('.');
}

export function parseIp6(text: string): Bytes | undefined {
  // Most texts that are none have not a colon.
  if (!text.includes(':')) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  // IPv4 may only stand at the very end.
  const [head, tail] = halves.map((half, at) => (half === '' ? [] : groups(half, at === halves.length - 1)));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? Uint8Array.from(head) : undefined;
  // `::` stands for at least one group.
  if (head.length + tail.length > 14) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

export function printIp6(bytes: Uint8Array): string {
  if (isMapped(bytes)) return `::ffff:${printIp4(bytes.subarray(12))}`;
  const words = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  );
  const { start, length } = longestZeroRun(words);
  if (length < 2) return words.join(':');
  return `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`;
}

/** Whether it is an IPv4 address in IPv6 clothes, `::ffff:0:0/96`. */
export function isMapped(bytes: Uint8Array): boolean {
  return (
    bytes.byteLength === 16 &&
    bytes.subarray(0, 10).every((byte) => byte === 0) &&
    bytes[10] === 0xff &&
    bytes[11] === 0xff
  );
}

/** An IPv4 or IPv6 address, of 4 or 16 bytes: without its zone, and IPv4 in IPv6 clothes is IPv4. */
export function parseIp(text: string): Uint8Array | undefined {
  const [address = ''] = text.split('%');
  const ip6 = parseIp6(address);
  if (ip6 === undefined) return parseIp4(address);
  return isMapped(ip6) ? ip6.subarray(12) : ip6;
}

function groups(half: string, isLast: boolean): number[] | undefined {
  const bytes: number[] = [];
  const parts = half.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && isLast && index === parts.length - 1) {
      const embedded = parseIp4(part);
      if (embedded === undefined) return undefined;
      bytes.push(...embedded);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      const word = Number.parseInt(part, 16);
      bytes.push(word >> 8, word & 0xff);
    }
  }
  return bytes.length <= 16 ? bytes : undefined;
}

function longestZeroRun(words: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < words.length; start += 1) {
    let length = 0;
    while (words[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}
