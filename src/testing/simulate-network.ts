/** A whole network in virtual time: hosts of this package over memory links, one clock, one seed. */
import { firstValueFrom, isObservable, type Observable, type SchedulerLike } from 'rxjs';
import { Libp2pError } from '../core/errors.js';
import { generateKey } from '../core/keys.js';
import { componentsOf } from '../core/multiaddr.js';
import { buildHost } from '../host/build-host.js';
import type { Host, HostOptions, NoServices, ServiceMap } from '../host/contract.js';
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
  /** A host on this network: seeded key and chance, memory transport, noise, listening on `/memory/0`. */
  createHost<const S extends ServiceMap = NoServices>(options?: HostOptions<S>): Promise<Host<S>>;
  /** Changes the link from one host to another; what is under way keeps its pace. */
  link(from: Host | string, to: Host | string, change: Link): void;
  /** Moves time, running what becomes due; `async` handlers get their turns between. */
  advance(ms: number): Promise<void>;
  /** Moves time until `source` has a value (or a promise its result). Rejects with ERR_TIMEOUT when nothing is left to run. */
  runUntil<T>(source: PromiseLike<T> | Observable<T>): Promise<T>;
  now(): number;
}

/** Turns of the microtask queue between two pieces of work: enough for a handler that awaits a few promises in a row. */
const MICROTASK_TURNS = 32;

/** The same seed gives the same events, byte for byte. Throws ERR_INVALID_OPTION. */
export function simulateNetwork({
  seed,
  link = {},
}: {
  readonly seed: number;
  readonly link?: Link | undefined;
}): SimulatedNetwork {
  return new Network(seed, checkedLink(link));
}

class Network implements SimulatedNetwork {
  readonly scheduler = new VirtualClock();
  private readonly latencies = new Map<string, number>();
  private readonly memory = createMemoryNetwork(
    (from, to) => this.latencies.get(`${from}>${to}`) ?? this.defaultLatencyMs,
  );
  private readonly defaultLatencyMs: number;
  private hosts = 0;

  constructor(
    private readonly seed: number,
    link: Link,
  ) {
    this.defaultLatencyMs = link.latencyMs ?? 0;
  }

  createHost<const S extends ServiceMap = NoServices>(options: HostOptions<S> = {}): Promise<Host<S>> {
    this.hosts += 1;
    const random = seededRandom(`${String(this.seed)}/${String(this.hosts)}`);
    const seeded: HostOptions<S> = { privateKey: generateKey('Ed25519', { random }), ...options };
    return buildHost(seeded, {
      transports: [memory({ network: this.memory })],
      security: [noise()],
      insecure: [plaintext()],
      muxers: [yamux()],
      scheduler: this.scheduler,
      random,
      warn: () => undefined,
      listen: ['/memory/0'],
    });
  }

  link(from: Host | string, to: Host | string, change: Link): void {
    const { latencyMs } = checkedLink(change);
    if (latencyMs !== undefined) this.latencies.set(`${placeOf(from)}>${placeOf(to)}`, latencyMs);
  }

  async advance(ms: number): Promise<void> {
    const end = this.scheduler.now() + ms;
    await turns();
    while ((this.scheduler.nextAt ?? Infinity) <= end) {
      this.scheduler.step();
      await turns();
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
    await turns();
    // The linter cannot see that the callbacks above have run meanwhile.
    while (!(settled as boolean)) {
      if (this.scheduler.nextAt === undefined)
        throw new Libp2pError(
          'ERR_TIMEOUT',
          'local',
          'runUntil: nothing is left to run, and what was waited for has not come',
        );
      this.scheduler.step();
      await turns();
    }
    return result;
  }

  now(): number {
    return this.scheduler.now();
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < MICROTASK_TURNS; turn += 1) await Promise.resolve();
}

/** A host's place is the number of its first listener. */
function placeOf(host: Host | string): string {
  const addr = typeof host === 'string' ? undefined : host.addrs[0];
  if (typeof host === 'string') return host.replace(/^\/memory\//, '').split('/')[0] ?? host;
  const place = addr && componentsOf(addr).find(({ name }) => name === 'memory')?.value;
  if (place === undefined)
    throw new Libp2pError('ERR_INVALID_OPTION', 'local', 'link: the host listens on no /memory address');
  return place;
}

function checkedLink(link: Link): Link {
  for (const [name, value] of Object.entries(link) as [string, unknown][]) {
    if (value === undefined) continue;
    if (name !== 'latencyMs')
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `link.${name} is ${JSON.stringify(value)}; this network knows latencyMs only`,
      );
    if (typeof value !== 'number' || !(value >= 0))
      throw new Libp2pError(
        'ERR_INVALID_OPTION',
        'local',
        `link.latencyMs is ${JSON.stringify(value)}; it takes a number from 0 on`,
      );
  }
  return link;
}

/** Rejects with RxJS's EmptyError if it completes without a value: then what was waited for cannot come. */
function first<T>(source: Observable<T>): Promise<T> {
  // eslint-disable-next-line rxjs-x/no-ignored-default-value -- there is no value to make up
  return firstValueFrom(source);
}
