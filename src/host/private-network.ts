/** A host with a `psk`: what it cannot have besides, and how its channels are protected. */
import { Libp2pError } from '../core/errors.js';
import type { Duplex } from '../core/duplex.js';
import type { RandomSource } from '../core/identity.js';
import type { TransportPart } from '../core/parts.js';
import { HEADER_FRAME } from '../protocols/multistream/codec.js';
import { NONCE_BYTES } from '../protocols/pnet/key-stream.js';
import { protectedDuplex } from '../protocols/pnet/protected-duplex.js';
import { PSK_BYTES, pskFrom } from '../protocols/pnet/psk-codec.js';

/** They encrypt below what a private network could protect. @source OPT-36 */
const UNPROTECTED: ReadonlySet<string> = new Set(['quic', 'webtransport', 'webrtc', 'webrtc-direct']);

/** Whether a private network can have it. */
export function canBeProtected({ name }: TransportPart): boolean {
  return !UNPROTECTED.has(name);
}

/**
 * Protects a channel of the network that `psk` is the key of; `undefined` without one. Throws ERR_INVALID_OPTION, also where
 * the environment wants a private network and there is none (OPT-35).
 */
export function protection(
  psk: Uint8Array | string | undefined,
  { forcePrivate = false }: { readonly forcePrivate?: boolean | undefined },
  transports: readonly TransportPart[],
  random: RandomSource,
): ((duplex: Duplex) => Duplex) | undefined {
  if (psk === undefined) {
    if (forcePrivate)
      throw invalid('psk is missing, and LIBP2P_FORCE_PNET=1 in the environment asks for a private network');
    return undefined;
  }
  const key = checkedKey(psk);
  const unprotected = transports.find((part) => !canBeProtected(part));
  if (unprotected !== undefined)
    throw invalid(
      `psk and transports exclude each other here: ${unprotected.name} knows no private networks`,
    );
  if (transports.some(({ sharesPorts }) => sharesPorts === true))
    throw invalid(
      'psk and tcp({ sharePorts: true }) exclude each other: in a private network the first bytes do not say whose a connection is',
    );
  return (duplex) => protectedDuplex(duplex, { psk: key, nonce: random(NONCE_BYTES), opening: HEADER_FRAME });
}

function checkedKey(psk: unknown): Uint8Array {
  if (typeof psk !== 'string' && !(psk instanceof Uint8Array))
    throw invalid(`psk takes the text of a key file, or ${String(PSK_BYTES)} bytes`);
  try {
    return pskFrom(psk);
  } catch (cause) {
    throw new Libp2pError('ERR_INVALID_OPTION', 'local', `createHost: psk: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `createHost: ${message}`);
}
