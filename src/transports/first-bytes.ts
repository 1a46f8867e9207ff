/** What the first bytes of a connection tell of it. Values in, values out. @source go-libp2p tcpreuse, TR-11 */

export type Kind = 'multistream' | 'tls' | 'http';
/** So many tell; nothing that is told apart here is shorter. */
const TELLING_BYTES = 3;

/** Length 19, `/m`. */
const MULTISTREAM = [0x13, 0x2f, 0x6d];
const TLS_HANDSHAKE = 0x16;
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEA',
  'POS',
  'PUT',
  'DEL',
  'CON',
  'OPT',
  'TRA',
  'PAT',
  'PRI',
]);

/** `undefined` while there are too few; `'none'` for what nobody here speaks. */
export function kindOf(bytes: Uint8Array): Kind | 'none' | undefined {
  if (bytes.byteLength < TELLING_BYTES) return undefined;
  const first = [...bytes.subarray(0, TELLING_BYTES)];
  if (MULTISTREAM.every((byte, at) => byte === first[at])) return 'multistream';
  const [type, major, minor = 0] = first;
  if (type === TLS_HANDSHAKE && major === 3 && minor >= 1 && minor <= 3) return 'tls';
  return METHODS.has(String.fromCharCode(...first)) ? 'http' : 'none';
}
