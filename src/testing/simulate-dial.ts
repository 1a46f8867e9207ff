/** One dial against a described network: the real worker, strategy, limits and clocks, in virtual time. */
import { concat, defer, map, NEVER, of, timer, type Observable, type SchedulerLike } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { DialStrategy } from '../core/dial-contract.js';
import { Libp2pError } from '../core/errors.js';
import type { DialEvent } from '../core/events.js';
import { generateKey } from '../core/keys.js';
import { parseMultiaddr, splitPeer } from '../core/multiaddr.js';
import type { NameLookup } from '../core/name-lookup.js';
import { peerIdFrom } from '../core/peer-id.js';
import { needsResolving } from '../core/resolvable.js';
import { drawDialSvg } from '../draw/dial-svg.js';
import { drawDial } from '../draw/dial-text.js';
import { checkedDial } from '../host/dial-options.js';
import { Permits } from '../rx/permits.js';
import { DialBackoff } from '../swarm/backoff.js';
import { BlackHoles } from '../swarm/black-hole.js';
import type { ConnectUpdate } from '../swarm/dial-attempt.js';
import type { AttemptTask, DialedConnection } from '../swarm/dial-state.js';
import { Dialer } from '../swarm/dialer.js';
import { EventLog } from '../swarm/event-log.js';
import { createResolver } from '../swarm/resolver.js';
import { seededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

/** What becomes of a dial to an address, so many ms after its start. */
export type SimulatedAddr =
  | {
      /** It becomes a connection. */
      readonly connectMs: number;
    }
  | {
      /** It is refused. */
      readonly refuseMs: number;
    }
  | {
      /** The socket stands after half of that; the handshake then fails. */
      readonly handshakeFailMs: number;
    }
  | {
      /** The socket stands; the handshake never ends. */
      readonly stallMs: number;
    }
  | {
      /** Nothing comes, ever. */
      readonly hangs: true;
    };
/** What becomes of a name. */
export interface SimulatedName {
  /** When it answers. */
  readonly afterMs: number;
  /** IP addresses for `dns`, `dns4` and `dns6` names; multiaddrs for `dnsaddr`. */
  readonly answers: readonly string[];
}
/** What a peer's addresses lead to. */
export interface SimulatedDialNetwork {
  /**
   * Addresses and their fates. A name's entry is the fate of each of its answers that is not listed itself; a listed
   * address that a name answers with is unknown until then.
   */
  readonly addrs: Readonly<Record<string, SimulatedAddr>>;
  /** A name that is missing never answers. */
  readonly names?: Readonly<Record<string, SimulatedName>> | undefined;
}
/** How a dial went. */
export interface SimulatedDial {
  /** All of it. */
  readonly events: readonly DialEvent[];
  /** How it ended. */
  readonly outcome: 'connected' | 'failed';
  /** When, ms from the start of the dial. */
  readonly afterMs: number;
  /** Attempts that were started. */
  readonly dialed: number;
  /** The race, drawn in text: one line an address, time to the right. */
  toString(): string;
  /** The race as an SVG document. */
  toSVG(): string;
}

/**
 * Runs `strategy` in the real dial worker against a described network, and returns what happened. The same arguments give
 * the same result. Throws ERR_INVALID_MULTIADDR for an address that is none.
 *
 * @example
 * ```ts
 * import { defaultStrategy } from 'rx-libp2p';
 * import { simulateDial } from 'rx-libp2p/testing';
 *
 * const addrs = { '/ip4/1.2.3.4/udp/4001/quic-v1': { hangs: true }, '/ip4/1.2.3.4/tcp/4001': { connectMs: 40 } } as const;
 * const picture = simulateDial(defaultStrategy(), { addrs }, { seed: 1 });
 * console.log(String(picture), picture.afterMs); // TCP starts after 250 ms, and has won after 290
 * ```
 */
export function simulateDial(
  strategy: DialStrategy,
  network: SimulatedDialNetwork,
  { seed }: { readonly seed: number },
): SimulatedDial {
  const clock = new VirtualClock();
  const peer = peerIdFrom(generateKey('Ed25519', { random: seededRandom(seed) }));
  const numbers = checkedDial({});
  const log = new EventLog(clock, () => undefined);
  const landscape = new Landscape(network);
  const dialer = new Dialer<DialedConnection>({
    ...numbers,
    log,
    scheduler: clock,
    strategy,
    backoff: new DialBackoff(),
    blackHoles: new BlackHoles({}, () => undefined),
    descriptors: new Permits(numbers.descriptors),
    acceptable: () => undefined,
    canDial: () => true,
    resolve: createResolver({ lookup: landscape.lookup(clock), scheduler: clock }),
    refusesPeer: () => undefined,
    refusesAddr: () => undefined,
    connect: (task) => landscape.connect(task, clock),
  });
  const events: DialEvent[] = [];
  const work = dialer.work$.subscribe({ error: () => undefined });
  dialer.updates({ peer, options: {}, addr$: of(landscape.known) }).subscribe({
    next: (event) => events.push(event),
    error: () => undefined,
  });
  while (events.at(-1)?.type !== 'dial:end' && clock.nextAt !== undefined) clock.step();
  work.unsubscribe();
  return resultOf(events);
}

function resultOf(events: readonly DialEvent[]): SimulatedDial {
  const end = events.at(-1);
  if (end?.type !== 'dial:end')
    throw new Libp2pError(
      'ERR_UNEXPECTED_END',
      'local',
      'simulateDial: nothing is left to run, and no end has come',
    );
  const { outcome, afterMs } = end;
  return {
    events,
    outcome: outcome === 'failed' || outcome === 'cancelled' ? 'failed' : 'connected',
    afterMs,
    dialed: events.filter(({ type }) => type === 'dial:attempt').length,
    toString: () => drawDial(events),
    toSVG: () => drawDialSvg(events),
  };
}

/** The described network: who answers where, and when. */
class Landscape {
  /** What the dial begins with: all that is listed and not behind a name. */
  readonly known: readonly Multiaddr[];
  private readonly fates = new Map<string, SimulatedAddr>();
  private readonly names: ReadonlyMap<string, SimulatedName>;
  private made = 0;

  constructor({ addrs, names = {} }: SimulatedDialNetwork) {
    this.names = new Map(Object.entries(names).map(([name, answer]) => [name.toLowerCase(), answer]));
    const listed = Object.entries(addrs).map(([text, fate]) => [parseMultiaddr(text), fate] as const);
    for (const [addr, fate] of listed) this.fates.set(keyOf(addr), fate);
    const behindNames = new Set<string>();
    for (const [addr, fate] of listed.filter(([candidate]) => needsResolving(candidate))) {
      for (const key of this.behind(addr)) {
        behindNames.add(key);
        if (!this.fates.has(key)) this.fates.set(key, fate);
      }
    }
    this.known = listed.map(([addr]) => addr).filter((addr) => !behindNames.has(keyOf(addr)));
  }

  connect(
    { key, addr }: Pick<AttemptTask, 'key' | 'addr'>,
    clock: SchedulerLike,
  ): Observable<ConnectUpdate<DialedConnection>> {
    const after = <T>(ms: number, value: T): Observable<T> => timer(ms, clock).pipe(map(() => value));
    const standing = { type: 'progress', stage: 'connected' } as const;
    return defer(() => {
      const fate = this.fates.get(keyOf(addr));
      if (fate === undefined || 'hangs' in fate) return NEVER;
      if ('connectMs' in fate) {
        this.made += 1;
        const connection = { id: `connection-${String(this.made)}` };
        return after(fate.connectMs, { type: 'connected', connection } as const);
      }
      if ('refuseMs' in fate)
        return after(fate.refuseMs, undefined).pipe(
          map(() => fail('ERR_TRANSPORT', `${key} refused the connection`)),
        );
      if ('stallMs' in fate) return concat(after(fate.stallMs, standing), NEVER);
      const half = fate.handshakeFailMs / 2;
      return concat(
        after(half, standing),
        after(half, undefined).pipe(map(() => fail('ERR_NOISE_HANDSHAKE', 'the handshake failed'))),
      );
    });
  }

  /** Answers after the time that is described; without a clock at once. */
  lookup(clock: SchedulerLike | undefined): NameLookup {
    const ask = (name: string): Observable<readonly string[]> => {
      const known = this.names.get(name.toLowerCase());
      if (known === undefined) return clock === undefined ? of([]) : NEVER;
      return clock === undefined
        ? of(known.answers)
        : timer(known.afterMs, clock).pipe(map(() => known.answers));
    };
    return {
      addresses: (name, family) =>
        ask(name).pipe(map((answers) => answers.filter((answer) => answer.includes(':') === (family === 6)))),
      texts: (name) =>
        ask(name.replace(/^_dnsaddr\./, '')).pipe(
          map((answers) => answers.map((answer) => `dnsaddr=${answer}`)),
        ),
    };
  }

  /** What a name leads to, whenever that is known. */
  private behind(name: Multiaddr): Set<string> {
    const found = new Set<string>();
    createResolver({ lookup: this.lookup(undefined), scheduler: new VirtualClock() })(name).subscribe({
      next: (answers) => {
        for (const addr of answers) found.add(keyOf(addr));
      },
      // A name that nobody knows leads nowhere.
      error: () => undefined,
    });
    return found;
  }
}

function fail(code: 'ERR_TRANSPORT' | 'ERR_NOISE_HANDSHAKE', message: string): never {
  throw new Libp2pError(code, 'network', message);
}

/** Without the peer that an address may end with: the dial has taken it off. */
function keyOf(addr: Multiaddr): string {
  return (splitPeer(addr).transport ?? addr).toString();
}
