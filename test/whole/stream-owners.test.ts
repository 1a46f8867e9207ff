import { EMPTY, firstValueFrom, NEVER, Observable, of, type Subscription } from 'rxjs';
import { serve, type Stream } from '../../src/index.js';
import { twoHosts, type TwoHosts } from '../support/two-hosts.js';

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);

let { net, b, events, open } = {} as TwoHosts;
beforeEach(async () => {
  ({ net, b, events, open } = await twoHosts());
});

describe('a sink of somebody else’s that throws', () => {
  it.each([
    ['at bytes', 'next'],
    ['at the end', 'complete'],
    ['at a reset', 'error'],
  ] as const)('%s fails its pipe, and no connection', async (_, bad) => {
    const sink = { next: () => undefined, complete: () => undefined, error: () => undefined };
    sink[bad] = () => {
      throw new Error('a bad sink');
    };
    b.handle('/pipe')
      .pipe(serve((stream) => stream.pipeTo({ sink, room$: of(true) })))
      .subscribe();
    const [piped, other] = [await open('/pipe'), await open('/pipe')];
    if (bad === 'next') piped.next(text('x'));
    if (bad === 'complete') piped.complete();
    if (bad === 'error') piped.error(new Error('a reset'));
    await net.advance(100);
    expect(events.filter(({ type }) => type === 'handler:error')).toHaveLength(1);
    let closed = false;
    other.closed$.subscribe(() => (closed = true));
    expect([b.connections.length, closed]).toEqual([1, false]);
  });
});

describe('a handler', () => {
  it('that makes its own source leave is left as well, and its stream is reset', async () => {
    let left = false;
    const serving: Subscription = b
      .handle('/leave')
      .pipe(
        serve(
          () =>
            new Observable(() => {
              serving.unsubscribe();
              return () => {
                left = true;
              };
            }),
        ),
      )
      .subscribe();
    await expect(open('/leave')).rejects.toMatchObject({ code: 'ERR_STREAM_RESET', fault: 'remote' });
    expect([left, b.connections.length]).toEqual([true, 1]);
  });

  it('that is done at once closes its stream, and the source completes behind the last of them', async () => {
    let completed = false;
    const stop$ = new Observable<Stream>((subscriber) => {
      b.handle('/once').subscribe((stream) => {
        subscriber.next(stream);
        subscriber.complete();
      });
    });
    stop$.pipe(serve(() => EMPTY)).subscribe({ complete: () => (completed = true) });
    const stream = await open('/once');
    stream.complete();
    expect((await net.runUntil(firstValueFrom(stream.closed$))).error).toBeUndefined();
    expect(completed).toBe(true);
  });

  it('that goes on is reset when nobody serves any more', async () => {
    const serving = b
      .handle('/on')
      .pipe(serve(() => NEVER))
      .subscribe();
    const stream = await open('/on');
    serving.unsubscribe();
    expect((await net.runUntil(firstValueFrom(stream.closed$))).by).toBe('remote');
  });
});
