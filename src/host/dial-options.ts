/** Judges `createHost`'s `dial` option: every refusal names the option and its value. Numbers are go-libp2p's. */
import type { Observable } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { checkedNumbers } from '../core/checked-numbers.js';
import type { DialStrategy } from '../core/dial-contract.js';
import { Libp2pError } from '../core/errors.js';
import type { PeerId } from '../core/identity.js';
import type { NameLookup } from '../core/name-lookup.js';
import { show } from '../core/show.js';
import { BACKOFF, type DialBackoffOptions } from '../swarm/backoff.js';
import type { BlackHoleOptions } from '../swarm/black-hole.js';

export interface DialSettings {
  /** How addresses are raced; `defaultStrategy()` if left out. */
  strategy?: DialStrategy | undefined;
  /** Attempts at once: to one peer (8), and with a file descriptor (160). */
  limits?: { perPeer?: number | undefined; descriptors?: number | undefined } | undefined;
  /** How long an address is left alone: base plus coefficient times the square of its failures (5 s, 1 s, 5 min). */
  backoff?: DialBackoffOptions | undefined;
  /** Deadlines: of a whole dial (60 s), of one address (15 s), of a private address (5 s). */
  timeouts?:
    | { peerMs?: number | undefined; addrMs?: number | undefined; privateAddrMs?: number | undefined }
    | undefined;
  /** When a way out counts as a black hole: fewer than `min` (5) successes in the last `n` (100); `false` never. */
  blackHole?: BlackHoleOptions | undefined;
  /** Who answers for names; the platform's DNS if left out. */
  lookup?: NameLookup | undefined;
  /** Who answers for the names below a domain, the most specific first: `{ 'example.org': dnsOverHttps() }`. */
  domains?: Readonly<Record<string, NameLookup>> | undefined;
  /** Resolves names in place of `lookup` and `domains`; may emit as answers come. */
  resolver?: ((addr: Multiaddr) => Observable<readonly Multiaddr[]>) | undefined;
  /** Finds addresses of a peer that has none; each emission adds. */
  routing?: ((peer: PeerId) => Observable<readonly Multiaddr[]>) | undefined;
}

/** @source go-libp2p swarm: LIM-1, DIAL-5 */
const PER_PEER = 8;
const DESCRIPTORS = 160;
const PEER_MS = 60_000;
const ADDR_MS = 15_000;
const PRIVATE_ADDR_MS = 5_000;

const NAMES: readonly (keyof DialSettings)[] = [
  'strategy',
  'limits',
  'backoff',
  'timeouts',
  'blackHole',
  'lookup',
  'domains',
  'resolver',
  'routing',
];

export interface DialNumbers {
  readonly perPeer: number;
  readonly descriptors: number;
  readonly peerTimeoutMs: number;
  readonly addrTimeoutMs: number;
  readonly privateAddrTimeoutMs: number;
}

/** Throws ERR_INVALID_OPTION. `descriptors` is the platform's limit, where it has one. */
export function checkedDial(dial: DialSettings, descriptors = DESCRIPTORS): DialNumbers {
  checkedNames('dial', dial, NAMES);
  for (const name of ['strategy', 'resolver', 'routing'] as const)
    if (dial[name] !== undefined && typeof dial[name] !== 'function')
      throw invalid(`dial.${name} is ${show(dial[name])}; it takes a function`);
  if (dial.lookup !== undefined) checkLookup('dial.lookup', dial.lookup);
  if (dial.domains !== undefined)
    for (const [domain, lookup] of Object.entries(object('dial.domains', dial.domains)) as [
      string,
      unknown,
    ][])
      checkLookup(`dial.domains.${domain}`, lookup);
  checkBlackHoles(dial.blackHole);
  checkBackoff(dial.backoff);
  const limits = numbers('dial.limits', dial.limits, { perPeer: PER_PEER, descriptors });
  const timeouts = numbers('dial.timeouts', dial.timeouts, {
    peerMs: PEER_MS,
    addrMs: ADDR_MS,
    privateAddrMs: PRIVATE_ADDR_MS,
  });
  for (const [name, value] of Object.entries(timeouts))
    // OPT-21
    if (value === 0) throw invalid(`dial.timeouts.${name} is 0; it takes ms, a number above 0`);
  return {
    ...limits,
    peerTimeoutMs: timeouts.peerMs,
    addrTimeoutMs: timeouts.addrMs,
    privateAddrTimeoutMs: timeouts.privateAddrMs,
  };
}

/** A whole number of 32 bits in the environment replaces the limit, also 0 and below; anything else is ignored. @source LIM-2 */
export function descriptorLimit(
  environment: Readonly<Record<string, string | undefined>>,
): number | undefined {
  const text = environment['LIBP2P_SWARM_FD_LIMIT'] ?? '';
  const limit = Number(text);
  return /^[+-]?\d+$/.test(text) && limit >= -(2 ** 31) && limit < 2 ** 31 ? limit : undefined;
}

function checkLookup(option: string, given: unknown): void {
  const { addresses, texts } = (
    typeof given === 'object' && given !== null ? given : {}
  ) as Partial<NameLookup>;
  if (typeof addresses !== 'function' || typeof texts !== 'function')
    throw invalid(`${option} is ${show(given)}; it takes an object with the methods addresses and texts`);
}

function checkBackoff(backoff: DialBackoffOptions | undefined): void {
  const { baseMs, maxMs } = numbers('dial.backoff', backoff, { ...BACKOFF });
  if (baseMs > maxMs)
    throw invalid(
      `dial.backoff.baseMs is ${String(baseMs)} and dial.backoff.maxMs is ${String(maxMs)}; baseMs is at most maxMs`,
    );
}

function checkBlackHoles(blackHole: BlackHoleOptions | undefined): void {
  if (blackHole === undefined) return;
  checkedNames('dial.blackHole', blackHole, ['udp', 'ipv6']);
  for (const name of ['udp', 'ipv6'] as const) checkBlackHole(`dial.blackHole.${name}`, blackHole[name]);
}

function checkBlackHole(option: string, value: unknown): void {
  if (value === undefined || value === false) return;
  const { n, min } = numbers(option, value, { n: Number.NaN, min: Number.NaN });
  if (!(n >= 1 && min <= n))
    throw invalid(`${option} is ${show(value)}; it takes n from 1 on, and min up to n`);
}

function numbers<T extends Readonly<Record<string, number>>>(option: string, given: unknown, defaults: T): T {
  return given === undefined
    ? defaults
    : checkedNumbers(`createHost: ${option}`, defaults, object(option, given));
}

/** Throws ERR_INVALID_OPTION for a name that is not known, or what is no object. */
export function checkedNames(option: string, given: unknown, known: readonly string[]): void {
  for (const [name, value] of Object.entries(object(option, given)) as [string, unknown][])
    if (!known.includes(name))
      throw invalid(`there is no option "${option}.${name}" (its value: ${show(value)})`);
}

function object(option: string, given: unknown): object {
  if (typeof given === 'object' && given !== null) return given;
  throw invalid(`${option} is ${show(given)}; it takes an object`);
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `createHost: ${message}`);
}
