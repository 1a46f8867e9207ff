/** Judges what a host is made of, before anything is made: every refusal names the option and its value. */
import { utf8 } from '../core/bytes.js';
import { Libp2pError } from '../core/errors.js';
import type { ConnectionGater } from '../core/gater.js';
import type { PeerStore } from '../core/peer-store-contract.js';
import { show } from '../core/show.js';
import type { MuxerPart, SecurityPart, TransportPart } from '../core/parts.js';
import type { HostOptions, ServiceMap } from './contract.js';
import { checkedNames } from './dial-options.js';

const NAMES: ReadonlySet<string> = new Set([
  'privateKey',
  'listen',
  'transports',
  'security',
  'insecure',
  'muxers',
  'services',
  'peerStore',
  'dial',
  'gater',
  'connectionManager',
  'limits',
  'addrsFactory',
  'userAgent',
  'protocolVersion',
  'events',
  'scheduler',
  'wallClock',
  'random',
] satisfies readonly (keyof HostOptions<ServiceMap>)[]);

const HOOKS = [
  'allowDialPeer',
  'allowDialAddr',
  'allowAccept',
  'allowSecured',
  'allowUpgraded',
] as const satisfies readonly (keyof ConnectionGater)[];

export interface PartDefaults {
  readonly transports: readonly TransportPart[];
  readonly security: readonly SecurityPart[];
  readonly insecure: readonly SecurityPart[];
  readonly muxers: readonly MuxerPart[];
}
export interface Parts {
  readonly transports: readonly TransportPart[];
  readonly security: readonly SecurityPart[];
  readonly muxers: readonly MuxerPart[];
}

/** Throws ERR_INVALID_OPTION. */
export function checkedParts(options: HostOptions<ServiceMap>, defaults: PartDefaults): Parts {
  for (const [name, value] of Object.entries(options)) {
    if (!NAMES.has(name)) throw invalid(`there is no option "${name}" (its value: ${show(value)})`);
  }
  checkShapes(options);
  checkGater(options.gater);
  const { insecure = false } = options;
  if (insecure && options.security !== undefined)
    throw invalid('insecure and security exclude each other: insecure means plaintext only');
  const security = insecure
    ? defaults.insecure
    : parts<SecurityPart>('security', options.security, defaults.security);
  return {
    // Of two for the same addresses, one would never be asked (SW-12).
    transports: distinct('transports', parts('transports', options.transports, defaults.transports), nameOf),
    security: distinct('security', security, protocolOf),
    muxers: distinct('muxers', parts<MuxerPart>('muxers', options.muxers, defaults.muxers), protocolOf),
  };
}

const VERSION_TEXT = 'a text of at most 256 bytes';
/** What a peerstore of somebody else must have as well. */
const STORE_METHODS = [
  'get',
  'watch',
  'addAddrs',
  'clearAddrs',
  'consumeRecord',
  'setProtocols',
  'setMetadata',
  'remove',
  'ready',
  'flush',
  'close',
] satisfies readonly (keyof PeerStore)[];

const SHAPES: Readonly<
  Record<string, { readonly fits: (value: unknown) => boolean; readonly takes: string }>
> = {
  listen: { fits: Array.isArray, takes: 'a list of addresses' },
  insecure: { fits: (value) => typeof value === 'boolean', takes: 'true or false' },
  privateKey: {
    fits: (value) => hasMethod(value, 'sign'),
    takes: 'what generateKey or privateKeyFrom gives',
  },
  random: { fits: (value) => typeof value === 'function', takes: 'a function' },
  wallClock: { fits: (value) => typeof value === 'function', takes: 'a function' },
  peerStore: {
    fits: (value) => STORE_METHODS.every((name) => hasMethod(value, name)),
    takes: 'what memoryPeerStore or datastorePeerStore gives',
  },
  scheduler: { fits: (value) => hasMethod(value, 'schedule'), takes: 'an RxJS scheduler' },
  addrsFactory: { fits: (value) => typeof value === 'function', takes: 'an operator' },
  events: { fits: (value) => typeof value === 'object' && value !== null, takes: 'an observer' },
  userAgent: { fits: isVersion, takes: VERSION_TEXT },
  protocolVersion: { fits: isVersion, takes: VERSION_TEXT },
  services: { fits: (value) => typeof value === 'object' && value !== null, takes: 'functions by name' },
};

function checkShapes(options: HostOptions<ServiceMap>): void {
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const shape = SHAPES[name];
    if (value !== undefined && shape?.fits(value) === false)
      throw invalid(`${name} is ${show(value)}; it takes ${shape.takes}`);
  }
  for (const [name, service] of Object.entries(options.services ?? {}) as [string, unknown][]) {
    if (service !== false && typeof service !== 'function')
      throw invalid(`services.${name} is ${show(service)}; it takes a function, or false`);
  }
}

/** What others cut, nobody should send. @source reliability limits, bytes */
function isVersion(value: unknown): boolean {
  return typeof value === 'string' && utf8(value).byteLength <= 256;
}

function checkGater(gater: unknown): void {
  if (gater === undefined) return;
  if (typeof gater !== 'object' || gater === null)
    throw invalid(`gater is ${show(gater)}; it takes an object`);
  // One of a class may be more than its hooks; in any other, a hook that is misspelt would allow all.
  if (Object.getPrototypeOf(gater) === Object.prototype) checkedNames('gater', gater, HOOKS);
  const hooks = HOOKS.map((name) => [name, (gater as Record<string, unknown>)[name]] as const);
  for (const [name, hook] of hooks)
    if (hook !== undefined && typeof hook !== 'function')
      throw invalid(`gater.${name} is ${show(hook)}; it takes a function`);
}

function hasMethod(value: unknown, name: string): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    name in value &&
    typeof (value as Record<string, unknown>)[name] === 'function'
  );
}

function parts<T extends TransportPart | SecurityPart | MuxerPart>(
  name: 'transports' | 'security' | 'muxers',
  given: unknown,
  defaults: readonly T[],
): readonly T[] {
  if (given === undefined) return defaults;
  const kind = { transports: 'transport', security: 'security', muxers: 'muxer' }[name];
  if (!Array.isArray(given) || given.length === 0)
    throw invalid(`${name} is ${show(given)}; it takes a list with at least one`);
  for (const part of given as unknown[]) {
    const fits =
      typeof part === 'object' && part !== null && 'kind' in part && part.kind === kind && 'create' in part;
    if (!fits) throw invalid(`${name} has ${show(part)}, which is no ${kind}`);
  }
  // Every element has just been looked at; the public types show less than what a part is.
  return given as T[];
}

const nameOf = ({ name }: TransportPart): string => name;
const protocolOf = ({ protocol }: SecurityPart | MuxerPart): string => protocol;

function distinct<T>(name: string, list: readonly T[], keyOf: (part: T) => string): readonly T[] {
  const keys = list.map(keyOf);
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (twice !== undefined) throw invalid(`${name} has ${twice} twice`);
  return list;
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `createHost: ${message}`);
}
