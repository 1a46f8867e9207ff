/**
 * Signatures that were found good lately. A peer that comes back proves itself by the signature over its static key, and
 * sends its record, as it did before: to verify costs more than all other arithmetic of a connection, and would say the
 * same again. Only what holds is remembered, by a hash of everything that was verified.
 */
import type { Crypto } from '../crypto/contract.js';
import { nameOfBytes } from './bytes.js';
import { Recent } from './recent.js';

const MAX_RECENT = 512;
const recent = new Recent<true>(MAX_RECENT);
/** Those of RSA-8192 have 1024; whatever is longer is not worth a place. */
const MAX_SIGNATURE_BYTES = 1024;
/** A record has 8 KiB at most. Of more, the hash would cost about what verifying does. */
const MAX_DATA_BYTES = 16 * 1024;

interface Signed {
  readonly crypto: Crypto;
  /** In its canonical form, which says how long it is. */
  readonly key: Uint8Array;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
}

/** What `verify` says, or has said of the very same. */
export function isVerified(signed: Signed, verify: () => boolean): boolean {
  const { crypto, key, data, signature } = signed;
  const { byteLength } = signature;
  if (byteLength > MAX_SIGNATURE_BYTES || data.byteLength > MAX_DATA_BYTES) return verify();
  // Each part says or is told how long it is, so that no byte can move from one to the next.
  const hash = crypto.sha256(key, Uint8Array.of(byteLength >> 8, byteLength & 0xff), signature, data);
  const name = nameOfBytes(hash);
  if (recent.get(name) === true) return true;
  const holds = verify();
  if (holds) recent.set(name, true);
  return holds;
}
