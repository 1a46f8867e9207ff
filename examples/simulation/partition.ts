/**
 * Two hosts, one stream, and a line that breaks: for 5 s, which nobody notices, and for a minute, which ends the connection.
 * Two minutes of it, in virtual time; the same seed prints the same lines.
 *
 *   npm run example examples/simulation/partition.ts
 */
import { filter, map } from 'rxjs';
import { lines, serve, type Host, type Stream } from 'rx-libp2p';
import { simulateNetwork, type Link } from 'rx-libp2p/testing';

const SHOUT = '/shout/1.0.0';

const net = simulateNetwork({ seed: 7, link: { latencyMs: 40, jitterMs: 10 } });
const [alice, bob] = [await net.createHost(), await net.createHost()];
bob
  .handle(SHOUT)
  .pipe(
    serve((stream) =>
      stream.writeFrom(
        stream.pipe(
          lines({ maxBytes: 1_000 }),
          map((line) => new TextEncoder().encode(`${line.toUpperCase()}!\n`)),
        ),
      ),
    ),
  )
  .subscribe();
tell('alice', alice);
tell('bob', bob);

await hear(await shout('hello'));
say('── the line breaks for 5 s');
line({ up: false });
const waiting = await shout('are you there');
await net.advance(5_000);
line({ up: true });
await hear(waiting);
await net.advance(1_000);
say('── the line breaks for 60 s');
line({ up: false });
await net.advance(60_000);
say('── and is whole again');
line({ up: true });
await hear(await shout('back'));
await net.advance(1_000);

function line(change: Link): void {
  net.link(alice, bob, change);
  net.link(bob, alice, change);
}

/** Opens a stream, on a new connection if there is none, and asks without waiting. */
async function shout(text: string): Promise<Stream> {
  const stream = await net.runUntil(alice.newStream(bob.addrs, SHOUT, { lazy: true }));
  say(`alice says "${text}"`);
  stream.next(new TextEncoder().encode(`${text}\n`));
  stream.complete();
  return stream;
}

async function hear(stream: Stream): Promise<void> {
  say(`alice hears "${await net.runUntil(stream.pipe(lines({ maxBytes: 1_000 })))}"`);
}

function tell(name: string, host: Host): void {
  host.event$
    .pipe(
      filter(({ type }) => type.startsWith('connection:') || type.startsWith('peer:')),
      map(
        (event) => `${name} ${event.type}${'code' in event && event.code ? ` (${String(event.code)})` : ''}`,
      ),
    )
    .subscribe(say);
}

function say(what: string): void {
  console.log(`${(net.now() / 1000).toFixed(2).padStart(7)} s  ${what}`);
}
