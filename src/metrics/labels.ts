/** What metrics call things: go-libp2p's words, out of closed lists, whatever a remote says. Pure. @source swarm sheet, MET-1 */
import { parseMultiaddr, protocolNames } from '../core/multiaddr.js';

/** Later ones are nested in earlier ones: the last that an address has is what it is. */
const TRANSPORTS: ReadonlySet<string> = new Set([
  'p2p-circuit',
  'webrtc',
  'webrtc-direct',
  'webtransport',
  'quic',
  'quic-v1',
  'wss',
  'ws',
  'tcp',
]);
const IP_VERSIONS: Readonly<Record<string, string>> = { ip4: 'ip4', dns4: 'ip4', ip6: 'ip6', dns6: 'ip6' };

export interface AddrLabels {
  readonly transport: string;
  readonly ip_version: string;
}

/** Of an address as events have it. */
export function addrLabels(addr: string): AddrLabels {
  const names = namesIn(addr);
  const [first = '', second = ''] = names;
  const host = first === 'ip6zone' ? second : first;
  return {
    transport: names.findLast((name) => TRANSPORTS.has(name)) ?? 'other',
    ip_version: Object.hasOwn(IP_VERSIONS, host) ? (IP_VERSIONS[host] ?? '') : 'unknown',
  };
}

function namesIn(addr: string): readonly string[] {
  try {
    return protocolNames(parseMultiaddr(addr));
  } catch {
    return [];
  }
}

const KEY_TYPES: Readonly<Record<string, string>> = {
  RSA: 'RSA',
  Ed25519: 'Ed25519',
  secp256k1: 'Secp256k1',
  ECDSA: 'ECDSA',
};

/** @source MET-3 */
export function keyTypeLabel(type: string): string {
  return Object.hasOwn(KEY_TYPES, type) ? (KEY_TYPES[type] ?? '') : 'other';
}

/** What the system says of a socket. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'timeout',
  ECONNREFUSED: 'connection refused',
};
/** How deep an error's causes are looked at. */
const MAX_CAUSES = 8;

/** Why a dial of an address failed; that it took too long comes before what the system said. @source MET-6 */
export function dialErrorLabel(code: string, error?: unknown): string {
  if (code === 'ERR_TIMEOUT') return 'deadline';
  let cause = error;
  for (let depth = 0; depth < MAX_CAUSES && cause instanceof Error; depth += 1) {
    const said = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    if (Object.hasOwn(SYSTEM_ERRORS, said)) return SYSTEM_ERRORS[said] ?? '';
    cause = cause.cause;
  }
  return 'other';
}

/** How many addresses a dial has tried. @source MET-8 */
export function dialCountLabel(count: number): string {
  return count >= 6 ? '>=6' : String(count);
}

const SCOPES: Readonly<Record<string, string>> = {
  system: 'system',
  transient: 'transient',
  service: 'service',
  protocol: 'protocol',
  peer: 'peer',
  connection: 'conn',
  conn: 'conn',
  stream: 'stream',
};

/** A scope's kind without whose it is. @source MET-37 */
export function scopeLabel(scope: string): string {
  const kind = /^[a-z]*/.exec(scope)?.[0] ?? '';
  return Object.hasOwn(SCOPES, kind) && !/^[a-z]+[A-Z0-9]/.test(scope) ? (SCOPES[kind] ?? '') : 'other';
}

export interface BlockedLabels {
  readonly dir: string;
  readonly resource: string;
}
const RESOURCES: readonly (readonly [of: RegExp, resource: string])[] = [
  [/memory/i, 'memory'],
  [/descriptors/i, 'fd'],
  [/streams/i, 'stream'],
  [/connections|perSecond/i, 'connection'],
];

/** What a limit is a limit of; memory and descriptors have no direction. `fault` says who asked. @source MET-37 */
export function blockedLabels(limit: string, fault?: string): BlockedLabels {
  const resource = RESOURCES.find(([of]) => of.test(limit))?.[1] ?? 'other';
  if (resource !== 'stream' && resource !== 'connection') return { dir: '', resource };
  if (limit.startsWith('inbound')) return { dir: 'inbound', resource };
  if (limit.startsWith('outbound')) return { dir: 'outbound', resource };
  return { dir: { remote: 'inbound', local: 'outbound' }[fault ?? ''] ?? 'unknown', resource };
}
