/** Puts a host together from parts: everything but which parts are the platform's defaults. */
import { Subject, takeUntil, type SchedulerLike } from 'rxjs';
import { codeOf, Libp2pError } from '../core/errors.js';
import type { RandomSource } from '../core/identity.js';
import type { NameLookup } from '../core/name-lookup.js';
import { generateKey } from '../core/keys.js';
import { peerIdFrom } from '../core/peer-id.js';
import { listenAll } from '../promises/listen-all.js';
import { DialBackoff } from '../swarm/backoff.js';
import { defaultStrategy } from '../swarm/default-strategy.js';
import { EventLog } from '../swarm/event-log.js';
import { createResolver } from '../swarm/resolver.js';
import type { Host, HostOptions, ServiceMap } from './contract.js';
import { checkedDial } from './dial-options.js';
import { SwarmHost, type HostDeps } from './host.js';
import { noResolver } from './make-dialer.js';
import { checkedParts, type PartDefaults } from './options.js';

export interface Defaults extends PartDefaults {
  readonly scheduler: SchedulerLike;
  readonly random: RandomSource;
  readonly warn: (error: Error) => void;
  /** Who answers for names, where there is somebody. */
  readonly lookup?: NameLookup | undefined;
  /** Descriptors that dials may use at once, where the platform says so. */
  readonly descriptors?: number | undefined;
  /** Where to listen, if nobody says. */
  readonly listen: readonly string[];
}

/** Rejects with ERR_INVALID_OPTION, or ERR_LISTEN_FAILED if no address could be opened, and leaves nothing behind. */
export async function buildHost<const S extends ServiceMap>(
  options: HostOptions<S>,
  defaults: Defaults,
): Promise<Host<S>> {
  const parts = checkedParts(options, defaults);
  const scheduler = options.scheduler ?? defaults.scheduler;
  const random = options.random ?? defaults.random;
  const privateKey = options.privateKey ?? generateKey('Ed25519', { random });
  const log = new EventLog(scheduler, defaults.warn);
  const context = { scheduler, random, privateKey };
  const host = new SwarmHost({
    self: peerIdFrom(privateKey),
    transports: parts.transports.map((part) => part.create(context)),
    security: parts.security.map((part) => part.create(context)),
    muxers: parts.muxers.map((part) => part.create(context)),
    scheduler,
    log,
    ...dialing(options, defaults, scheduler),
  });
  if (options.events !== undefined) host.event$.subscribe(options.events);
  for (const [name, service] of Object.entries(options.services ?? {})) {
    if (service !== false) host.services[name] = service({ host, scheduler, random });
  }
  await open(host, options.listen ?? defaults.listen);
  // The services were made by the very factories that S is read from.
  return host as unknown as Host<S>;
}

function dialing<S extends ServiceMap>(
  { dial = {}, gater = {} }: HostOptions<S>,
  { lookup, descriptors }: Defaults,
  scheduler: SchedulerLike,
): Pick<HostDeps, 'numbers' | 'backoff' | 'blackHole' | 'strategy' | 'resolve' | 'gater' | 'routing'> {
  const numbers = checkedDial(dial, descriptors);
  const names = dial.lookup ?? lookup;
  const { domains = {} } = dial;
  const resolve = names === undefined ? noResolver : createResolver({ lookup: names, domains, scheduler });
  return {
    numbers,
    backoff: new DialBackoff(dial.backoff),
    blackHole: dial.blackHole ?? {},
    strategy: dial.strategy ?? defaultStrategy(),
    resolve: dial.resolver ?? resolve,
    gater,
    routing: dial.routing,
  };
}

async function open(host: SwarmHost, addrs: NonNullable<HostOptions<ServiceMap>['listen']>): Promise<void> {
  const stop$ = new Subject<void>();
  const failures = await listenAll(
    addrs.map((addr) => ({ addr: String(addr), listener$: host.listen(addr).pipe(takeUntil(stop$)) })),
  );
  if (failures.length < addrs.length || addrs.length === 0) return;
  stop$.next();
  await host.stop();
  const lines = failures
    .map(({ addr, error }) => `\n  ${addr}: ${error.message} (${codeOf(error)})`)
    .join('');
  throw new Libp2pError('ERR_LISTEN_FAILED', 'local', `not one address could be opened:${lines}`, {
    cause: failures[0]?.error,
  });
}
