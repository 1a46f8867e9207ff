/** Judges what a host is made of, before anything is made: every refusal names the option and its value. */
import { Libp2pError } from '../core/errors.js';
import type { MuxerPart, SecurityPart, TransportPart } from '../core/parts.js';
import type { HostOptions, ServiceMap } from './contract.js';

const NAMES: ReadonlySet<string> = new Set([
  'privateKey',
  'listen',
  'transports',
  'security',
  'insecure',
  'muxers',
  'services',
  'events',
  'scheduler',
  'random',
] satisfies readonly (keyof HostOptions<ServiceMap>)[]);

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
  const { insecure = false } = options;
  if (insecure && options.security !== undefined)
    throw invalid('insecure and security exclude each other: insecure means plaintext only');
  const security = insecure
    ? defaults.insecure
    : parts<SecurityPart>('security', options.security, defaults.security);
  return {
    transports: parts<TransportPart>('transports', options.transports, defaults.transports),
    security: distinct('security', security),
    muxers: distinct('muxers', parts<MuxerPart>('muxers', options.muxers, defaults.muxers)),
  };
}

function checkShapes({
  listen,
  insecure,
  privateKey,
  random,
  scheduler,
  services,
}: HostOptions<ServiceMap>): void {
  if (listen !== undefined && !Array.isArray(listen))
    throw invalid(`listen is ${show(listen)}; it takes a list of addresses`);
  if (insecure !== undefined && typeof insecure !== 'boolean')
    throw invalid(`insecure is ${show(insecure)}; it takes true or false`);
  if (privateKey !== undefined && typeof privateKey.sign !== 'function')
    throw invalid(`privateKey is ${show(privateKey)}; it takes what generateKey or privateKeyFrom gives`);
  if (random !== undefined && typeof random !== 'function')
    throw invalid(`random is ${show(random)}; it takes a function`);
  if (scheduler !== undefined && typeof scheduler.schedule !== 'function')
    throw invalid(`scheduler is ${show(scheduler)}; it takes an RxJS scheduler`);
  for (const [name, service] of Object.entries(services ?? {})) {
    if (service !== false && typeof service !== 'function')
      throw invalid(`services.${name} is ${show(service)}; it takes a function, or false`);
  }
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

function distinct<T extends { readonly protocol: string }>(name: string, list: readonly T[]): readonly T[] {
  const twice = list.find(
    ({ protocol }, at) => list.findIndex((other) => other.protocol === protocol) !== at,
  );
  if (twice !== undefined) throw invalid(`${name} has ${twice.protocol} twice`);
  return list;
}

function invalid(message: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `createHost: ${message}`);
}

function show(value: unknown): string {
  try {
    return typeof value === 'function'
      ? 'a function'
      : ((JSON.stringify(value) as string | undefined) ?? String(value));
  } catch {
    return 'a value that cannot be printed';
  }
}
