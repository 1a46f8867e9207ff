/**
 * Request and response: one stream a call, one length-prefixed protobuf message each way. The messages are generated from
 * messages.proto by `npm run proto`.
 *
 *   npm run example examples/rpc/rpc.ts
 */
import { first, firstValueFrom, forkJoin, map, merge, of, retry, timer, type Observable } from 'rxjs';
import { createHost, lengthPrefixed, serve, withLengthPrefix, withStream } from 'rx-libp2p';
import type { Host, Target } from 'rx-libp2p';
import { Request, Response } from './generated/messages.js';

const COUNT = '/example-count/1.0.0';
const MAX_BYTES = 64 * 1024;

/** Answers every request on a stream, one after the other; whoever sends faster than we count waits. */
function serveCounts(host: Host): Observable<never> {
  return host.handle(COUNT, { maxInboundStreams: 64 }).pipe(
    serve((stream) =>
      stream.writeFrom(
        stream.pipe(
          lengthPrefixed({ maxBytes: MAX_BYTES }),
          map((bytes) => Response.encode(answer(Request.decode(bytes)))),
          withLengthPrefix(),
        ),
      ),
    ),
  );
}

function answer({ text }: Request): Response {
  if (text === '') return { words: 0, letters: 0, error: 'there is no text' };
  return { words: text.trim().split(/\s+/).length, letters: text.replace(/\P{L}/gu, '').length, error: '' };
}

/** Emits the answer and completes. Nothing happens before somebody subscribes; unsubscribing gives the call up. */
function count(host: Host, target: Target, text: string): Observable<Response> {
  const request$ = of(Request.encode({ text })).pipe(withLengthPrefix());
  return host.newStream(target, COUNT, { timeoutMs: 5_000 }).pipe(
    withStream((stream) =>
      merge(stream.writeFrom(request$), stream.pipe(lengthPrefixed({ maxBytes: MAX_BYTES }))).pipe(
        first(),
        map((bytes) => Response.decode(bytes)),
      ),
    ),
    retry({ count: 3, delay: (_, failures) => timer(100 * 2 ** failures) }),
  );
}

await using server = await createHost({ listen: ['/ip4/127.0.0.1/tcp/0'] });
await using client = await createHost({ listen: [] });
serveCounts(server).subscribe();

const texts = ['to be or not to be', 'that is the question', ''];
const answers = await firstValueFrom(forkJoin(texts.map((text) => count(client, server.addrs, text))));
for (const [at, { words, letters, error }] of answers.entries())
  console.log(`"${texts[at] ?? ''}": ${error || `${String(words)} words, ${String(letters)} letters`}`);
