/** How the value of each kind of multiaddr component is written as text and as bytes. Strict: `undefined` means refused. */
import { base32 } from 'multiformats/bases/base32';
import { base16, base16upper } from 'multiformats/bases/base16';
import { base32upper } from 'multiformats/bases/base32';
import { base36, base36upper } from 'multiformats/bases/base36';
import { base58btc } from 'multiformats/bases/base58';
import { base64, base64url } from 'multiformats/bases/base64';
import { concatBytes, fromUtf8, ownBytes, utf8 } from './bytes.js';
import type { Bytes } from './duplex.js';
import { parseIp4, parseIp6, printIp4, printIp6 } from './ip.js';
import { peerIdFrom } from './peer-id.js';
import { decodeSmallVarint } from './varint.js';

export interface ValueCodec {
  parse(text: string): Bytes | undefined;
  /** The canonical text of bytes from the wire. */
  print(bytes: Bytes): string | undefined;
}

const ip = (
  parse: (text: string) => Bytes | undefined,
  print: (bytes: Uint8Array) => string,
): ValueCodec => ({ parse, print });
export const ip4: ValueCodec = ip(parseIp4, printIp4);
export const ip6: ValueCodec = ip(parseIp6, printIp6);

/** Digits only, big-endian; printed without leading zeros, but taken with none either. */
const decimal = (byteLength: number): ValueCodec => ({
  parse(text) {
    if (!/^(0|[1-9]\d{0,19})$/.test(text)) return undefined;
    let rest = BigInt(text);
    const bytes = new Uint8Array(byteLength);
    for (let at = byteLength - 1; at >= 0; at -= 1, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
    return rest === 0n ? bytes : undefined;
  },
  print: (bytes) => String(bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)),
});
export const port = decimal(2);
export const cidrMask = decimal(1);
export const memoryNumber = decimal(8);

const text = (accept: (value: string) => boolean): ValueCodec => ({
  parse: (value) => (accept(value) ? utf8(value) : undefined),
  print(bytes) {
    const value = fromUtf8(bytes);
    return value !== undefined && accept(value) ? value : undefined;
  },
});
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const isName = (value: string): boolean =>
  value.length <= 253 && value.split('.').every((label) => LABEL.test(label));
/** Letters, digits, hyphens (and the underscore that TXT names use), labels of 63, names of 253. @source RFC 1123, 2.1 */
export const dnsName = text(isName);
/** The same, also a wildcard, as certificates have it. */
export const serverName = text((value) => isName(value.startsWith('*.') ? value.slice(2) : value));
// A zone is an interface's name: anything printable, but no separator.
export const zone = text((value) => value.length > 0 && value.length <= 64 && !/[/\s\p{Cc}]/u.test(value));
export const unixPath = text(
  (value) => value.length > 1 && value.length <= 512 && value.startsWith('/') && !value.includes('\0'),
);

export const httpPath: ValueCodec = {
  parse(value) {
    try {
      return asPath(decodeURIComponent(value));
    } catch {
      // A percent sign that escapes nothing.
      return undefined;
    }
  },
  print(bytes) {
    const value = fromUtf8(bytes);
    return value !== undefined && asPath(value) !== undefined ? encodeURIComponent(value) : undefined;
  },
};
function asPath(value: string): Bytes | undefined {
  return value.length > 0 && !/\p{Cc}/u.test(value) ? utf8(value) : undefined;
}

export const peer: ValueCodec = {
  parse: (value) => refuse(() => peerIdFrom(value).bytes),
  print: (bytes) => refuse(() => peerIdFrom(bytes).toString()),
};

const BASES = [base16, base16upper, base32, base32upper, base36, base36upper, base58btc, base64, base64url];
export const certhash: ValueCodec = {
  parse(value) {
    const base = BASES.find(({ prefix }) => value.startsWith(prefix));
    const bytes = base === undefined ? undefined : refuse(() => ownBytes(base.decode(value)));
    return bytes !== undefined && isMultihash(bytes) ? bytes : undefined;
  },
  print: (bytes) => (isMultihash(bytes) ? base64url.encode(bytes) : undefined),
};
function isMultihash(bytes: Bytes): boolean {
  const code = refuse(() => decodeSmallVarint(bytes));
  if (code === undefined) return false;
  const length = refuse(() => decodeSmallVarint(bytes, code.bytesRead));
  return (
    length !== undefined &&
    length.value > 0 &&
    bytes.byteLength === code.bytesRead + length.bytesRead + length.value
  );
}

/** `base32:port`, as Tor writes its services; the port is not 0. */
export const onion = (hostBytes: number): ValueCodec => ({
  parse(value) {
    const [host = '', portText = '', ...more] = value.split(':');
    const hostPart = refuse(() => ownBytes(base32.baseDecode(host.toLowerCase())));
    const portPart = port.parse(portText);
    if (more.length > 0 || hostPart?.byteLength !== hostBytes || portPart === undefined || isZero(portPart))
      return undefined;
    return concatBytes(hostPart, portPart);
  },
  print(bytes) {
    const portPart = bytes.subarray(hostBytes);
    return isZero(portPart)
      ? undefined
      : `${base32.baseEncode(bytes.subarray(0, hostBytes))}:${port.print(portPart) ?? ''}`;
  },
});

const GARLIC64_MIN_BYTES = 386;
/** I2P destinations, in I2P's own base64 alphabet. */
export const garlic64: ValueCodec = {
  parse(value) {
    if (/[+/]/.test(value)) return undefined;
    const standard = value.replaceAll('-', '+').replaceAll('~', '/').replace(/=+$/, '');
    const bytes = refuse(() => ownBytes(base64.baseDecode(standard)));
    return bytes !== undefined && bytes.byteLength >= GARLIC64_MIN_BYTES ? bytes : undefined;
  },
  print(bytes) {
    if (bytes.byteLength < GARLIC64_MIN_BYTES) return undefined;
    const unpadded = base64.baseEncode(bytes).replaceAll('+', '-').replaceAll('/', '~');
    return unpadded + '='.repeat((4 - (unpadded.length % 4)) % 4);
  },
};
const isGarlic32 = (bytes: Bytes): boolean => bytes.byteLength === 32 || bytes.byteLength >= 35;
export const garlic32: ValueCodec = {
  parse(value) {
    const bytes = refuse(() => ownBytes(base32.baseDecode(value)));
    return bytes !== undefined && isGarlic32(bytes) ? bytes : undefined;
  },
  print: (bytes) => (isGarlic32(bytes) ? base32.baseEncode(bytes) : undefined),
};

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** What `make` gives, or `undefined` where it throws. */
function refuse<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
