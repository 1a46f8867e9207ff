/**
 * Whether what goes out by UDP, or to IPv6, comes back at all: networks that swallow one of them are common, and every
 * dial into one lasts until its timeout. @source go-libp2p swarm, black-hole detection (BH-1 to BH-13)
 */
import type { Multiaddr } from '@multiformats/multiaddr';
import { isPublic } from '../core/address-class.js';
import { protocolNames } from '../core/multiaddr.js';

export type BlackHoleName = 'udp' | 'ipv6';
export type BlackHoleState = 'probing' | 'allowed' | 'blocked';
/** A way is dead where fewer than `min` of its last `n` dials came back. */
export interface BlackHoleThreshold {
  /** How many of the last results count; blocked, every so manieth request is a probe. */
  readonly n: number;
  /** How many of them must be successes. */
  readonly min: number;
}
/** When a way into the internet is taken for dead. */
export interface BlackHoleOptions {
  /** `false`: neither counted nor refused. */
  readonly udp?: BlackHoleThreshold | false | undefined;
  /** `false`: neither counted nor refused. */
  readonly ipv6?: BlackHoleThreshold | false | undefined;
}
/** BH-1 */
const DEFAULT_THRESHOLD: BlackHoleThreshold = { n: 100, min: 5 };

/** The last results of one way out, and what they say about it. */
export class BlackHoleCounter {
  private readonly n: number;
  private readonly min: number;
  /** A ring, once it holds `n`. */
  private results: boolean[] = [];
  private oldest = 0;
  private successes = 0;
  private requests = 0;
  private current: BlackHoleState = 'probing';

  constructor(
    readonly name: BlackHoleName,
    { n, min }: BlackHoleThreshold,
  ) {
    this.n = n;
    this.min = min;
  }

  get state(): BlackHoleState {
    return this.current;
  }
  /** Of the results that count; 0 while there are none. */
  get successFraction(): number {
    return this.results.length === 0 ? 0 : this.successes / this.results.length;
  }
  /** 0 unless blocked. */
  get requestsUntilProbe(): number {
    return this.current === 'blocked' ? this.n - (this.requests % this.n) : 0;
  }

  /** One dialed address's result. A success while blocked begins anew, and is not counted itself (BH-2). */
  record(success: boolean): void {
    if (this.current === 'blocked' && success) {
      this.reset();
      return;
    }
    this.push(success);
    if (this.results.length < this.n) this.current = 'probing';
    else this.current = this.successes >= this.min ? 'allowed' : 'blocked';
  }

  /** One dial asks, which counts: blocked, every n-th may go through and probe (BH-3). */
  ask(): BlackHoleState {
    this.requests += 1;
    return this.current === 'blocked' && this.requests % this.n === 0 ? 'probing' : this.current;
  }

  private push(success: boolean): void {
    if (success) this.successes += 1;
    if (this.results.length < this.n) {
      this.results.push(success);
      return;
    }
    if (this.results[this.oldest] === true) this.successes -= 1;
    this.results[this.oldest] = success;
    this.oldest = (this.oldest + 1) % this.n;
  }

  private reset(): void {
    this.results = [];
    this.oldest = 0;
    this.successes = 0;
    this.requests = 0;
    this.current = 'probing';
  }
}

type OnChange = (name: BlackHoleName, state: BlackHoleState, successFraction: number) => void;

/** The host's two counters. Only public addresses count: what is in the own network says nothing about the way out (BH-7). */
export class BlackHoles {
  private readonly udp: BlackHoleCounter | undefined;
  private readonly ipv6: BlackHoleCounter | undefined;

  /** `onChange` is called after the result that changed a counter's state. */
  constructor(
    { udp = DEFAULT_THRESHOLD, ipv6 = DEFAULT_THRESHOLD }: BlackHoleOptions,
    private readonly onChange: OnChange,
  ) {
    this.udp = udp === false ? undefined : new BlackHoleCounter('udp', udp);
    this.ipv6 = ipv6 === false ? undefined : new BlackHoleCounter('ipv6', ipv6);
  }

  /** One dialed address's result, whatever ended it: a cancelled dial is a failure too (BH-8). */
  record(addr: Multiaddr, success: boolean): void {
    for (const counter of this.concerned(addr)) {
      const before = counter.state;
      counter.record(success);
      const { name, state, successFraction } = counter;
      if (state !== before) this.onChange(name, state, successFraction);
    }
  }

  /**
   * One dial's asker: `true` refuses an address. A counter is asked, and the request counted, when the first address
   * comes that concerns it; its answer stands for the whole dial (BH-3 to BH-6).
   */
  question(): (addr: Multiaddr) => boolean {
    const answers = new Map<BlackHoleCounter, BlackHoleState>();
    return (addr) => {
      // Both are asked before either decides, for each counts its own requests.
      const states = this.concerned(addr).map((counter) => {
        const state = answers.get(counter) ?? counter.ask();
        answers.set(counter, state);
        return state;
      });
      return !states.includes('probing') && states.includes('blocked');
    };
  }

  private concerned(addr: Multiaddr): BlackHoleCounter[] {
    if (!isPublic(addr)) return [];
    const names = protocolNames(addr);
    const udp = names.includes('udp') ? this.udp : undefined;
    const ipv6 = names.includes('ip6') ? this.ipv6 : undefined;
    return [udp, ipv6].filter((counter) => counter !== undefined);
  }
}
