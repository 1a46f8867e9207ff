import { noise, plaintext, tls, type HostOptions } from '../../src/index.js';
import type { Implementation, Speaks } from './peer.js';

/** One field of the interop matrix: an implementation, and how we speak with it. */
export interface Cell {
  readonly implementation: Implementation;
  readonly speaks: Required<Pick<Speaks, 'transport' | 'security'>> & Speaks;
  /** How the matrix calls it. */
  readonly over: string;
  /** Whether a reset arrives with its code; js-libp2p sends none. */
  readonly resetCodes: boolean;
  /** Whether go's echo example speaks it, and so ours. */
  readonly echoes: boolean;
}

const implementations = (process.env['RX_LIBP2P_INTEROP_PEERS'] ?? 'go,js').split(',') as Implementation[];
const ways: readonly Cell['speaks'][] = [
  { transport: 'tcp', security: 'noise' },
  { transport: 'tcp', security: 'tls' },
  { transport: 'tcp', security: 'plaintext' },
];

export const cells: readonly Cell[] = implementations.flatMap((implementation) =>
  ways.map((speaks) => ({
    implementation,
    speaks,
    over: `${speaks.transport} + ${speaks.security}`,
    resetCodes: implementation === 'go' && speaks.transport !== 'quic',
    echoes: implementation === 'go' && speaks.transport === 'tcp' && speaks.security !== 'tls',
  })),
);

const SECURITY = { noise, tls, plaintext };

/** A host of ours that speaks what the cell says, and nothing else. */
export function ownOptions({ speaks }: Cell): HostOptions<Record<never, never>> {
  return { listen: ['/ip4/127.0.0.1/tcp/0'], security: [SECURITY[speaks.security]()] };
}
