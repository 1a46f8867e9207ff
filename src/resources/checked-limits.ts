/** Judges `createHost`'s `limits` and completes them from the defaults (RM-24): every refusal names the option and its value. */
import type { Multiaddr } from '@multiformats/multiaddr';
import { asError, Libp2pError } from '../core/errors.js';
import type { AddressLimits, ResourceLimits, ScopeLimits } from '../core/limits-contract.js';
import { peerIdFrom } from '../core/peer-id.js';
import { show } from '../core/show.js';
import type { AddressNumbers, NetworkNumbers } from './address-gate.js';
import { Allowlist } from './allowlist.js';
import type { LimitName, Limits } from './counters.js';
import { defaultLimits, unlimited, type Machine } from './default-limits.js';
import type { CompleteLimits, KeyedLimits } from './scope-tree.js';

const SINGLE = [
  'system',
  'transient',
  'connection',
  'stream',
  'allowlistedSystem',
  'allowlistedTransient',
] as const;
const KEYED = {
  peer: 'peers',
  protocol: 'protocols',
  protocolPeer: 'protocolPeers',
  service: 'services',
  servicePeer: 'servicePeers',
} as const;
const NAMES: readonly string[] = [
  ...SINGLE,
  ...Object.keys(KEYED),
  ...Object.values(KEYED),
  'addresses',
  'allowlist',
];

/** `undefined` for `unlimited`. Throws ERR_INVALID_OPTION. */
export function checkedLimits(
  limits: ResourceLimits | 'auto' | undefined,
  machine: Machine,
): CompleteLimits | undefined {
  if (limits === unlimited) return undefined;
  const defaults = defaultLimits(machine);
  if (limits === undefined || limits === 'auto') return defaults;
  const given = objectOf('limits', limits);
  for (const [name, value] of Object.entries(given))
    if (!NAMES.includes(name))
      throw invalid(`there is no option "limits.${name}" (its value: ${show(value)})`);
  const single = (kind: (typeof SINGLE)[number]): Limits =>
    scope(`limits.${kind}`, given[kind], defaults[kind]);
  const keyed = (kind: keyof typeof KEYED): KeyedLimits => {
    const each = scope(`limits.${kind}`, given[kind], defaults[kind].each);
    return { each, named: entries(KEYED[kind], given[KEYED[kind]], each, defaults[kind].named) };
  };
  return {
    system: single('system'),
    transient: single('transient'),
    connection: single('connection'),
    stream: single('stream'),
    peer: keyed('peer'),
    protocol: keyed('protocol'),
    protocolPeer: keyed('protocolPeer'),
    service: keyed('service'),
    servicePeer: keyed('servicePeer'),
    addresses: addresses(given['addresses'], defaults.addresses),
    allowlist: allowlist(given['allowlist']),
    allowlistedSystem: single('allowlistedSystem'),
    allowlistedTransient: single('allowlistedTransient'),
  };
}

function allowlist(given: unknown = []): Allowlist {
  if (!Array.isArray(given))
    throw invalid(`limits.allowlist is ${show(given)}; it takes a list of addresses`);
  for (const entry of given as (string | Multiaddr)[])
    try {
      new Allowlist([entry]);
    } catch (thrown) {
      const cause = asError(thrown);
      throw invalid(`limits.allowlist has ${show(String(entry))}: ${cause.message}`, { cause });
    }
  // Every element has just been read.
  return new Allowlist(given as (string | Multiaddr)[]);
}

/** Own entries over the bundled ones, over their kind. */
function entries(
  option: string,
  given: unknown,
  each: Limits,
  bundled: ReadonlyMap<string, Limits>,
): ReadonlyMap<string, Limits> {
  const named = new Map(bundled);
  if (given === undefined) return named;
  for (const [name, own] of Object.entries(objectOf(`limits.${option}`, given))) {
    const key = option === 'peers' ? peerKey(name) : name;
    named.set(key, scope(`limits.${option}[${JSON.stringify(name)}]`, own, named.get(key) ?? each));
  }
  return named;
}

function peerKey(name: string): string {
  try {
    return peerIdFrom(name).toString();
  } catch (thrown) {
    const cause = asError(thrown);
    throw invalid(`limits.peers has ${show(name)}, which is no peer id: ${cause.message}`, { cause });
  }
}

function scope(option: string, given: unknown, defaults: Limits): Limits {
  if (given === undefined) return defaults;
  const numbers = numbersOf(option, given, defaults);
  const own: ScopeLimits = { ...numbers };
  return {
    ...defaults,
    ...numbers,
    ...balanced(own, defaults, ['connections', 'inboundConnections', 'outboundConnections']),
    ...balanced(own, defaults, ['streams', 'inboundStreams', 'outboundStreams']),
  };
}

/**
 * What was given is not to be stopped by what nobody thought of: a total that is raised takes its directions along, in
 * the proportion that they had; a direction that is raised is made room for in the total.
 */
function balanced(
  own: ScopeLimits,
  defaults: Limits,
  [total, ...directions]: readonly [LimitName, LimitName, LimitName],
): Partial<Limits> {
  const usual = defaults[total];
  const growth = Math.max(1, (own[total] ?? usual) / usual || 1);
  const parts = directions.map((name) => own[name] ?? Math.floor(defaults[name] * growth));
  const sum = directions.every((name) => own[name] === undefined) ? 0 : (parts[0] ?? 0) + (parts[1] ?? 0);
  const [inbound, outbound] = directions;
  return { [total]: own[total] ?? Math.max(usual, sum), [inbound]: parts[0], [outbound]: parts[1] };
}

const NETWORKS = ['ip4', 'ip6Subscriber', 'ip6Site'] as const;

function addresses(value: unknown, defaults: AddressNumbers): AddressNumbers {
  if (value === undefined) return defaults;
  const given = objectOf('limits.addresses', value);
  for (const [name, own] of Object.entries(given))
    if (!Object.hasOwn(defaults, name))
      throw invalid(`there is no option "limits.addresses.${name}" (its value: ${show(own)})`);
  // Its only member that is not one of the networks.
  const { exemptLoopback = defaults.exemptLoopback } = given as AddressLimits;
  if (typeof exemptLoopback !== 'boolean')
    throw invalid(`limits.addresses.exemptLoopback is ${show(exemptLoopback)}; it takes true or false`);
  const [ip4, ip6Subscriber, ip6Site] = NETWORKS.map((name): NetworkNumbers => {
    const own = given[name];
    if (own === undefined) return defaults[name];
    const fraction = ['perSecond'];
    return { ...defaults[name], ...numbersOf(`limits.addresses.${name}`, own, defaults[name], fraction) };
  });
  return {
    ip4: ip4 ?? defaults.ip4,
    ip6Subscriber: ip6Subscriber ?? defaults.ip6Subscriber,
    ip6Site: ip6Site ?? defaults.ip6Site,
    exemptLoopback,
  };
}

/** The numbers that were given; what is `undefined` was not. */
function numbersOf(
  option: string,
  value: unknown,
  known: object,
  fractions: readonly string[] = [],
): Readonly<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const [name, own] of Object.entries(objectOf(option, value))) {
    if (!Object.hasOwn(known, name))
      throw invalid(`there is no option "${option}.${name}" (its value: ${show(own)})`);
    if (own === undefined) continue;
    numbers[name] = numberOf(`${option}.${name}`, own, fractions.includes(name));
  }
  return numbers;
}

function numberOf(option: string, own: unknown, fraction: boolean): number {
  if (typeof own === 'number' && own >= 0 && (fraction || own === Infinity || Number.isInteger(own)))
    return own;
  // JSON has no word for the numbers that are none.
  const shown = typeof own === 'number' ? String(own) : show(own);
  throw invalid(`${option} is ${shown}; it takes a ${fraction ? '' : 'whole '}number from 0 on, or Infinity`);
}

function objectOf(option: string, given: unknown): Readonly<Record<string, unknown>> {
  if (typeof given === 'object' && given !== null && !Array.isArray(given))
    return given as Readonly<Record<string, unknown>>;
  const auto = option === 'limits' ? '"auto", unlimited, or ' : '';
  throw invalid(`${option} is ${show(given)}; it takes ${auto}an object`);
}

function invalid(message: string, options?: ErrorOptions): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `createHost: ${message}`, options);
}
