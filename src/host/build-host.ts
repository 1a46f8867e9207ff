/** Puts a host together from parts: everything but which parts are the platform's defaults. */
import { Subject, takeUntil, type Observer, type SchedulerLike } from 'rxjs';
import { codeOf, Libp2pError } from '../core/errors.js';
import type { HostEvent } from '../core/events.js';
import type { RandomSource } from '../core/identity.js';
import type { NameLookup } from '../core/name-lookup.js';
import { generateKey } from '../core/keys.js';
import { peerIdFrom } from '../core/peer-id.js';
import { memoryPeerStore } from '../peerstore/memory-peer-store.js';
import type { PeerStoreLimits } from '../peerstore/limits.js';
import { listenAll } from '../promises/listen-all.js';
import { checkedLimits } from '../resources/checked-limits.js';
import type { Machine } from '../resources/default-limits.js';
import { settle } from '../promises/settle.js';
import { DialBackoff } from '../swarm/backoff.js';
import { defaultStrategy } from '../swarm/default-strategy.js';
import { EventLog } from '../swarm/event-log.js';
import { Gate } from '../swarm/gate.js';
import { createResolver } from '../swarm/resolver.js';
import type { Host, HostOptions, ServiceMap } from './contract.js';
import { checkedDial } from './dial-options.js';
import { SwarmHost, type HostDeps } from './host.js';
import { noResolver } from './make-dialer.js';
import { checkedManager, highWaterWarning } from './manager-options.js';
import { PeerBook } from './peer-book.js';
import { checkedParts, type PartDefaults } from './options.js';
import { startServices } from './start-services.js';

export interface Defaults extends PartDefaults {
  readonly scheduler: SchedulerLike;
  readonly wallClock: () => number;
  readonly random: RandomSource;
  /** What a peerstore holds that nobody has set up. */
  readonly storeLimits?: Partial<PeerStoreLimits> | undefined;
  readonly warn: (error: Error) => void;
  /** Who writes the events down, where somebody asked for it. */
  readonly debug?: ((self: string) => Partial<Observer<HostEvent>>) | undefined;
  /** Who answers for names, where there is somebody. */
  readonly lookup?: NameLookup | undefined;
  /** Descriptors that dials may use at once, where the platform says so. */
  readonly descriptors?: number | undefined;
  /** What the platform says it has, for limits that are scaled to it; little, if it says nothing. */
  readonly machine?: Machine | undefined;
  /** Where to listen, if nobody says. */
  readonly listen: readonly string[];
}

/** Rejects with ERR_INVALID_OPTION, or ERR_LISTEN_FAILED if no address could be opened, and leaves nothing behind. */
export async function buildHost<const S extends ServiceMap>(
  options: HostOptions<S>,
  defaults: Defaults,
): Promise<Host<S>> {
  const parts = checkedParts(options, defaults);
  const { limits, manager, warning } = bounds(options, defaults);
  const scheduler = options.scheduler ?? defaults.scheduler;
  const random = options.random ?? defaults.random;
  const privateKey = options.privateKey ?? generateKey('Ed25519', { random });
  const log = new EventLog(scheduler, defaults.warn);
  const wallClock = options.wallClock ?? defaults.wallClock;
  const peerBook = makePeerBook(options, defaults, scheduler, log);
  const context = { scheduler, random, privateKey, wallClock };
  const host = new SwarmHost({
    self: peerIdFrom(privateKey),
    transports: parts.transports.map((part) => part.create(context)),
    security: parts.security.map((part) => part.create(context)),
    muxers: parts.muxers.map((part) => part.create(context)),
    scheduler,
    random,
    log,
    gate: new Gate(options.gater ?? {}, log),
    manager,
    limits,
    peerBook,
    addrsFactory: options.addrsFactory,
    ...dialing(options, defaults, scheduler),
  });
  host.start([defaults.debug?.(host.peerId.toString()), options.events]);
  if (warning !== undefined) log.fail({ type: 'warning' }, warning);
  await settle(peerBook.open());
  try {
    startServices(host, options, { ...context, log, peerStore: peerBook.store });
  } catch (error) {
    await host.stop();
    throw error;
  }
  await open(host, options.listen ?? defaults.listen);
  // The services were made by the very factories that S is read from.
  return host as unknown as Host<S>;
}

/** What it may take, and whom it keeps; and what to warn of where the two do not fit (CM-20). */
function bounds<S extends ServiceMap>(
  { limits: given, connectionManager }: HostOptions<S>,
  { machine = {} }: Defaults,
): Pick<HostDeps, 'limits' | 'manager'> & { readonly warning: Libp2pError | undefined } {
  const limits = checkedLimits(given, machine);
  const manager = checkedManager(connectionManager, machine.small);
  return { limits, manager, warning: limits && highWaterWarning(manager.high, limits.system.connections) };
}

function makePeerBook<S extends ServiceMap>(
  { peerStore, wallClock }: HostOptions<S>,
  defaults: Defaults,
  scheduler: SchedulerLike,
  log: EventLog,
): PeerBook {
  const store = peerStore ?? memoryPeerStore({ limits: defaults.storeLimits });
  return new PeerBook({ store, scheduler, wallClock: wallClock ?? defaults.wallClock, log });
}

function dialing<S extends ServiceMap>(
  { dial = {} }: HostOptions<S>,
  { lookup, descriptors }: Defaults,
  scheduler: SchedulerLike,
): Pick<HostDeps, 'numbers' | 'backoff' | 'blackHole' | 'strategy' | 'resolve' | 'routing'> {
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
