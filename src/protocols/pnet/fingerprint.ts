import { salsa20 } from '@noble/ciphers/salsa.js';
import { shake128 } from '@noble/hashes/sha3.js';
import { toHex, utf8 } from '../../core/bytes.js';
import { pskFrom } from './psk-codec.js';

const NONCE = utf8('finprint');
const STREAM_BYTES = 64;
const FINGERPRINT_BYTES = 16;

/**
 * What a private network's key can be called by, 32 hex digits, without showing it: the same everywhere, also in go-libp2p.
 * Throws ERR_INVALID_KEY.
 *
 * @source libp2p pnet specification; go-libp2p, pnet fingerprint
 */
export function pskFingerprint(psk: Uint8Array | string): string {
  const stream = salsa20(pskFrom(psk), NONCE, new Uint8Array(STREAM_BYTES));
  return toHex(shake128(stream, { dkLen: FINGERPRINT_BYTES }));
}
