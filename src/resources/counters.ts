/** What one scope has and may have. Decisions only; every connection and stream asks several of them (RM-5). */
import type { Direction, ScopeLimits, ScopeStat } from '../core/limits-contract.js';

/** Every limit of a scope, as a number; `Infinity` where there is none. */
export type Limits = { readonly [K in keyof ScopeLimits]-?: number };
export type LimitName = keyof Limits;

/** Of a memory limit, what may be in use for something that can be done without. @source go-yamux v5: window growth at priority 128 (RM-12) */
const GROWTH_SHARE = (1 + 128) / 256;

/** Who has a name only when somebody asks. */
export interface Named {
  readonly name: string;
}
/** Where counters are forgotten once nobody uses them (RM-11). */
export interface Keeper {
  forget(key: string | undefined): void;
}

/** One class for all scopes: what a stream asks of six of them is then as fast as asking one. */
export class Counters implements ScopeStat {
  memoryBytes = 0;
  inboundConnections = 0;
  outboundConnections = 0;
  inboundStreams = 0;
  outboundStreams = 0;
  descriptors = 0;

  constructor(
    private readonly label: string | Named,
    readonly limits: Limits,
    private readonly keeper?: Keeper,
    /** What the keeper knows them by. */
    private readonly key?: string,
  ) {}

  get name(): string {
    return typeof this.label === 'string' ? this.label : this.label.name;
  }

  /** The limit that one more stream would exceed. */
  streamLimit(direction: Direction): LimitName | undefined {
    const { limits, inboundStreams, outboundStreams } = this;
    if (direction === 'inbound') {
      if (inboundStreams >= limits.inboundStreams) return 'inboundStreams';
    } else if (outboundStreams >= limits.outboundStreams) return 'outboundStreams';
    return inboundStreams + outboundStreams >= limits.streams ? 'streams' : undefined;
  }

  /** The limit that one more connection would exceed. */
  connectionLimit(direction: Direction, usesDescriptor: boolean): LimitName | undefined {
    const { limits, inboundConnections, outboundConnections, descriptors } = this;
    if (direction === 'inbound') {
      if (inboundConnections >= limits.inboundConnections) return 'inboundConnections';
    } else if (outboundConnections >= limits.outboundConnections) return 'outboundConnections';
    if (inboundConnections + outboundConnections >= limits.connections) return 'connections';
    return usesDescriptor && descriptors >= limits.descriptors ? 'descriptors' : undefined;
  }

  /** Whether so much more memory is not to be had. */
  lacksMemory(byteLength: number): boolean {
    return this.memoryBytes + byteLength > this.limits.memoryBytes;
  }

  /** Whether so much more would leave too little to those who cannot do without. */
  lacksSpareMemory(byteLength: number): boolean {
    return this.memoryBytes + byteLength > this.limits.memoryBytes * GROWTH_SHARE;
  }

  countStream(direction: Direction, by: 1 | -1): void {
    if (direction === 'inbound') this.inboundStreams += by;
    else this.outboundStreams += by;
  }

  countConnection(direction: Direction, usesDescriptor: boolean, by: 1 | -1): void {
    if (direction === 'inbound') this.inboundConnections += by;
    else this.outboundConnections += by;
    if (usesDescriptor) this.descriptors += by;
  }

  /** Something was given back: a scope that is kept by name while it is used may be forgotten. */
  settle(): void {
    if (this.keeper === undefined) return;
    const { inboundConnections, outboundConnections, inboundStreams, outboundStreams } = this;
    const users = inboundConnections + outboundConnections + inboundStreams + outboundStreams;
    if (users === 0) this.keeper.forget(this.key);
  }

  stat(): ScopeStat {
    const { memoryBytes, inboundConnections, outboundConnections, inboundStreams, outboundStreams } = this;
    const { descriptors } = this;
    return {
      memoryBytes,
      inboundConnections,
      outboundConnections,
      inboundStreams,
      outboundStreams,
      descriptors,
    };
  }
}
