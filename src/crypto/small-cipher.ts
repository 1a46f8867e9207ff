/**
 * ChaCha20-Poly1305 in WebAssembly, for messages so small that an OpenSSL object for each of them costs more than the
 * arithmetic. Byte path (ADR 7; measured by `bench/`: streams, ping).
 */
import type { ChaCha20Poly1305 } from '@chainsafe/as-chacha20poly1305';
import type * as NodeModule from 'node:module';

type Package = typeof import('@chainsafe/as-chacha20poly1305');
export type SmallCipher = Pick<ChaCha20Poly1305, 'seal' | 'open'>;

/** Up to here it is the faster one, tag not counted. @source measured: 1.5 against 3.5 us at 64 bytes, level at about 400 */
export const MAX_SMALL_BYTES = 320;

let loaded: SmallCipher | undefined;
let isTried = false;

/**
 * One for the whole process, since it keeps nothing from call to call; `undefined` where the package is not there.
 * Loaded at run time and on first use (ADR 3): no start waits for it, and no bundle for browsers carries what pages may
 * not compile.
 */
export function smallCipher(): SmallCipher | undefined {
  if (!isTried) {
    isTried = true;
    loaded = load();
  }
  return loaded;
}

function load(): SmallCipher | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  // The platform's own module under its own name.
  const node = process?.getBuiltinModule?.('node:module') as typeof NodeModule | undefined;
  if (node === undefined) return undefined;
  try {
    // The package as its types say.
    const { ChaCha20Poly1305, newInstance } = node.createRequire(import.meta.url)(
      '@chainsafe/as-chacha20poly1305',
    ) as Package;
    return new ChaCha20Poly1305(newInstance());
  } catch {
    // A bundle of everything has no packages beside it, and WebAssembly may be switched off: OpenSSL does it as well.
    return undefined;
  }
}
