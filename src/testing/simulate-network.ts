/** A whole network in virtual time: hosts of this package over memory links, one clock, one seed. */
import {
  firstValueFrom,
  isObservable,
  Subject,
  throwIfEmpty,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { concatBytes } from '../core/bytes.js';
import type { Bytes } from '../core/duplex.js';
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
import { linkedNetwork, memory } from '../transports/memory.js';
import { FREE, MemoryLink, type LinkConditions } from '../transports/memory-link.js';
import { seededChance } from './chance.js';
import { checkedLink, type Link } from './link.js';
import { seededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

/** Bytes that have come over a link: of one write, or of writes of one moment. */
export interface Delivery {
  /** Where the two hosts listen, `/memory/<number>`; one that listens nowhere is at `/memory/0`. */
  readonly from: string;
  readonly to: string;
  /** ms on the network's clock. */
  readonly sentAt: number;
  readonly at: number;
  /** As they are on the wire: encrypted, unless the hosts are `insecure`. */
  readonly bytes: Bytes;
}
export interface SimulatedNetwork {
  readonly scheduler: SchedulerLike;
  /**
   * Everything that arrives anywhere, in order, just before its host gets it: a look at the wire. What a link loses is not
   * there until it is sent again. Hot; never completes.
   */
  readonly delivery$: Observable<Delivery>;
  /**
   * A host on this network: seeded key and chance, memory transport, noise, listening on `/memory/0`. Its clock is the
   * network's; ERR_INVALID_OPTION if another is asked for.
   */
  createHost<const S extends ServiceMap = NoServices>(options?: HostOptions<S>): Promise<Host<S>>;
  /**
   * Changes what is named of the link from one host to another, one way, and leaves the rest as it was; open connections
   * feel it at once. What is under way keeps its pace, unless the link goes down or becomes a black hole, and nothing
   * overtakes it. A string is a peer id of this network, or a `/memory` address where a host listens. Throws
   * ERR_INVALID_OPTION.
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

/**
 * A network without hosts. `link` is what every link begins as. The same seed gives the same events, byte for byte: the
 * keys of hosts, their chance, and that of links all come from it. Throws ERR_INVALID_OPTION.
 */
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
  private readonly deliveries = new Subject<Delivery>();
  readonly delivery$ = this.deliveries.asObservable();
  private readonly links = new Map<string, MemoryLink>();
  private readonly memory = linkedNetwork((from, to) => this.linkOf(from, to));
  private made = 0;
  private readonly hosts: Host[] = [];

  constructor(
    private readonly seed: number,
    private readonly usual: Partial<LinkConditions>,
  ) {}

  async createHost<const S extends ServiceMap = NoServices>(options: HostOptions<S> = {}): Promise<Host<S>> {
    if (options.scheduler !== undefined && options.scheduler !== this.scheduler)
      throw invalid('scheduler is another clock than the network’s own');
    this.made += 1;
    const random = seededRandom(`${String(this.seed)}/${String(this.made)}`);
    const host = await buildHost(
      { ...options, privateKey: options.privateKey ?? generateKey('Ed25519', { random }) },
      {
        transports: [memory({ network: this.memory, scheduler: this.scheduler })],
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
    const checked = checkedLink(change);
    this.linkOf(this.placeOf(from), this.placeOf(to)).change(checked);
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

  private linkOf(from: string, to: string): MemoryLink {
    const key = `${from}>${to}`;
    const known = this.links.get(key);
    if (known !== undefined) return known;
    const chance = seededChance(`${String(this.seed)}/${key}`);
    const made = new MemoryLink({ ...FREE, ...this.usual }, chance, (sentAt, bytes) => {
      if (this.deliveries.observed) this.deliver(from, to, sentAt, bytes);
    });
    this.links.set(key, made);
    return made;
  }

  private deliver(from: string, to: string, sentAt: number, bytes: readonly Bytes[]): void {
    this.deliveries.next({
      from: addrOf(from),
      to: addrOf(to),
      sentAt,
      at: this.now(),
      bytes: concatBytes(...bytes),
    });
  }

  /** A host's place is the number that it listened on first. */
  private placeOf(named: Host | string): string {
    const host = typeof named === 'string' ? this.hosts.find(({ peerId }) => peerId.equals(named)) : named;
    const addr = host === undefined ? parsed(named) : host.addrs[0];
    const number = addr && componentsOf(addr).find(({ name }) => name === 'memory')?.value;
    if (number === undefined)
      throw invalid(`link: ${nameOf(host ?? named)} listens on no /memory address here`);
    return this.memory.listeners.get(number)?.place ?? number;
  }
}

/** Lets `async` handlers go as far as they can. Other timers get a turn too: a test that waits in vain can time out. */
function microtasks(): Promise<void> {
  return new Promise(afterMicrotasks);
}

function invalid(what: string): Libp2pError {
  return new Libp2pError('ERR_INVALID_OPTION', 'local', `simulateNetwork: ${what}`);
}

function addrOf(place: string): string {
  return `/memory/${/^\d+$/.test(place) ? place : '0'}`;
}

function parsed(addr: Host | string): Multiaddr | undefined {
  return typeof addr === 'string' && addr.startsWith('/') ? parseMultiaddr(addr) : undefined;
}

function nameOf(named: Host | string): string {
  return typeof named === 'string' ? show(named) : named.peerId.toString();
}

function first<T>(source: Observable<T>): Promise<T> {
  const empty = (): Error =>
    new Libp2pError('ERR_UNEXPECTED_END', 'local', 'runUntil: the source completed without a value');
  // eslint-disable-next-line rxjs-x/no-ignored-default-value -- there is no value to make up
  return firstValueFrom(source.pipe(throwIfEmpty(empty)));
}
