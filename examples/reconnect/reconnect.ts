/**
 * A feed that outlives its connections, by RxJS's own `retry` and `repeat`. A server ticks once a second, four times a stream;
 * its line breaks, and it restarts. Whoever subscribed to the feed sees ticks, and nothing else.
 *
 * All of it is in virtual time: two minutes take a moment, and the same seed prints the same lines.
 *
 *   npm run example examples/reconnect/reconnect.ts
 */
import { interval, map, repeat, retry, take, timer, type Observable } from 'rxjs';
import { DialError, generateKey, lines, serve, withStream, type Host, type Target } from 'rx-libp2p';
import { seededRandom, simulateNetwork } from 'rx-libp2p/testing';

const TICKS = '/example-ticks/1.0.0';
const MAX_WAIT_MS = 30_000;
const PAUSE_MS = 3_000;

const net = simulateNetwork({ seed: 3, link: { latencyMs: 20 } });
const { scheduler } = net;

/** Never errors, and ends only when it is unsubscribed. */
function feed(host: Host, target: Target): Observable<string> {
  return host.newStream(target, TICKS, { timeoutMs: 10_000 }).pipe(
    withStream((stream) => stream.pipe(lines({ maxBytes: 64 }))),
    // It failed. The first value after that makes the waits short again.
    retry({ delay: backOff, resetOnSuccess: true }),
    // It ended in order: there is no more for now.
    repeat({ delay: () => timer(PAUSE_MS, scheduler) }),
  );
}

/** 1, 2, 4 … 30 s; and not before the peer's addresses may be dialed again, since that would fail at once. */
function backOff(error: unknown, failures: number): Observable<number> {
  const mayDialAfterMs = error instanceof DialError ? (error.retryAfterMs ?? 0) : 0;
  const waitMs = Math.max(Math.min(1_000 * 2 ** (failures - 1), MAX_WAIT_MS), mayDialAfterMs);
  say(
    `${String(error instanceof Error && error.message.split('\n')[0])}; again in ${(waitMs / 1000).toFixed(1)} s`,
  );
  return timer(waitMs, scheduler);
}

/** Always the same peer at the same place, whatever becomes of it in between. */
async function startServer(): Promise<Host> {
  const privateKey = generateKey('Ed25519', { random: seededRandom(1) });
  const server = await net.createHost({ privateKey, listen: ['/memory/7'] });
  const ticks$ = interval(1_000, scheduler).pipe(
    take(4),
    map((tick) => new TextEncoder().encode(`tick ${String(tick + 1)}\n`)),
  );
  server
    .handle(TICKS)
    .pipe(serve((stream) => stream.writeFrom(ticks$)))
    .subscribe();
  return server;
}

function say(what: string): void {
  console.log(`${(net.now() / 1000).toFixed(1).padStart(6)} s  ${what}`);
}

const server = await startServer();
const client = await net.createHost();
const following = feed(client, server.addrs).subscribe(say);

await net.advance(16_000);
say('── the line breaks');
net.link(client, server, { blackHole: true });
net.link(server, client, { blackHole: true });
await net.advance(60_000);
say('── and is whole again');
net.link(client, server, { blackHole: false });
net.link(server, client, { blackHole: false });
await net.advance(30_000);
say('── the server stops');
await net.runUntil(server.stop());
await net.advance(10_000);
say('── and starts again');
await startServer();
await net.advance(15_000);
following.unsubscribe();
