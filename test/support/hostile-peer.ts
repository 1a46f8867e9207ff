/** A host in virtual time, and peers that are driven by hand: they speak as far as they are told to, and not as they should. */
import { firstValueFrom, Subscription } from 'rxjs';
import {
  createHost,
  memory,
  noise,
  yamux,
  type Host,
  type HostEvent,
  type ServiceMap,
} from '../../src/index.js';
import { upgradeOutbound } from '../../src/connection/upgrade.js';
import { NO_SERVICES } from './no-services.js';
import { upgradedOnly } from './upgraded.js';
import { concatBytes } from '../../src/core/bytes.js';
import type { Bytes, Duplex } from '../../src/core/duplex.js';
import { codeOf } from '../../src/core/errors.js';
import { generateKey } from '../../src/core/keys.js';
import { parseMultiaddr } from '../../src/core/multiaddr.js';
import type { RawConnection, TransportPart } from '../../src/core/parts.js';
import { afterMicrotasks } from '../../src/platform/macrotask.js';
import { encodeToken, HEADER } from '../../src/protocols/multistream/codec.js';
import { decodeHeader, encodeHeader, FLAG, HEADER_BYTES, TYPE } from '../../src/protocols/yamux/frame.js';
import { seededRandom } from '../../src/testing.js';
import { VirtualClock } from '../../src/testing/virtual-clock.js';
import { createMemoryNetwork } from '../../src/transports/memory.js';

export interface Bench {
  readonly clock: VirtualClock;
  readonly host: Host;
  readonly events: HostEvent[];
  /** Moves time, letting whoever awaits go on. */
  advance(ms?: number): Promise<void>;
  /** A channel to the host on which nothing has been said. */
  knock(): Promise<HandDriven>;
  /** A peer whose upgrade is done: yamux frames are next. */
  connect(): Promise<YamuxPeer>;
}

export async function hostBench(
  more: readonly TransportPart[] = [],
  services: ServiceMap = NO_SERVICES,
): Promise<Bench> {
  const clock = new VirtualClock();
  const network = createMemoryNetwork();
  const events: HostEvent[] = [];
  const host = await createHost({
    scheduler: clock,
    random: seededRandom('host'),
    transports: [memory({ network }), ...more],
    security: [noise()],
    muxers: [yamux()],
    listen: ['/memory/1'],
    services,
    events: { next: (event) => events.push(event) },
  });
  const advance = async (ms = 0): Promise<void> => {
    const end = clock.now() + ms;
    await microtasks();
    while ((clock.nextAt ?? Infinity) <= end) {
      clock.step();
      await microtasks();
    }
    clock.moveTo(end);
  };
  const context = { scheduler: clock, random: seededRandom('peer'), privateKey: generateKey() };
  const transport = memory({ network }).create(context);
  const raw = async (): Promise<RawConnection> => {
    const dialed = firstValueFrom(transport.dial(parseMultiaddr('/memory/1')));
    await advance();
    return dialed;
  };
  return {
    clock,
    host,
    events,
    advance,
    knock: async () => new HandDriven((await raw()).duplex),
    connect: async () => {
      const parts = { security: [noise().create(context)], muxers: [yamux().create(context)] };
      const upgraded = firstValueFrom(upgradeOutbound(await raw(), host.peerId, parts).pipe(upgradedOnly()));
      await advance();
      const { duplex, raw: below } = await upgraded;
      return new YamuxPeer(duplex, below.duplex);
    },
  };
}

function microtasks(): Promise<void> {
  return new Promise(afterMicrotasks);
}

/** One end of a channel: what is said there, and what has been heard. */
export class HandDriven {
  /** How the channel ended: `complete`, or the code of an error. */
  ended: string | undefined;
  protected heard: Bytes = new Uint8Array(0);
  private readonly reading = new Subscription();

  constructor(readonly duplex: Duplex) {
    this.reading.add(
      duplex.read().subscribe({
        next: (bytes) => (this.heard = concatBytes(this.heard, bytes)),
        error: (error: unknown) => (this.ended = codeOf(error)),
        complete: () => (this.ended = 'complete'),
      }),
    );
  }

  get bytes(): Bytes {
    return this.heard;
  }

  say(...pieces: readonly Uint8Array[]): void {
    this.duplex.sink.next(concatBytes(...pieces));
  }
}

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** What the header says; the body's length for data. */
  readonly length: number;
  readonly body: Bytes;
}

export class YamuxPeer extends HandDriven {
  constructor(
    duplex: Duplex,
    /** The channel below the secured one. */
    readonly below: Duplex,
  ) {
    super(duplex);
  }

  /** Whole frames that the host has sent. */
  get frames(): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const header = decodeHeader(this.heard, at);
      if (header === undefined) return frames;
      const start = at + HEADER_BYTES;
      at = start + (header.type === TYPE.data ? header.length : 0);
      frames.push({ ...header, body: this.heard.subarray(start, at) });
    }
  }

  /** What the host wrote into one of our streams. */
  answerOn(streamId: number): string {
    const bodies = this.frames.filter((frame) => frame.type === TYPE.data && frame.streamId === streamId);
    return Buffer.concat(bodies.map(({ body }) => body)).toString();
  }

  /** The code with which the host has reset one of our streams. */
  resetOf(streamId: number): number | undefined {
    const isReset = ({ flags, streamId: id }: Frame): boolean => id === streamId && (flags & FLAG.rst) !== 0;
    return this.frames.find(isReset)?.length;
  }

  /** Credit that the host gave to one of our streams, beside resets. */
  creditOf(streamId: number): number {
    return this.frames
      .filter(
        ({ type, flags, streamId: id }) => type === TYPE.windowUpdate && id === streamId && flags < FLAG.rst,
      )
      .reduce((sum, { length }) => sum + length, 0);
  }
}

export function dataFrame(streamId: number, body: Uint8Array, flags = 0): Bytes {
  return concatBytes(frameHeader(TYPE.data, flags, streamId, body.byteLength), body);
}

export function frameHeader(type: number, flags: number, streamId: number, length: number): Bytes {
  const header = new Uint8Array(HEADER_BYTES);
  encodeHeader(header, 0, { type, flags, streamId, length });
  return header;
}

/** A stream opened with these bytes in it. */
export function opening(streamId: number, ...bytes: readonly Uint8Array[]): Bytes {
  return dataFrame(streamId, concatBytes(...bytes), FLAG.syn);
}

export function tokens(...texts: readonly string[]): Bytes {
  return concatBytes(...[HEADER, ...texts].map(encodeToken));
}
