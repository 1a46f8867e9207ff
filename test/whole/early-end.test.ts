import type { Stream } from '../../src/index.js';
import { serve } from '../../src/index.js';
import { takesEarlyEnd } from '../../src/services/early-end.js';
import { simulateNetwork } from '../../src/testing.js';

const LATENCY_MS = 100;
const ECHO = '/echo/1.0.0';
const hello = new TextEncoder().encode('hello\n');

/** How long after it was opened a stream is over on both sides that was written to and ended at once, in ms; and what came back. */
async function lifetime(userAgent: string, end: (stream: Stream) => void) {
  const net = simulateNetwork({ seed: 1, link: { latencyMs: LATENCY_MS } });
  const [a, b] = [await net.createHost(), await net.createHost({ userAgent })];
  b.handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  const connection = await net.runUntil(a.dial(b.addrs));
  await net.runUntil(a.services.identify.identify(b.peerId));
  const startedAt = net.now();
  let bytes = 0;
  const over = new Promise<void>((resolve, reject) => {
    connection.newStream(ECHO).subscribe({
      next: (stream) => {
        stream.next(hello);
        end(stream);
        stream.subscribe({ next: (chunk) => (bytes += chunk.byteLength), error: reject });
        stream.closed$.subscribe({ complete: resolve });
      },
      error: reject,
    });
  });
  await net.runUntil(over);
  return { ms: net.now() - startedAt, bytes };
}
const half = (stream: Stream): void => {
  stream.complete();
};
const whole = (stream: Stream): void => {
  stream.close();
};

describe('the end of a stream that was opened lazily', () => {
  it('leaves with the proposal where the remote is known to take that: all is over in one round trip', async () => {
    expect(await lifetime('rx-libp2p/0.1.0', half)).toEqual({ ms: 2 * LATENCY_MS, bytes: hello.byteLength });
  });

  it.each(['js-libp2p/3.3.11 node/20.20.2', 'bert/2.0'])(
    'waits for the answer of %s, which may be a js-libp2p and miss it',
    async (userAgent) => {
      expect(await lifetime(userAgent, half)).toEqual({ ms: 4 * LATENCY_MS, bytes: hello.byteLength });
    },
  );

  it.each(['rx-libp2p/0.1.0', 'js-libp2p/3.3.11'])(
    'comes as well where nothing is to be read any more, of %s',
    async (userAgent) => {
      const { ms, bytes } = await lifetime(userAgent, whole);
      expect([ms <= 4 * LATENCY_MS, bytes]).toEqual([true, 0]);
    },
  );
});

describe('who takes an early end', () => {
  it.each([
    ['rx-libp2p/0.1.0', true],
    ['go-libp2p/0.51.0', true],
    ['kubo/0.38.0/abcdef', true],
    ['github.com/libp2p/go-libp2p', true],
    ['rust-libp2p/0.57.0', true],
    ['js-libp2p/3.3.11 node/20.20.2', false],
    ['helia/6.0.0 libp2p/3.1.0', false],
    ['rx-libp2p-like/1', false],
    ['not rx-libp2p/0.1.0', false],
    ['', false],
  ])('%j: %p', (agent, expected) => {
    expect(takesEarlyEnd(agent)).toBe(expected);
  });
});
