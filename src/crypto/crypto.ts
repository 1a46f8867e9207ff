import type * as NodeCrypto from 'node:crypto';
import type { Crypto } from './contract.js';
import { nobleCrypto } from './noble.js';
import { nodeCrypto } from './node.js';

/** `node:crypto`, on platforms that have it. Asked for at run time, so that no bundler has to know. @source ADR 3 */
export function platformNodeCrypto(): typeof NodeCrypto | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  // The platform's own module under its own name.
  return process?.getBuiltinModule?.('node:crypto') as typeof NodeCrypto | undefined;
}

const node = platformNodeCrypto();
/** The platform's primitives. */
export const crypto: Crypto = node === undefined ? nobleCrypto() : nodeCrypto(node);
