/** A whole network in virtual time: hosts of this package over memory links, one clock, one seed. */
import { firstValueFrom, isObservable, throwIfEmpty, type Observable, type SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { Libp2pError } from '../core/errors.js';
import { generateKey } from '../core/keys.js';
import { componentsOf, parseMultiaddr } from '../core/multiaddr.js';
import { show } from '../core/show.js';
import { buildHost } from '../host/build-host.js';
import type { Host, HostOptions, NoServices, ServiceMap } from '../host/contract.js';
import { afterMicrotasks } from '../platform/macrotask.js';
import { noise } from '../protocols/noise/noise.js';
import { plaintext } from '../protocols/plaintext/plaintext.js';
import { yamux } from '../protocols/yamux/yamux.js';
import { createMemoryNetwork, memory } from '../transports/memory.js';
import { seededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

/** What lies between two hosts. */
export interface Link {
  /** One way, ms; 0 if left out. */
  latencyMs?: number | undefined;
}
export interface SimulatedNetwork {
  readonly scheduler: SchedulerLike;
  /**
   * A host on this network: seeded key and chance, memory transport, noise, listening on `/memory/0`. Its clock is the
   * network's; ERR_INVALID_OPTION if another is asked for.
   */
  createHost<const S extends ServiceMap = NoServices>(options?: HostOptions<S>): Promise<Host<S>>;
  /**
   * Changes the link from one host to another, one way; what is under way keeps its pace, and nothing overtakes it. A
   * string is a peer id of this network, or the `/memory` address where a host listens first. Throws ERR_INVALID_OPTION.
   */
  link(from: Host | string, to: Host | string, change: Link): void;
  /** Moves time, running what becomes due; `async` handlers get their turns between. */
  advance(ms: number): Promise<void>;
  /**
   * Moves time until `source` has its first value, or a promise its result. Rejects as it does; with ERR_UNEXPECTED_END if
   * it completes without a value; with ERR_TIMEOUT when nothing is left to run, so that nothing can come.
   */
  runUntil<T>(source: PromiseLike<T> | Observable<T>): Promise<T>;
  now(): number;
}

/** The same seed gives the same events, byte for byte. Throws ERR_INVALID_OPTION. */
export function simulateNetwork(options: {
  readonly seed: number;
  readonly link?: Link | undefined;
}): SimulatedNetwork {
  const { seed, link = {}, ...others } = options;
  for (const [name, value] of Object.entries(others))
    throw invalid(`there is no option "${name}" (its value: ${show(value)})`);
  if (!Number.isFinite(seed)) throw invalid(`seed is ${show(seed)}; it takes a number`);
  return new Network(seed, checkedLink(link));
}

/** 2024-01-01, which is when every simulation begins. */
const EPOCH_MS = 1_704_067_200_000;

class Network implements SimulatedNetwork {
  readonly scheduler = new VirtualClock();
  private readonly latencies = new Map<string, number>();
  private readonly memory = createMemoryNetwork(
    (from, to) => this.latencies.get(`${from}>${to}`) ?? this.defaultLatencyMs,
  );
  private readonly defaultLatencyMs: number;
  private made = 0;
  private readonly hosts: Host[] = [];

  constructor(
    private readonly seed: number,
    link: Link,
  ) {
    this.defaultLatencyMs = link.latencyMs ?? 0;
  }

  async createHost<const S extends ServiceMap = NoServices>(options: HostOptions<S> = {}): Promise<Host<S>> {
    if (options.scheduler !== undefined && options.scheduler !== this.scheduler)
      throw invalid('scheduler is another clock than the network’s own');
    this.made += 1;
    const random = seededRandom(`${String(this.seed)}/${String(this.made)}`);
    const host = await buildHost(
      { ...options, privateKey: options.privateKey ?? generateKey('Ed25519', { random }) },
      {
        transports: [memory({ network: this.memory })],
        security: [noise()],
        insecure: [plaintext()],
        muxers: [yamux()],
        scheduler: this.scheduler,
        // The same day in every run.
        wallClock: () => EPOCH_MS + this.scheduler.now(),
        random,
        warn: () => undefined,
        listen: ['/memory/0'],
      },
    );
    this.hosts.push(host);
    return host;
  }

  link(from: Host | string, to: Host | string, change: Link): void {
    const { latencyMs } = checkedLink(change);
    const link = `${this.placeOf(from)}>${this.placeOf(to)}`;
    if (latencyMs !== undefined) this.latencies.set(link, latencyMs);
  }

  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw invalid(`advance takes a number from 0 on, not ${show(ms)}`);
    const end = this.scheduler.now() + ms;
    await microtasks();
    while ((this.scheduler.nextAt ?? Infinity) <= end) {
      this.scheduler.step();
      await microtasks();
    }
    this.scheduler.moveTo(end);
  }

  async runUntil<T>(source: PromiseLike<T> | Observable<T>): Promise<T> {
    let settled = false;
    const result = isObservable(source) ? first(source) : Promise.resolve(source);
    result.then(
      () => (settled = true),
      () => (settled = true),
    );
    await microtasks();
    // The linter cannot see that the callbacks above have run meanwhile.
    while (!(settled as boolean)) {
      if (this.scheduler.nextAt === undefined)
        throw new Libp2pError(
          'ERR_TIMEOUT',
          'local',
          'runUntil: nothing is left to run, and what was waited for has not come',
        );
      this.scheduler.step();
      await microtasks();
    }
    return result;
  }

  now(): number {
    return this.scheduler.now();
  }

  /** A host's place is the number of its first listener. */
  private placeOf(named: Host | string): string {
    const host = typeof named === 'string' ? this.hosts.find(({ peerId }) => peerId.equals(named)) : named;
    const addr = typeof named === 'string' && host === undefined ? parsed(named) : host?.addrs[0];
    const place = addr && componentsOf(addr).find(({ name }) => name === 'memory')?.value;
    if (place === undefined)
      throw invalid(`link: ${host?.peerId.toString() ?? show(named)} listens on no /memory address here`);
    return place;
  }
}

/** Lets `async` handlers go as far as they can. Other timers get a turn too: a test that waits in vain can time out. */
function microtasks(): Promise<void> {
  return new Promise(afterMicrotasks);
}

function invalid(what: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `simulateNetwork: ${what}`);
}

function parsed(addr: string): Multiaddr | undefined {
  return addr.startsWith('/') ? parseMultiaddr(addr) : undefined;
}

function checkedLink(link: Link): Link {
  for (const [name, value] of Object.entries(link) as [string, unknown][]) {
    if (value === undefined) continue;
    if (name !== 'latencyMs')
      throw invalid(`link.${name} is ${show(value)}; this network knows latencyMs only`);
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw invalid(`link.latencyMs is ${show(value)}; it takes a number from 0 on`);
  }
  return link;
}

function first<T>(source: Observable<T>): Promise<T> {
  const empty = (): Error =>
    new Libp2pError('ERR_UNEXPECTED_END', 'local', 'runUntil: the source completed without a value');
  // eslint-disable-next-line rxjs-x/no-ignored-default-value -- there is no value to make up
  return firstValueFrom(source.pipe(throwIfEmpty(empty)));
}
