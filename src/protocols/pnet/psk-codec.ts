/**
 * The key of a private network and the file that it comes in. No message has a byte of either: a line that stands in the
 * wrong place may be the key.
 * @source libp2p pnet specification, Private-Shared-Key V1; go-libp2p, pnet (encodings)
 */
import { fromHex, fromUtf8, ownBytes, toHex, utf8 } from '../../core/bytes.js';
import type { Bytes } from '../../core/duplex.js';
import { Libp2pError } from '../../core/errors.js';
import type { RandomSource } from '../../core/identity.js';

export const PSK_BYTES = 32;
const HEADER = '/key/swarm/psk/1.0.0/';
const ENCODINGS = '/base16/, /base64/ or /bin/';
/** The longest file there is takes 100. */
const MAX_FILE_BYTES = 1024;
const LINE_FEED = 0x0a;

/**
 * The 32 bytes of a private network's key: of a key file, as text or as bytes, whose second line is `/base16/`, `/base64/` or
 * `/bin/`; or, of 32 bytes, those. Throws ERR_INVALID_KEY, which says what is wrong and shows nothing of it.
 *
 * @source libp2p pnet specification, Private-Shared-Key V1
 */
export function pskFrom(file: Uint8Array | string): Bytes {
  const bytes = typeof file === 'string' ? utf8(file) : file;
  if (typeof file !== 'string' && bytes.byteLength === PSK_BYTES) return ownBytes(bytes);
  if (bytes.byteLength > MAX_FILE_BYTES)
    throw invalid(`${String(bytes.byteLength)} bytes are no key file; it has about 100`);
  const [header, afterHeader] = line(bytes);
  if (header !== HEADER) throw invalid(`its first line is not ${HEADER}`);
  const [encoding, body] = line(afterHeader);
  const key = decode(encoding, body);
  if (key.byteLength !== PSK_BYTES)
    throw invalid(`the key has ${String(key.byteLength)} bytes; it takes ${String(PSK_BYTES)}`);
  return ownBytes(key);
}

/** The text of a key file with a new key, as go-libp2p and js-libp2p read it. */
export function pskFile(random: RandomSource): string {
  return `${HEADER}\n/base16/\n${toHex(random(PSK_BYTES))}\n`;
}

/** The first line, without what ends it, and what follows. */
function line(bytes: Uint8Array): [text: string, rest: Uint8Array] {
  const end = bytes.indexOf(LINE_FEED);
  if (end < 0) throw invalid('it is no key file, which has three lines');
  const text = fromUtf8(bytes.subarray(0, end)) ?? '';
  return [text.replace(/\r$/, ''), bytes.subarray(end + 1)];
}

function decode(encoding: string, body: Uint8Array): Uint8Array {
  if (encoding === '/bin/') return body;
  const text = (fromUtf8(body) ?? '').replace(/\r?\n$/, '');
  if (encoding === '/base16/') {
    if (!/^(?:[0-9a-f]{2})*$/i.test(text))
      throw invalid('its third line is not written in pairs of hex digits');
    return fromHex(text);
  }
  if (encoding !== '/base64/') throw invalid(`its second line names no encoding that is known: ${ENCODINGS}`);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    throw invalid('its third line is not written in base64');
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function invalid(what: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_KEY', 'local', `private network key: ${what}`);
}
