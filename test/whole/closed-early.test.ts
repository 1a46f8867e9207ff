import { of, toArray } from 'rxjs';
import { ofType, serve, withStream, type Host, type HostEvent, type Stream } from '../../src/index.js';
import { simulateNetwork, type SimulatedNetwork } from '../../src/testing.js';

const ECHO = '/echo/1.0.0';

async function world(): Promise<{ net: SimulatedNetwork; client: Host; server: Host; told: string[] }> {
  const net = simulateNetwork({ seed: 1, link: { latencyMs: 50 } });
  const [client, server] = [await net.createHost(), await net.createHost()];
  const told: string[] = [];
  server
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  await net.runUntil(client.dial(server.addrs));
  await net.advance(1_000);
  const tell = (who: string) => (event: HostEvent & { type: 'stream:close' | 'handler:error' }) => {
    if (event.protocol === ECHO) told.push(`${who} ${event.type} ${String(event.code ?? 'in order')}`);
  };
  client.event$.pipe(ofType('stream:close', 'handler:error')).subscribe(tell('client'));
  server.event$.pipe(ofType('stream:close', 'handler:error')).subscribe(tell('server'));
  return { net, client, server, told };
}

/** What a lazily selected stream is done to before its answer can have come. */
const endings: Readonly<Record<string, (stream: Stream) => void>> = {
  close: (stream) => {
    stream.close();
  },
  'complete, then close': (stream) => {
    stream.complete();
    stream.close();
  },
  'write, then close': (stream) => {
    stream.next(new Uint8Array(10));
    stream.close();
  },
};

it.each(Object.entries(endings))(
  'a lazy stream that is closed before its answer ends in order within two round trips: %s (api 4: close)',
  async (_, end) => {
    const { net, client, server, told } = await world();
    end(await net.runUntil(client.newStream(server.addrs, ECHO, { lazy: true })));
    await net.advance(200);
    expect(told.sort()).toEqual(['client stream:close in order', 'server stream:close in order']);
  },
);

it('a reader of a lazy stream that is closed before its answer completes without a byte of it (api 4: close)', async () => {
  const { net, client, server } = await world();
  const stream = await net.runUntil(client.newStream(server.addrs, ECHO, { lazy: true }));
  stream.next(new Uint8Array(10));
  const read = net.runUntil(stream.pipe(toArray()));
  stream.close();
  expect(await read).toEqual([]);
  await net.advance(1_000);
  expect(stream.bytesRead).toBe(0);
});

it('withStream that has nothing to wait for leaves no stream behind (api 4: ownership)', async () => {
  const { net, client, server, told } = await world();
  client
    .newStream(server.addrs, ECHO)
    .pipe(withStream((stream) => stream.writeFrom(of(new Uint8Array(1)))))
    .subscribe();
  await net.advance(200);
  expect(told.sort()).toEqual(['client stream:close in order', 'server stream:close in order']);
});
