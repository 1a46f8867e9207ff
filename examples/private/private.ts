/** Two hosts of a private network, and a third that has no key: `tsx --conditions=rx-libp2p-source examples/private/private.ts`. */
import { lastValueFrom, merge, of, tap, toArray } from 'rxjs';
import { createHost, serve, withStream, type Host } from 'rx-libp2p';
import { pskFile, pskFingerprint } from 'rx-libp2p/pnet';

const ECHO = '/echo/1.0.0';

export async function talk(say: (line: string) => void): Promise<void> {
  const psk = pskFile((byteLength) => crypto.getRandomValues(new Uint8Array(byteLength)));
  const listen = ['/ip4/127.0.0.1/tcp/0'];
  const [server, member, stranger] = await Promise.all([
    createHost({ listen, psk }),
    createHost({ listen: [], psk }),
    createHost({ listen: [] }),
  ]);
  server
    .handle(ECHO)
    .pipe(serve((stream) => stream.pipeTo(stream)))
    .subscribe();
  say(`in the private network ${pskFingerprint(psk)}`);
  for (const [name, from] of [
    ['member', member],
    ['stranger', stranger],
  ] as const) {
    const answer = await echo(from, server).catch(
      (error: unknown) => (error as Error).message.split('\n')[0],
    );
    say(`${name}: ${answer ?? ''}`);
  }
  await Promise.all([server, member, stranger].map((host) => host.stop()));
}

function echo(from: Host, to: Host): Promise<string> {
  const stream$ = from.newStream(to.addrs, ECHO).pipe(
    withStream((stream) => {
      const end = {
        complete: () => {
          stream.complete();
        },
      };
      return merge(stream.writeFrom(of(new TextEncoder().encode('hello'))).pipe(tap(end)), stream);
    }),
    toArray(),
  );
  return lastValueFrom(stream$).then((chunks) => Buffer.concat(chunks).toString());
}

if (process.argv[1]?.endsWith('private.ts') === true) await talk(console.log);
