/** What a suite asks of a transport's bare channels: below a muxer, nothing else would show whether they hold back. */
import { Subscription } from 'rxjs';
import type { Multiaddr } from '@multiformats/multiaddr';
import { utf8 } from '../../core/bytes.js';
import { codeOf } from '../../core/errors.js';
import { parseMultiaddr } from '../../core/multiaddr.js';
import type { RawConnection, Transport } from '../../core/parts.js';
import { blocks, Checksum, hear, mustMatch, send } from './bytes.js';
import type { TransportBench } from './transport-bench.js';
import type { TransportCheck } from './transport-connections.js';
import { done, first, hasCode, must } from './waiting.js';

/** What no transport for channels takes: another's, or nothing at all. */
const FOREIGN = [
  '/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5',
  '/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5/p2p-circuit',
  '/ip4/127.0.0.1/udp/4001/webrtc-direct',
];

const GREETING = '\x13/multistream/1.0.0\n';

interface Ends {
  readonly near: RawConnection;
  readonly far: RawConnection;
  /** Ends the listening. */
  readonly leave: () => void;
}
async function ends(bench: TransportBench): Promise<Ends> {
  const transport = bench.transport();
  const inbound: RawConnection[] = [];
  const { addrs, leave } = await bound(bench, transport, inbound);
  bench.afterwards(leave);
  const [addr] = addrs;
  must(addr !== undefined, 'bound, and no address');
  const near = await bench.within(first(transport.dial(addr)), 'no channel');
  // Some layer reads and writes at once, and no transport may mind.
  await bench.until(() => inbound.length > 0, 'the listener has no channel');
  const [far] = inbound;
  must(far !== undefined, 'the channel is gone');
  await greet(bench, near, far);
  bench.afterwards(() => {
    for (const { duplex } of [near, far]) duplex.sink.error(new Error('the check is over'));
  });
  return { near, far, leave };
}

/** The first bytes of every channel: a transport may go by them. @source multistream-select 1.0 */
async function greet(bench: TransportBench, near: RawConnection, far: RawConnection): Promise<void> {
  let came = 0;
  const reading = far.duplex.read().subscribe({
    next: ({ byteLength }) => {
      came += byteLength;
    },
    error: () => undefined,
  });
  near.duplex.sink.next(utf8(GREETING));
  await bench.until(() => came === GREETING.length, 'the first bytes have not come');
  reading.unsubscribe();
}

interface Bound {
  readonly addrs: readonly Multiaddr[];
  readonly leave: () => void;
}
function bound(bench: TransportBench, transport: Transport, inbound: RawConnection[]): Promise<Bound> {
  return new Promise((resolve, reject) => {
    const listening = new Subscription();
    listening.add(
      transport.listen(parseMultiaddr(bench.place)).subscribe({
        next: (event) => {
          if (event.type === 'listening')
            resolve({
              addrs: event.addrs,
              leave: () => {
                listening.unsubscribe();
              },
            });
          if (event.type === 'inbound') inbound.push(event.connection);
        },
        error: reject,
      }),
    );
  });
}

/** The channel by itself: {@link TransportCheck}s without a host. */
export const channelChecks: Readonly<Record<string, TransportCheck>> = {
  'a channel: ends where the other side has ended, behind its last byte': async (bench) => {
    for (const ending of ['near', 'far'] as const) {
      const { near, far } = await ends(bench);
      const [from, to] = ending === 'near' ? [near, far] : [far, near];
      const heard = hear(to.duplex);
      const sum = new Checksum();
      from.duplex.read().subscribe({ error: () => undefined });
      await done(send(from.duplex, blocks(300_000, 10, sum)));
      await mustMatch(heard, sum, `from the ${ending} end`, bench.settings.timeoutMs);
    }
  },

  'a channel: is an error at the other end when it is destroyed, never an end': async (bench) => {
    for (const destroying of ['near', 'far'] as const) {
      const { near, far } = await ends(bench);
      const [from, to] = destroying === 'near' ? [near, far] : [far, near];
      const heard = hear(to.duplex);
      from.duplex.sink.next(new Uint8Array([1]));
      await bench.until(() => heard.sum.byteLength === 1, 'a byte has not come');
      from.duplex.sink.error(new Error('the suite destroys it'));
      const end = await bench.within(heard.end, 'destroyed, and the other end does not hear of it');
      must(hasCode(end), `destroyed, and the other end hears ${String(end)}`);
    }
  },

  'a channel: has no room while the other end reads nothing, and loses nothing': async (bench) => {
    const { heldChannelBytes, timeoutMs } = bench.settings;
    const { near, far } = await ends(bench);
    const sum = new Checksum();
    const written = done(send(near.duplex, blocks(2 * heldChannelBytes, 11, sum)));
    // Behind the first bytes: what a channel does before it is read is its handshake's business.
    const came = new Checksum();
    came.add(await bench.within(first(far.duplex.read()), 'nothing comes'));
    const what = `more than ${String(heldChannelBytes)} bytes went to an end that reads none`;
    await bench.standsStill(() => sum.byteLength, heldChannelBytes, what);
    const heard = hear(far.duplex, undefined, came);
    await bench.within(written, 'the writer did not go on when the other end did', timeoutMs);
    await mustMatch(heard, sum, 'after the stall', timeoutMs);
  },

  'a channel: is left alone by a listener that leaves, and by a dial that is over': async (bench) => {
    const { near, far, leave } = await ends(bench);
    leave();
    const heard = hear(far.duplex);
    near.duplex.sink.next(new Uint8Array(5));
    await bench.until(() => heard.sum.byteLength === 5, 'nothing comes when the listener has left');
  },

  'a channel: is for its own addresses, and refuses others by name': async (bench) => {
    const transport = bench.transport();
    for (const text of FOREIGN) {
      const addr = parseMultiaddr(text);
      must(!transport.canDial(addr), `says that it dials ${text}`);
      must(!transport.canListen(addr), `says that it listens on ${text}`);
      const works = [() => first(transport.dial(addr)), () => first(transport.listen(addr))];
      for (const work of works) {
        const error = await bench.failureOf(work(), `takes ${text}`);
        must(
          codeOf(error) === 'ERR_ADDR_UNSUPPORTED',
          `refuses ${text} with ${String(error)}, which is no ERR_ADDR_UNSUPPORTED`,
        );
      }
    }
  },
};
