import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  noise,
  plaintext,
  quic,
  tcp,
  tls,
  webSocket,
  type HostOptions,
  type TransportFactory,
} from '../../src/index.js';
import type { Implementation, Speaks } from './peer.js';

/** One field of the interop matrix: an implementation, and how we speak with it. */
export interface Cell {
  readonly implementation: Implementation;
  readonly speaks: Required<Pick<Speaks, 'transport' | 'security'>> & Speaks;
  /** How the matrix calls it. */
  readonly over: string;
  /** Whether a reset arrives with its code; js-libp2p sends none. */
  readonly resetCodes: boolean;
  /** js-libp2p over QUIC heeds no reader that stops, and takes a reset for the end. */
  readonly heedless: boolean;
  /** Whether go's echo example speaks it, and so ours. */
  readonly echoes: boolean;
}

const implementations = (process.env['RX_LIBP2P_INTEROP_PEERS'] ?? 'go,js').split(',') as Implementation[];
const psk = fileURLToPath(new URL('./certs/private.psk', import.meta.url));
const ways: readonly Cell['speaks'][] = [
  { transport: 'tcp', security: 'noise' },
  { transport: 'tcp', security: 'tls' },
  { transport: 'tcp', security: 'plaintext' },
  { transport: 'tcp', security: 'noise', psk },
  { transport: 'tcp', security: 'tls', psk },
  { transport: 'ws', security: 'noise' },
  { transport: 'ws', security: 'tls' },
  { transport: 'wss', security: 'noise' },
  { transport: 'wss', security: 'tls' },
  // TLS is a part of it.
  { transport: 'quic', security: 'tls' },
];

function nameOf({ transport, security, psk: key }: Cell['speaks']): string {
  const parts = transport === 'quic' ? [transport] : [transport, security];
  return [...parts, ...(key === undefined ? [] : ['psk'])].join(' + ');
}

export const cells: readonly Cell[] = implementations.flatMap((implementation) =>
  ways.map((speaks) => ({
    implementation,
    speaks,
    over: nameOf(speaks),
    resetCodes: implementation === 'go' && speaks.transport !== 'quic',
    heedless: implementation === 'js' && speaks.transport === 'quic',
    echoes:
      implementation === 'go' &&
      speaks.transport === 'tcp' &&
      speaks.security !== 'tls' &&
      speaks.psk === undefined,
  })),
);

const SECURITY = { noise, tls, plaintext };
const certificate = {
  cert: readFileSync(new URL('./certs/localhost.crt', import.meta.url)),
  key: readFileSync(new URL('./certs/localhost.key', import.meta.url)),
};
const TRANSPORTS: Record<Cell['speaks']['transport'], () => [TransportFactory, string]> = {
  tcp: () => [tcp(), '/ip4/127.0.0.1/tcp/0'],
  ws: () => [webSocket(), '/ip4/127.0.0.1/tcp/0/ws'],
  // The peers' certificate is signed by nobody.
  wss: () => [
    webSocket({ certificate, trust: { rejectUnauthorized: false } }),
    '/ip4/127.0.0.1/tcp/0/tls/ws',
  ],
  quic: () => [quic(), '/ip4/127.0.0.1/udp/0/quic-v1'],
};

/** A host of ours that speaks what the cell says, and nothing else. */
export function ownOptions({ speaks }: Cell): HostOptions<Record<never, never>> {
  const [transport, listen] = TRANSPORTS[speaks.transport]();
  return {
    transports: [transport],
    listen: [listen],
    security: [SECURITY[speaks.security]()],
    psk: speaks.psk && readFileSync(speaks.psk),
  };
}
